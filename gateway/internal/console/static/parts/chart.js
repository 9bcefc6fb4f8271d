// A chart of stacked bars over time. Every step of time has its place, also those without calls. Arrow keys go from bar to bar, and a
// table has the same numbers.
import { el, svg } from "./dom.js";
import { number } from "./format.js";
import { table } from "./table.js";

const height = 220;
const top = 10;
const bottom = 24;

// stack counts entries in bins. of names what an entry belongs to; all but the largest are other.
export function stack(bins, entries, of, value) {
  const sums = new Map();
  for (const entry of entries) sums.set(of(entry), (sums.get(of(entry)) ?? 0) + value(entry));
  const names = [...sums].sort((a, b) => b[1] - a[1]).map(([name]) => name);
  const series = names.length > 7 ? [...names.slice(0, 6), "other"] : names;
  const at = new Map(bins.map((bin, i) => [bin.start.getTime(), i]));
  const values = bins.map(() => series.map(() => 0));
  for (const entry of entries) {
    const bin = at.get(Date.parse(entry.start));
    const place = series.indexOf(of(entry));
    if (bin !== undefined) values[bin][place < 0 ? series.length - 1 : place] += value(entry);
  }
  return { series, values };
}

// nice is the end of the axis, a number that is read easily.
function nice(most) {
  const power = 10 ** Math.floor(Math.log10(Math.max(most, 1)));
  return [1, 1.2, 1.6, 2, 3, 4, 5, 6, 8, 10].map((n) => Math.ceil(n * power)).find((n) => n >= most);
}

export function chart({ id, label, unit, bins, series, values, mean, pace }) {
  const width = matchMedia("(max-width: 38rem)").matches ? 340 : 860;
  const sums = values.map((row) => row.reduce((a, b) => a + b, 0));
  const most = nice(Math.max(...sums, pace ?? 0, 1));
  const left = 12 + 7 * number(most).length;
  const y = (n) => top + (height - top - bottom) * (1 - n / most);
  const wide = (width - left) / bins.length;
  const marks = most % 2 === 0 ? [0, most / 2, most] : [0, most];
  const axis = marks.map((n) => svg("g", { class: "axis" },
    svg("line", { x1: left, x2: width, y1: y(n), y2: y(n) }), svg("text", { x: left - 6, y: y(n) + 4, "text-anchor": "end" }, number(n))));
  const columns = bins.map((bin, i) => column({ bin, i, x: left + i * wide, wide, y, row: values[i], sum: sums[i], series, unit, pace }));
  const line = mean && svg("polyline", { class: "mean", points: mean.map((n, i) => (n === null ? "" : `${left + (i + 0.5) * wide},${y(n)}`)).join(" ") });
  const drawing = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": label, class: "chart" }, axis, columns, line);
  drawing.addEventListener("keydown", moved);
  if (columns.length) columns[0].setAttribute("tabindex", "0");
  return el("figure", { id }, drawing, legend(series, mean, pace), numbers({ label, bins, series, values, sums, unit }));
}

function column({ bin, x, wide, y, row, sum, series, unit, pace }) {
  const parts = row.map((n, k) => n && `${series[k]} ${number(n)}`).filter(Boolean);
  const expected = pace !== undefined && (bin.future || bin.end > new Date());
  const text = bin.future ? `${bin.label}: not yet` : `${bin.label}: ${number(sum)} ${unit}${parts.length > 1 ? ` (${parts.join(", ")})` : ""}`;
  let reached = 0;
  const gap = Math.min(2, wide / 5);
  const bars = row.map((n, k) => {
    if (!n) return null;
    const from = y(reached);
    reached += n;
    return svg("rect", { class: `s${k}`, x: x + gap / 2, width: wide - gap, y: y(reached), height: Math.max(from - y(reached), 0.5) });
  });
  const rest = expected && pace > sum && svg("rect", { class: "pace", x: x + gap / 2, width: wide - gap, y: y(pace), height: y(sum) - y(pace) });
  return svg("g", { class: "bin", role: "img", "aria-label": text, tabindex: "-1" }, svg("title", {}, text),
    svg("rect", { class: "hit", x, width: wide, y: top, height: height - top - bottom }), rest, bars,
    bin.tick && svg("text", { x: x + wide / 2, y: height - 6, "text-anchor": "middle" }, bin.tick));
}

function moved(event) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const bin = event.target.closest(".bin");
  if (!step || !bin) return;
  const all = [...bin.parentNode.querySelectorAll(".bin")];
  const next = all[all.indexOf(bin) + step];
  if (!next) return;
  event.preventDefault();
  bin.setAttribute("tabindex", "-1");
  next.setAttribute("tabindex", "0");
  next.focus();
}

function legend(series, mean, pace) {
  const swatch = (name) => svg("svg", { class: "swatch", viewBox: "0 0 12 12", "aria-hidden": "true" }, svg("rect", { class: name, width: 12, height: 12 }));
  return el("ul", { class: "legend" }, ...series.map((name, k) => el("li", {}, swatch(`s${k}`), name)),
    mean && el("li", {}, svg("svg", { class: "swatch", viewBox: "0 0 12 12", "aria-hidden": "true" }, svg("polyline", { class: "mean", points: "0,6 12,6" })), "mean of 7 days"),
    pace !== undefined && el("li", {}, swatch("pace"), "at this pace"));
}

// numbers is the table of what the chart shows.
function numbers({ label, bins, series, values, sums, unit }) {
  const past = bins.map((bin, i) => ({ bin, i })).filter(({ bin }) => !bin.future);
  return el("details", {}, el("summary", {}, "The same as a table"), table({
    caption: label, items: past, columns: [
      { title: "Time (UTC)", cell: ({ bin }) => bin.label },
      { title: unit[0].toUpperCase() + unit.slice(1), number: true, cell: ({ i }) => number(sums[i]) },
      ...(series.length > 1 ? series : []).map((name, k) => ({ title: name, number: true, cell: ({ i }) => number(values[i][k]) })),
    ],
  }));
}

// means are the means of each day and the six before it: null where there are not so many, or the day is not over.
export const means = (bins, sums) => bins.map((bin, i) =>
  (i < 6 || bin.end > new Date() ? null : sums.slice(i - 6, i + 1).reduce((a, b) => a + b, 0) / 7));
