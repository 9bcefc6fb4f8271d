// For administrators: plans. authorized makes a call as the user who is signed in.
import { $, ask, button, buttons, fill, notice, openDialog, orNone, row, whole } from "./page.js";

let authorized;

export async function showPlans() {
  const { plans, next_cursor: more } = await authorized("GET", "/admin/plans");
  $("more-plans").hidden = more === null;
  $("plan-names").replaceChildren(...plans.map(({ name }) => new Option(name)));
  fill("plans", plans.map((plan) => {
    const change = button("Change", `Change the plan ${plan.name}`, () => editPlan(plan));
    const remove = button("Delete", `Delete the plan ${plan.name}`, () => deletePlan(plan));
    return row([plan.name, orNone(plan.requests_per_month), orNone(plan.requests_per_day), plan.rates.map(rateText).join(", ") || "none",
      orNone(plan.in_flight), plan.name === "default" ? change : buttons(change, remove)]); // everybody has the plan default
  }));
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

// editPlan makes a plan, or replaces what it allows.
function editPlan(plan) {
  $("plan-title").textContent = plan ? `Change the plan ${plan.name}` : "New plan";
  $("plan-save").textContent = plan ? "Save" : "Make the plan";
  $("plan-name").value = plan?.name ?? "";
  $("plan-name").readOnly = Boolean(plan);
  $("plan-month").value = plan?.requests_per_month ?? "";
  $("plan-day").value = plan?.requests_per_day ?? "";
  $("plan-rates").value = plan?.rates.map(rateText).join("\n") ?? "";
  $("plan-open").value = plan?.in_flight ?? "";
  openDialog("plan-dialog", async () => {
    const name = $("plan-name").value;
    await authorized("PUT", path(name), {
      requests_per_month: whole($("plan-month")), requests_per_day: whole($("plan-day")),
      rates: readRates($("plan-rates").value), in_flight: whole($("plan-open")),
    });
    return changed(plan ? `The plan ${name} is changed.` : `The plan ${name} is made.`);
  });
}

function deletePlan({ name }) {
  ask(`Delete the plan ${name}?`, "Delete", async () => {
    await authorized("DELETE", path(name));
    return changed(`The plan ${name} is deleted.`);
  });
}

const path = (name) => `/admin/plans/${encodeURIComponent(name)}`;

async function changed(text) {
  await showPlans();
  notice(text);
  return $("plans-title");
}

export function startPlans(call) {
  authorized = call;
  $("new-plan").addEventListener("click", () => editPlan(null));
}
