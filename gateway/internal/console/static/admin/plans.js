// Plans: what users may call.
import { $, button, el, hint, notice, part } from "../parts/dom.js";
import { ask, field, input, openDialog, whole } from "../parts/form.js";
import { orNone } from "../parts/format.js";
import { table } from "../parts/table.js";

export function showPlans(room) {
  const list = part({
    id: "plans-part", title: "All plans", load: () => allPlans(room), draw: (plans) => draw(view, plans),
    extra: el("p", {}, button("New plan", { id: "new-plan", class: "" }, () => editPlan(view, null))),
  });
  const view = { room, list };
  list.refresh();
  return list.section;
}

// allPlans returns the plans, of which there are few.
export async function allPlans(room) {
  const all = [];
  let cursor = "";
  do {
    const page = await room.call("GET", `/admin/plans?${new URLSearchParams({ limit: 1000, ...(cursor && { cursor }) })}`);
    all.push(...page.plans);
    cursor = page.next_cursor;
  } while (cursor);
  return all;
}

function draw(view, plans) {
  const actions = (plan) => el("span", { class: "buttons" },
    button("Change", { about: `Change the plan ${plan.name}` }, () => editPlan(view, plan)),
    plan.name !== "default" && button("Delete", { about: `Delete the plan ${plan.name}` }, () => deletePlan(view, plan)));
  return [table({
    id: "plans", caption: "Plans", room: view.room, items: plans, columns: [
      { title: "Name", name: "name", sort: (plan) => plan.name, cell: ({ name }) => name },
      { title: "Units a month", name: "month", number: true, sort: (plan) => plan.requests_per_month ?? Infinity, cell: (plan) => orNone(plan.requests_per_month) },
      { title: "Units a day", name: "day", number: true, sort: (plan) => plan.requests_per_day ?? Infinity, cell: (plan) => orNone(plan.requests_per_day) },
      { title: "Rates", cell: (plan) => plan.rates.map(rateText).join(", ") || "none" },
      { title: "Calls at once", number: true, cell: (plan) => orNone(plan.in_flight) },
      { title: "Actions", unseen: true, cell: actions },
    ],
  }), hint("Users without another plan have the plan default, which cannot be deleted. A change is in force at every gateway within a second.")];
}

const rateText = ({ route, rate, burst }) => `${route} ${rate} ${burst}`;

// readRates reads what rateText writes, one rate in each line. A rate without a burst has its own number.
function readRates(text) {
  return text.split(/[\n,]/).map((line) => line.trim()).filter(Boolean).map((line) => {
    const [route, rate = "", burst = parseInt(rate, 10), ...more] = line.split(/\s+/);
    if (!Number.isInteger(Number(burst)) || more.length) throw new Error(`"${line}" is not like: reports 60/m 20`);
    return { route, rate, burst: Number(burst) };
  });
}

const optional = (id, name, value, min = 0) => input(id, { name, type: "number", min, max: Number.MAX_SAFE_INTEGER, step: 1, value: value ?? "" });

// editPlan makes a plan, or replaces what it allows.
function editPlan(view, plan) {
  openDialog({
    id: "plan-dialog", title: plan ? `Change the plan ${plan.name}` : "New plan", yes: plan ? "Save" : "Make the plan", content: [
      field("Name", input("plan-name", { name: "name", required: true, maxlength: 64, placeholder: "pro", spellcheck: "false", value: plan?.name ?? "", readonly: Boolean(plan) })),
      field("Units a month", optional("plan-month", "requests_per_month", plan?.requests_per_month), "Empty: no limit. A call costs one unit, unless its route says otherwise."),
      field("Units a day", optional("plan-day", "requests_per_day", plan?.requests_per_day), "Empty: no limit."),
      field("Rates", el("textarea", { id: "plan-rates", name: "rates", rows: 3, placeholder: "* 10/s 20", spellcheck: "false", value: plan?.rates.map(rateText).join("\n") ?? "" }),
        "One in each line: route, rate (per s, m or h), how many at once. The route * is each other route."),
      field("Calls at once", optional("plan-open", "in_flight", plan?.in_flight, 1), "Empty: no limit."),
    ],
    submit: async () => {
      const name = $("plan-name").value;
      await view.room.call("PUT", path(name), {
        requests_per_month: whole("plan-month"), requests_per_day: whole("plan-day"), rates: readRates($("plan-rates").value), in_flight: whole("plan-open"),
      });
      return changed(view, plan ? `The plan ${name} is changed.` : `The plan ${name} is made.`);
    },
  });
}

const deletePlan = (view, { name }) => ask(`Delete the plan ${name}?`, "A plan that somebody has cannot be deleted.", "Delete", async () => {
  await view.room.call("DELETE", path(name));
  return changed(view, `The plan ${name} is deleted.`);
});

const path = (name) => `/admin/plans/${encodeURIComponent(name)}`;

async function changed(view, text) {
  await view.list.refresh();
  notice(text);
  return view.list.heading;
}
