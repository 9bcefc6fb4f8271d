// Reading the OpenAPI description. Parts of it come from upstreams, so nothing here trusts its form, and all of its text is shown as text.
import { $ } from "../parts/dom.js";

const methods = ["get", "post", "put", "patch", "delete", "head", "options"];
const object = (value) => (value && typeof value === "object" && !Array.isArray(value) ? value : {});
const list = (value) => (Array.isArray(value) ? value : []);
export const text = (value) => (typeof value === "string" ? value : "");
export const entries = (value) => Object.entries(object(value));

// resolve follows references inside the document.
export function resolve(doc, node) {
  let at = node;
  for (let i = 0; i < 10 && typeof at?.$ref === "string"; i += 1) {
    at = at.$ref.replace(/^#\//, "").split("/").map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"))
      .reduce((from, key) => (from && Object.hasOwn(from, key) ? from[key] : undefined), doc);
  }
  return object(at);
}

let loading = null;

// load fetches the description, again if it has changed.
export async function load() {
  loading ??= fetch($("openapi").href).then((response) => {
    if (!response.ok) throw new Error(`The description of the API could not be read: status ${response.status}.`);
    return response.json();
  }).finally(() => { loading = null; });
  return read(await loading);
}

const newGroup = (name) => ({ name, title: name, about: "", operations: [], route: undefined });

// read lists the operations, in groups: those of the routes first, then Tallygate's own.
function read(doc) {
  const server = text(list(doc.servers)[0]?.url).replace(/\/$/, "");
  const routes = list(doc["x-tallygate-routes"]).map(object);
  const operations = entries(doc.paths).flatMap(([path, item]) => methods.filter((method) => item?.[method]).map((method) => operation(doc, path, method, item[method], server)));
  const groups = new Map(routes.map((route) => [route.name, { ...newGroup(route.name), route }]));
  for (const tag of list(doc.tags).map(object)) {
    const known = groups.get(tag.name);
    if (known) Object.assign(known, { title: text(tag["x-tallygate-title"]) || tag.name, about: text(tag.description) });
    else groups.set(tag.name, { ...newGroup(tag.name), about: text(tag.description), route: tag["x-tallygate-route"] ? { name: tag.name } : undefined });
  }
  for (const one of operations) {
    if (!groups.has(one.group)) groups.set(one.group, newGroup(one.group));
    groups.get(one.group).operations.push(one);
  }
  const shown = [...groups.values()].filter((group) => group.route || group.operations.length);
  return { doc, server, operations, groups: shown, own: shown.filter((group) => group.route), builtin: shown.filter((group) => !group.route) };
}

// keyOf is the id of an operation as a part of elements' ids.
export const keyOf = (id) => id.replace(/[^\w-]/g, "-");

function operation(doc, path, method, from, server) {
  const op = object(from);
  const body = object(resolve(doc, op.requestBody).content);
  const media = Object.keys(body).find((type) => type.includes("json")) ?? Object.keys(body)[0];
  const id = text(op.operationId) || `${method}${path}`.replace(/\W+/g, "-");
  return {
    id, key: keyOf(id), method: method.toUpperCase(), path, url: server + path,
    group: text(list(op.tags)[0]) || "other", summary: text(op.summary), description: text(op.description), deprecated: op.deprecated === true,
    parameters: list(op.parameters).map((one) => resolve(doc, one)).filter((one) => text(one.name) && text(one.in)),
    body: media && { media, schema: object(body[media]).schema, example: example(doc, object(body[media])) },
    responses: entries(op.responses).map(([status, one]) => ({ status, ...response(doc, resolve(doc, one)) })),
    open: list(op.security ?? doc.security).some((one) => Object.keys(object(one)).length === 0) || list(op.security ?? doc.security).length === 0,
  };
}

function response(doc, from) {
  const content = object(from.content);
  const media = Object.keys(content)[0];
  return { description: text(from.description), media, schema: media && object(content[media]).schema, example: media && example(doc, object(content[media])), headers: entries(from.headers).map(([name, one]) => ({ name, ...resolve(doc, one) })) };
}

// example is the example of a body: the one that is given, or one that is made of the schema.
export function example(doc, media) {
  if (media.example !== undefined) return media.example;
  const [, named] = entries(media.examples)[0] ?? [];
  if (named !== undefined) return resolve(doc, named).value;
  return media.schema ? sample(doc, media.schema) : undefined;
}

// sample makes a value of a schema.
export function sample(doc, from, depth = 0) {
  const schema = resolve(doc, from);
  if (schema.example !== undefined) return schema.example;
  if (Array.isArray(schema.examples) && schema.examples.length) return schema.examples[0];
  if (schema.const !== undefined) return schema.const;
  if (schema.default !== undefined) return schema.default;
  if (Array.isArray(schema.enum)) return schema.enum[0];
  if (depth > 5) return null;
  const one = list(schema.allOf)[0] ?? list(schema.oneOf)[0] ?? list(schema.anyOf)[0];
  if (one && !schema.properties) return sample(doc, one, depth + 1);
  switch (types(schema)[0]) {
    case "object": return Object.fromEntries(entries(schema.properties).slice(0, 50).map(([name, part]) => [name, sample(doc, part, depth + 1)]));
    case "array": return [sample(doc, schema.items, depth + 1)];
    case "integer": case "number": return typeof schema.minimum === "number" ? schema.minimum : 1;
    case "boolean": return true;
    case "null": return null;
    default: return schema.format === "date-time" ? "2026-11-01T00:00:00Z" : "text";
  }
}

// types are the types that a schema says or means.
export function types(schema) {
  if (Array.isArray(schema.type)) return schema.type.map(String);
  if (typeof schema.type === "string") return [schema.type];
  return schema.properties ? ["object"] : schema.items ? ["array"] : ["any value"];
}
