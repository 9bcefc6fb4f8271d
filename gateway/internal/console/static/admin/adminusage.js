// Usage of all users: a chart by route or by user, the largest with their share and change, and a file of it all.
import { $, el, empty, link } from "../parts/dom.js";
import { field, select } from "../parts/form.js";
import { number, share } from "../parts/format.js";
import { chart, stack } from "../parts/chart.js";
import { periodPart } from "../parts/range.js";
import { download, usageTable } from "../parts/usage.js";

export function showAdminUsage(room) {
  const usage = periodPart({ room, id: "all-usage-part", title: "Calls of all users", load: (now) => load(room, now), draw: (loaded) => draw(room, loaded) });
  usage.refresh();
  return [usage.section];
}

async function load(room, now) {
  const group = room.params.get("group") === "user" ? "user" : "route";
  const answer = await room.call("GET", `/admin/usage/series?${new URLSearchParams({ from: now.from, to: now.to, by: now.by, group, top: 6 })}`);
  return { now, group, answer };
}

const nameOf = (names) => (entry) => (entry.other ? "all others" : entry.route ?? names.get(entry.user_id));

function draw(room, { now, group, answer }) {
  const bar = drawBar(room, now, group);
  if (answer.groups.length === 0) return [bar, empty("no-calls", "No calls in this period. Choose a longer one, or see under System whether a gateway is up.")];
  const names = new Map(answer.groups.map((one) => [one.user_id, one.username ?? `deleted user ${one.user_id}`]));
  const of = nameOf(names);
  const { series, values } = stack(now.bins, answer.series, of, (entry) => entry.requests);
  const items = answer.groups.map((one) => ({ ...one.total, of: of(one), group: one, before: one.before }));
  const first = (sum) => (sum.group.user_id ? link(`#/users/${sum.group.user_id}`, sum.of) : sum.of);
  return [bar,
    el("p", { id: "total" }, `${number(answer.total.requests)} ${answer.total.requests === 1 ? "call" : "calls"}. The period before: ${number(answer.before.requests)} (${change(answer.total.requests, answer.before.requests)}).`),
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
  return el("div", { class: "row period" },
    field("Group by", select("usage-group", [["route", "route"], ["user", "user"]], group, { onchange: () => room.set({ group: $("usage-group").value === "user" ? "user" : "" }) })),
    download(room, "CSV", () => `/admin/usage?${new URLSearchParams({ from: now.from, to: now.to, format: "csv" })}`, `usage-${now.from}.csv`));
}
