// The members of a body, as a list of definitions: it fits on a narrow screen, however deep it is.
import { el } from "../parts/dom.js";
import { entries, resolve, types } from "./openapi.js";
import { prose } from "./tryit.js";

const deepest = 4;
const most = 200; // members of one object that are shown

export function members(doc, from, depth = 0) {
  const schema = resolve(doc, from);
  const parts = [...one(schema.allOf), ...one(schema.oneOf), ...one(schema.anyOf)];
  if (parts.length && depth < deepest) return el("div", {}, ...parts.map((part) => members(doc, part, depth + 1)).filter(Boolean));
  if (schema.items && depth < deepest) return members(doc, schema.items, depth + 1);
  const required = new Set(one(schema.required));
  const all = entries(schema.properties).slice(0, most);
  if (all.length === 0) return null;
  return el("dl", { class: "members" }, ...all.flatMap(([name, part]) => {
    const member = resolve(doc, part);
    const inner = depth < deepest && (member.properties || member.items || member.allOf) ? members(doc, member, depth + 1) : null;
    return [el("dt", {}, el("code", {}, name), el("span", { class: "type" }, ` ${typeName(doc, part)}${required.has(name) ? "" : ", optional"}`)),
      el("dd", {}, ...prose(member.description), inner)];
  }));
}

const one = (value) => (Array.isArray(value) ? value : []);

export function typeName(doc, from, depth = 0) {
  const schema = resolve(doc, from);
  if (Array.isArray(schema.enum)) return schema.enum.slice(0, 20).map(String).join(" | ");
  const names = types(schema).map((type) => (type === "array" && depth < deepest ? `array of ${typeName(doc, schema.items, depth + 1)}` : type));
  const bounds = [["minimum", "≥"], ["maximum", "≤"]].filter(([key]) => typeof schema[key] === "number").map(([key, sign]) => `${sign} ${schema[key]}`);
  return [names.join(" or "), typeof schema.format === "string" && `(${schema.format})`, ...bounds].filter(Boolean).join(" ");
}
