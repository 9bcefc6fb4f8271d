// Plans: what users may call.
import { $, button, el, hint, notice, part } from "../parts/dom.js";
import { controls, isChanged, openEdit } from "../parts/edit.js";
import { ask, field, input, openDialog, whole } from "../parts/form.js";
import { orNoLimit } from "../parts/format.js";
import { table } from "../parts/table.js";

export function showPlans(room) {
  const list = part({
    id: "plans-part", title: "All plans", load: () => allPlans(room), draw: (plans) => draw(view, plans),
    extra: el("p", {}, button("New plan", { id: "new-plan", class: "" }, () => newPlan(view))),
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
      { title: "Units a month", name: "month", number: true, sort: (plan) => plan.requests_per_month ?? Infinity, cell: (plan) => orNoLimit(plan.requests_per_month) },
      { title: "Units a day", name: "day", number: true, sort: (plan) => plan.requests_per_day ?? Infinity, cell: (plan) => orNoLimit(plan.requests_per_day) },
      { title: "Rates", cell: (plan) => plan.rates.map(rateText).join(", ") || "no limit" },
      { title: "Calls at once", number: true, cell: (plan) => orNoLimit(plan.in_flight) },
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

const optional = (id, name, value, min = 0) => input(id, { name, type: "number", min, max: Number.MAX_SAFE_INTEGER, step: 1, value });

const fields = [
  { id: "plan-month", label: "Units a month", name: "requests_per_month", of: (plan) => plan.requests_per_month, sent: () => whole("plan-month"),
    control: (value) => optional("plan-month", "requests_per_month", value), help: "Empty: no limit. A call costs one unit, unless its route says otherwise." },
  { id: "plan-day", label: "Units a day", name: "requests_per_day", of: (plan) => plan.requests_per_day, sent: () => whole("plan-day"),
    control: (value) => optional("plan-day", "requests_per_day", value), help: "Empty: no limit." },
  { id: "plan-rates", label: "Rates", name: "rates", of: (plan) => plan.rates.map(rateText).join("\n"), sent: () => readRates($("plan-rates").value),
    control: (value) => el("textarea", { id: "plan-rates", name: "rates", rows: 3, placeholder: "* 10/s 20", spellcheck: "false", value }),
    help: "One in each line: route, rate (per s, m or h), how many at once. The route * is each other route." },
  { id: "plan-open", label: "Calls at once", name: "in_flight", of: (plan) => plan.in_flight, sent: () => whole("plan-open"),
    control: (value) => optional("plan-open", "in_flight", value, 1), help: "Empty: no limit." },
];
const written = () => Object.fromEntries(fields.map(({ name, sent }) => [name, sent()]));

function newPlan(view) {
  openDialog({
    id: "plan-dialog", title: "New plan", yes: "Make the plan", content: [
      field("Name", input("plan-name", { name: "name", required: true, maxlength: 64, placeholder: "pro", spellcheck: "false" })),
      ...controls(fields, { rates: [] }),
    ],
    submit: async () => {
      const name = $("plan-name").value;
      try {
        await view.room.call("PUT", path(name), written(), { "If-None-Match": "*" });
      } catch (err) {
        throw isChanged(err) ? new Error(`There is a plan ${name} already. Take another name.`) : err;
      }
      return changed(view, `The plan ${name} is made.`);
    },
  });
}

// editPlan replaces what a plan allows: the call takes all of it. It does so only if nobody else has changed the plan meanwhile.
const editPlan = (view, { name }) => openEdit({
  id: "plan-dialog", title: `Change the plan ${name}`, yes: "Save", what: `the plan ${name}`, read: () => view.room.tagged(path(name)), fields,
  save: async (_, tag) => {
    await view.room.call("PUT", path(name), written(), { "If-Match": tag });
    return changed(view, `The plan ${name} is changed.`);
  },
});

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
