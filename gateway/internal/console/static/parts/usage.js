// Tables of usage, for users and administrators, and files of it.
import { button, el } from "./dom.js";
import { bytes, number, share } from "./format.js";
import { table } from "./table.js";

const counts = ["requests", "units", "client_errors", "server_errors", "rate_limited", "bytes_in", "bytes_out"];

// summed adds entries up by what of gives.
export function summed(entries, of) {
  const sums = new Map();
  for (const entry of entries) {
    const sum = sums.get(of(entry)) ?? { of: of(entry), entry, ...Object.fromEntries(counts.map((name) => [name, 0])) };
    for (const name of counts) sum[name] += entry[name];
    sums.set(of(entry), sum);
  }
  return [...sums.values()];
}

// usageTable shows sums. first is the column that says what each is of; total is the last line.
export function usageTable({ id, caption, room, first, more = [], items, total }) {
  const priced = total.units !== total.requests; // otherwise the units say nothing
  const columns = [
    first, { title: "Calls", name: "requests", number: true, sort: (sum) => sum.requests, cell: (sum) => number(sum.requests) },
    priced && { title: "Units", name: "units", number: true, sort: (sum) => sum.units, cell: (sum) => number(sum.units) },
    ...more,
    { title: "Client errors", name: "client_errors", number: true, sort: (sum) => sum.client_errors, cell: (sum) => portion(sum.client_errors, sum) },
    { title: "Server errors", name: "server_errors", number: true, sort: (sum) => sum.server_errors, cell: (sum) => portion(sum.server_errors, sum) },
    { title: "Over a limit", name: "rate_limited", number: true, sort: (sum) => sum.rate_limited, cell: (sum) => number(sum.rate_limited) },
    { title: "Sent", name: "bytes_in", number: true, sort: (sum) => sum.bytes_in, cell: (sum) => volume(sum.bytes_in) },
    { title: "Received", name: "bytes_out", number: true, sort: (sum) => sum.bytes_out, cell: (sum) => volume(sum.bytes_out) },
  ].filter(Boolean);
  const foot = items.length > 1 && columns.map((column, i) => (i === 0 ? "Total" : column.unseen ? "" : column.cell(total)));
  return table({ id, caption, room, items, order: "-requests", columns, foot });
}

const portion = (some, sum) => el("span", { title: `${number(some)} of ${number(sum.requests)}` }, share(some, sum.requests));
const volume = (n) => el("span", { title: `${number(n)} bytes` }, bytes(n));

// download saves a CSV as a file. Excel needs a byte-order mark to read it as UTF-8.
export function download(room, text, path, name) {
  return [["", text, name], ["&bom=1", `${text} for Excel`, `${name} for Excel`]].map(([more, label, about]) => save(room, label, () => path() + more, name, about));
}

function save(room, text, path, name, about) {
  return button(text, { about: `Download ${about}` }, async () => {
    const response = await room.fetch(room.base + path());
    if (!response.ok) throw new Error(`The file could not be made: status ${response.status}.`);
    const url = URL.createObjectURL(await response.blob());
    el("a", { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
  });
}
