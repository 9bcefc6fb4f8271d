// Tables. On a narrow screen each row is a card, whose lines begin with the columns' titles.
import { el } from "./dom.js";

// table shows items. A column has a title and cell, which makes the content for an item; number right-aligns it, and unseen hides the
// title from those who see it. Columns with sort, which gives a value to compare, can be sorted by: the order stands in the address,
// as the parameter named sorted, through room.
export function table({ id, caption, columns, items, room, sorted = "sort", order = "", foot }) {
  const shown = columns.filter(Boolean);
  const wanted = room?.params.get(sorted) ?? order;
  const by = shown.find((column) => column.sort && wanted.replace("-", "") === column.name);
  const rows = by ? [...items].sort((a, b) => compare(by.sort(a), by.sort(b)) * (wanted.startsWith("-") ? -1 : 1)) : items;
  const row = (cells, tag = "td") => el("tr", {}, ...shown.map((column, i) =>
    el(tag, { "data-name": column.title, class: column.number && "number" }, cells[i])));
  return el("table", { id, class: "cards" },
    el("caption", { class: "unseen" }, caption),
    el("thead", {}, el("tr", {}, ...shown.map((column) => head(column, { wanted, room, sorted })))),
    el("tbody", {}, ...rows.map((item) => row(shown.map((column) => column.cell(item))))),
    foot && el("tfoot", {}, row(foot)));
}

function head(column, { wanted, room, sorted }) {
  const attributes = { scope: "col", class: column.number && "number" };
  if (column.unseen) return el("th", attributes, el("span", { class: "unseen" }, column.title));
  if (!column.sort || !room) return el("th", attributes, column.title);
  const down = wanted === `-${column.name}`;
  const up = wanted === column.name;
  const next = down || (!up && !column.number) ? column.name : `-${column.name}`;
  return el("th", { ...attributes, "aria-sort": down ? "descending" : up ? "ascending" : undefined },
    el("a", { href: room.link({ [sorted]: next }), id: `${sorted}-by-${column.name}` }, column.title, down ? " ▼" : up ? " ▲" : ""));
}

const compare = (a, b) => (typeof a === "string" ? a.localeCompare(b) : Number(a > b) - Number(a < b));
