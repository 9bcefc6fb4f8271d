// What the user has called, what limits the calls, and when a quota ends at this pace.
import { $, el, empty, hint, link, part } from "../parts/dom.js";
import { field, select } from "../parts/form.js";
import { number, share, span, utc } from "../parts/format.js";
import { chart, means, stack } from "../parts/chart.js";
import { lastDays } from "../parts/period.js";
import { periodPart } from "../parts/range.js";
import { table } from "../parts/table.js";
import { download, summed, usageTable } from "../parts/usage.js";

export function showOverview(room) {
  const usage = periodPart({ room, id: "usage-part", title: "Calls", load: (now) => loadUsage(room, now), draw: (loaded) => drawUsage(room, loaded) });
  const limits = part({ id: "limits", title: "Limits", load: () => loadLimits(room), draw: drawLimits });
  const refresh = () => Promise.all([limits.refresh(), usage.refresh()]);
  room.every(10, refresh);
  refresh();
  return [limits.section, usage.section];
}

const path = (query) => `/users/me/usage?${new URLSearchParams(query)}`;

async function loadUsage(room, now) {
  const query = { from: now.from, to: now.to, by: now.by, group: "key" };
  const route = room.params.get("route");
  if (route) query.route = route;
  const [usage, { keys }, pace] = await Promise.all([room.call("GET", path(query)), room.call("GET", "/users/me/keys"), loadPace(room)]);
  return { now, query, usage, pace, names: new Map(keys.map((key) => [key.key_id, key.name])) };
}

// loadPace returns the mean of the last full days, at most seven, since the account was made.
async function loadPace(room) {
  const days = Math.min(7, Math.floor((Date.now() - Date.parse(room.me.created_at)) / 86400000));
  if (days < 1) return null;
  const { total } = await room.call("GET", path({ ...lastDays(days), by: "day" }));
  return { days, requests: total.requests / days, units: total.units / days };
}

function drawUsage(room, { now, query, usage, pace, names }) {
  const byKey = room.params.get("group") === "key";
  const keyName = (id) => (id === null ? "signed in, without a key" : names.get(id) ?? `a revoked key (${id})`);
  const of = byKey ? (entry) => keyName(entry.key_id) : (entry) => entry.route;
  const bar = drawBar(room, now, query, usage);
  if (usage.series.length === 0) {
    return [bar, empty("no-calls", now.current ? "No calls yet. A call is shown here within two seconds. " : "No calls in this period. ",
      link("#/call", "Make a call", { id: "to-call" }), ".")];
  }
  const { series, values } = stack(now.bins, usage.series, of, (entry) => entry.requests);
  const sums = values.map((row) => row.reduce((a, b) => a + b, 0));
  const daily = now.by === "day";
  return [
    bar,
    el("p", { id: "total" }, totals(usage.total)),
    chart({
      id: "bars", label: `Calls per ${now.by}, ${now.name} (UTC)`, unit: "calls", bins: now.bins, series, values,
      mean: daily && now.bins.length - now.bins.filter((bin) => bin.end > new Date()).length >= 8 ? means(now.bins, sums) : undefined,
      pace: daily && now.current && pace && !query.route ? pace.requests : undefined,
    }),
    usageTable({
      id: "usage", caption: `Calls by ${byKey ? "API key" : "route"}, ${now.name}`, room, items: summed(usage.series, of), total: usage.total,
      first: { title: byKey ? "API key" : "Route", name: "of", sort: (sum) => sum.of, cell: (sum) => sum.of },
    }),
  ];
}

function totals({ requests, units }) {
  const calls = requests === 1 ? "1 call" : `${number(requests)} calls`;
  return units === requests ? `${calls}.` : `${calls}, which cost ${number(units)} units.`;
}

// drawBar makes the choices above the chart. The routes to choose from are those that have been seen.
function drawBar(room, now, query, usage) {
  const chosen = query.route ?? "";
  room.routes = [...new Set([...(room.routes ?? []), ...usage.series.map((entry) => entry.route), chosen])].filter(Boolean).sort();
  const group = select("usage-by", [["route", "route"], ["key", "API key"]], room.params.get("group") ?? "route",
    { onchange: () => room.set({ group: $("usage-by").value === "key" ? "key" : "" }) });
  const routes = select("usage-route", [["", "all"], ...room.routes.map((name) => [name, name])], chosen,
    { onchange: () => room.set({ route: $("usage-route").value }) });
  return el("div", { class: "row period" }, field("Group by", group), field("Route", routes),
    download(room, "CSV", () => path({ ...query, format: "csv" }), `usage-${now.from}.csv`));
}

async function loadLimits(room) {
  const [limits, pace] = await Promise.all([room.call("GET", "/users/me/limits"), loadPace(room)]);
  return { ...limits, pace };
}

const periods = { month: "This month", day: "Today" };

function drawLimits({ plan, quotas, rates, in_flight: open, pace }) {
  const nothing = quotas.length + rates.length === 0 && open === null;
  return [
    el("p", { id: "plan" }, "Your plan is ", el("strong", {}, plan), ".", open === null ? "" : ` At most ${number(open)} calls at the same time.`),
    nothing && hint("Nothing limits how much you may call."),
    ...quotas.map((quota) => drawQuota(quota, pace)),
    rates.length > 0 && table({
      id: "rates", caption: "Rates. A call needs room in all that apply to it", items: rates, columns: [
        { title: "Route", cell: ({ route }) => (route === "*" ? "each other route" : route) },
        { title: "Rate", number: true, cell: ({ rate }) => rate },
        { title: "At once", number: true, cell: ({ burst }) => number(burst) },
      ],
    }),
  ];
}

function drawQuota({ name, limit, used, remaining, resets_at: resets }, pace) {
  const title = periods[name] ?? name;
  const text = `${number(used)} of ${number(limit)} units (${share(used, limit || 1)})`;
  return el("div", { class: "quota", id: `quota-${name}` },
    el("p", {}, el("strong", {}, `${title}: `), text, `, ${number(remaining)} left. Resets in ${span((Date.parse(resets) - Date.now()) / 1000)}, on ${utc(resets)}.`),
    el("meter", { min: 0, max: limit || 1, high: 0.9 * (limit || 1), value: limit ? used : 1, "aria-label": `${title}: ${text}` }),
    name === "month" && el("p", { class: "hint forecast", id: "forecast" }, forecast({ used, limit, remaining, resets }, pace)));
}

// forecast says when the quota ends if the next days are like the last full ones.
export function forecast({ used, limit, remaining, resets }, pace, now = Date.now()) {
  if (remaining === 0) return `The quota is used up. Calls are refused until ${utc(resets)}, unless an administrator raises it.`;
  if (!pace) return "A forecast is shown after the first full day.";
  const days = (Date.parse(resets) - now) / 86400000;
  const expected = Math.round(used + pace.units * days);
  const mean = `the mean of the last ${pace.days === 1 ? "full day" : `${pace.days} full days`}, ${number(Math.round(pace.units))} units a day`;
  if (expected <= limit) return `At this pace (${mean}) it will be ${number(expected)} by then: within your quota.`;
  const end = new Date(now + (remaining / pace.units) * 86400000);
  return `At this pace (${mean}) the quota ends on ${utc(end).slice(0, 10)}.`;
}
