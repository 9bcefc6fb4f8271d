// What the caller has called this month, and what applies to the caller. authorized makes a call as the user who is signed in.
import { $, fill, guarded, row, time } from "./page.js";
import { keyName } from "./keys.js";

let authorized;
const columns = [["requests", "Calls"], ["units", "Units"], ["client_errors", "Client errors"], ["server_errors", "Server errors"],
  ["rate_limited", "Over the limit"], ["bytes_in", "Bytes in"], ["bytes_out", "Bytes out"]];

export async function showUsage() {
  const byKey = $("usage-by").value === "key";
  const usage = await authorized("GET", `/users/me/usage${byKey ? "?group=key" : ""}`);
  const priced = usage.total.units !== usage.total.requests; // otherwise the units say nothing
  const shown = columns.filter(([member]) => priced || member !== "units");
  const sums = new Map();
  const days = new Map();
  for (const entry of usage.series) {
    const of = byKey ? entry.key_id : entry.route;
    const before = sums.get(of) ?? shown.map(() => 0);
    sums.set(of, before.map((sum, i) => sum + entry[shown[i][0]]));
    days.set(entry.start, (days.get(entry.start) ?? 0) + entry.requests);
  }
  $("usage").tHead.replaceChildren(row([byKey ? "API key" : "Route", ...shown.map(([, title]) => title)], "th"));
  const rows = [...sums].map(([of, counts]) => [byKey ? keyName(of) : of, ...counts.map((n) => n.toLocaleString())]);
  fill("usage", rows.sort().map((cells) => row(cells)));
  $("usage").hidden = $("bars").hidden = sums.size === 0;
  showDays(days);
  $("total").textContent = total(usage, priced);
}

function showDays(days) {
  const most = Math.max(1, ...days.values());
  $("bars").replaceChildren(...[...days].sort().map(([start, n]) => {
    const bar = document.createElement("span");
    bar.style.height = `${(100 * n) / most}%`;
    bar.title = `${start.slice(0, 10)}: ${n}`;
    return bar;
  }));
}

function total({ total: { requests, units }, quota }, priced) {
  const made = requests === 0 ? "No calls yet: a call is shown within two seconds" : requests === 1 ? "1 call" : `${requests.toLocaleString()} calls`;
  const cost = priced ? `, which cost ${units.toLocaleString()} units` : "";
  const left = quota.limit === null ? ""
    : `. ${quota.remaining.toLocaleString()} of ${quota.limit.toLocaleString()} left until ${time(quota.resets_at)}`;
  return `${made}${cost}${left}.`;
}

const periods = { month: "this month", day: "today (UTC)" };

export async function showLimits() {
  const { plan, quotas, rates, in_flight: open } = await authorized("GET", "/users/me/limits");
  $("plan").textContent = `Your plan is ${plan}.` + (open === null ? "" : ` You may have ${open.toLocaleString()} calls open at once.`);
  fill("quotas", quotas.map(({ name, limit, used, remaining, resets_at: resets }) =>
    row([periods[name] ?? name, ...[limit, used, remaining].map((n) => n.toLocaleString()), time(resets)])));
  fill("rates", rates.map(({ route, rate, burst }) => row([route === "*" ? "each other route" : route, rate, burst.toLocaleString()])));
  $("quotas").hidden = quotas.length === 0;
  $("rates").hidden = rates.length === 0;
  $("no-limits").hidden = quotas.length + rates.length > 0 || open !== null;
}

export function startUsage(call) {
  authorized = call;
  $("usage-by").addEventListener("change", guarded(showUsage));
}
