// Usage of all users: a chart by route or by user, the largest with their share and change, and a file of it all.
import { $, el, empty, link, part } from "../parts/dom.js";
import { field, select } from "../parts/form.js";
import { number, share } from "../parts/format.js";
import { chart, stack } from "../parts/chart.js";
import { period } from "../parts/period.js";
import { download, periodBar, usageTable } from "../parts/usage.js";

export function showAdminUsage(room) {
  const usage = part({ id: "all-usage-part", title: "Calls of all users", load: () => load(room), draw: (loaded) => draw(room, loaded) });
  room.update = usage.refresh;
  usage.refresh();
  return [usage.section];
}

const day = 86400000;
const date = (time) => new Date(time).toISOString().slice(0, 10);

// week is the seven days that end with today, in the form of a period.
function week() {
  const today = Date.parse(date(Date.now()));
  const bins = [6, 5, 4, 3, 2, 1, 0].map((n) => {
    const start = new Date(today - n * day);
    return { start, end: new Date(start.getTime() + day), label: date(start), tick: date(start).slice(5), future: false };
  });
  return { by: "day", bins, name: "Last 7 days", from: date(bins[0].start), to: date(today + day) };
}

async function load(room) {
  const now = room.params.get("range") === "7d" ? week() : period(room.params);
  const group = room.params.get("group") === "user" ? "user" : "route";
  const answer = await room.call("GET", `/admin/usage/series?${new URLSearchParams({ from: now.from, to: now.to, by: now.by, group, top: 6 })}`);
  return { now, group, answer };
}

const nameOf = (names) => (entry) => (entry.other ? "all others" : entry.route ?? names.get(entry.user_id));

function draw(room, { now, group, answer }) {
  const bar = drawBar(room, now, group);
  if (answer.groups.length === 0) return [bar, empty("no-calls", "No calls in this period.")];
  const names = new Map(answer.groups.map((one) => [one.user_id, one.username ?? `deleted user ${one.user_id}`]));
  const of = nameOf(names);
  const { series, values } = stack(now.bins, answer.series, of, (entry) => entry.requests);
  const items = answer.groups.map((one) => ({ ...one.total, of: of(one), group: one, before: one.before }));
  const first = (sum) => (sum.group.user_id ? link(`#/users/${sum.group.user_id}`, sum.of) : sum.of);
  return [bar,
    el("p", { id: "total" }, `${number(answer.total.requests)} ${answer.total.requests === 1 ? "call" : "calls"}, ${change(answer.total.requests, answer.before.requests)} against the period before (${number(answer.before.requests)}).`),
    chart({ id: "bars", label: `Calls per ${now.by}, ${now.name} (UTC)`, unit: "calls", bins: now.bins, series, values }),
    usageTable({
      id: "usage", caption: `Calls by ${group}, ${now.name}`, room, items, total: { ...answer.total, before: answer.before },
      first: { title: group === "user" ? "User" : "Route", name: "of", sort: (sum) => sum.of, cell: first },
      more: [
        { title: "Share", number: true, cell: (sum) => share(sum.requests, answer.total.requests) },
        { title: "Change", number: true, cell: (sum) => change(sum.requests, sum.before.requests) },
      ],
    })];
}

function change(now, before) {
  if (before === 0) return now === 0 ? "0 %" : "new";
  const text = share(Math.abs(now - before), before);
  return now < before ? `−${text}` : `+${text}`;
}

function drawBar(room, now, group) {
  const preset = (text, changes) => link(room.link({ at: "", by: "", range: "", ...changes }), text);
  const bar = room.params.get("range") === "7d" ? el("div", { class: "row period" }, el("strong", {}, `${now.name} (UTC)`)) : periodBar(room, now);
  bar.prepend(preset("Today", { by: "hour" }), preset("7 days", { range: "7d" }), preset("This month", {}));
  bar.append(
    field("Tell apart", select("usage-group", [["route", "route"], ["user", "user"]], group, { onchange: () => room.set({ group: $("usage-group").value === "user" ? "user" : "" }) })),
    download(room, "CSV", () => `/admin/usage?${new URLSearchParams({ from: now.from, to: now.to, format: "csv" })}`, `usage-${now.from}.csv`));
  return bar;
}
