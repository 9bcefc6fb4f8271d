// The choice of a period: presets, steps from period to period, or any days. It stands in the address, so a link shows the same.
import { $, el, link, part } from "./dom.js";
import { field, form, input, select } from "./form.js";
import { period, steps, wrongRange } from "./period.js";

// periodPart is a section about a period, with the choice of it. load gets the period. A range that is none is told in words, and nothing
// is loaded.
export function periodPart({ room, id, title, load, draw }) {
  const bar = el("div", {}, choice(room));
  const section = part({
    id, title, extra: bar, draw, load: () => {
      const now = period(room.params);
      if (now.wrong) throw new Error(now.wrong.text);
      return load(now);
    },
  });
  room.update = () => {
    const focused = document.activeElement?.id;
    bar.replaceChildren(...choice(room));
    if (focused && bar.querySelector(`[id="${focused}"]`)) $(focused).focus();
    return section.refresh();
  };
  return section;
}

const none = { at: "", by: "", range: "", from: "", to: "" };

function choice(room) {
  const now = period(room.params);
  const preset = (id, text, changes) => link(room.link({ ...none, ...changes }), text, { id });
  const step = select("by", steps, now.by, { onchange: () => room.set({ by: $("by").value, at: "" }) });
  return [
    el("div", { class: "row period" },
      preset("preset-today", "Today", { by: "hour" }), preset("preset-week", "7 days", { range: "7d" }), preset("preset-month", "This month", {}),
      now.before && link(room.link(now.before), `◀ ${now.beforeName}`, { id: "before", "aria-label": `The period before: ${now.beforeName}` }),
      now.name && el("strong", {}, `${now.name} (UTC)`),
      now.after && link(room.link(now.after), `${now.afterName} ▶`, { id: "after", "aria-label": `The next period: ${now.afterName}` }),
      field("By", step)),
    el("details", { class: "range", open: now.range }, el("summary", {}, "Other days"), days(room, now)),
  ];
}

// days lets people write the first and the last day of a range.
function days(room, now) {
  const date = (name) => input(`range-${name}`, { name, type: "date", required: true, value: now.given[name], min: "1970-01-01", max: "8999-12-31" });
  return form({ id: "range", novalidate: true }, [
    el("div", { class: "row" }, field("First day (UTC)", date("from")), field("Last day (UTC)", date("to")), el("button", { type: "submit", id: "range-show" }, "Show")),
  ], () => {
    const asked = { from: $("range-from").value, to: $("range-to").value };
    const by = now.range ? room.params.get("by") ?? "" : "";
    const wrong = wrongRange({ ...asked, by: by || "month" });
    if (wrong) throw Object.assign(new Error(wrong.text), { kind: `invalid-${wrong.field}` });
    room.set({ ...none, ...asked, by });
  });
}
