// Making a call: one of the routes, with fields, as code, and here.
import { $, el, empty, hint, link, part } from "../parts/dom.js";
import { field, select } from "../parts/form.js";
import { load } from "../reference/openapi.js";
import { routeFacts } from "../reference/reference.js";
import { prose, tryIt } from "../reference/tryit.js";

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"];

export function showCall(room) {
  const one = part({ id: "call", title: "Choose a call", load, draw: (api) => draw(room, api) });
  room.update = one.refresh;
  one.refresh();
  return [one.section, hint("A script should use an ", link("#/keys", "API key"), " and read its limits from the response field RateLimit. When it gets 429, it waits as long as Retry-After says.")];
}

function draw(room, api) {
  const routes = api.own;
  if (routes.length === 0) return empty("no-routes", "There is no route that you can call. The operator adds them to the routes file.");
  const group = routes.find(({ name }) => name === room.params.get("route")) ?? routes[0];
  const op = group.operations.find(({ id }) => id === room.params.get("call")) ?? group.operations[0] ?? free(room, group);
  const route = select("route", routes.map(({ name, title }) => [name, title]), group.name, { onchange: () => room.set({ route: $("route").value, call: "", method: "" }) });
  const calls = group.operations.length > 0
    ? field("Call", select("operation", group.operations.map(({ id, method, path }) => [id, `${method} ${path}`]), op.id, { onchange: () => room.set({ call: $("operation").value }) }))
    : field("Method", select("method", allowed(group), op.method, { onchange: () => room.set({ method: $("method").value }) }));
  return [el("div", { class: "row" }, field("Route", route), calls), op.summary && el("p", {}, op.summary), ...routeFacts(group.route), ...prose(op.description), tryIt(room, api.doc, op, "try")].filter(Boolean);
}

const allowed = ({ route }) => (Array.isArray(route.methods) && route.methods.length ? route.methods : methods).map((method) => [method, method]);

// free is a call on a route without a description: any path, and a body for methods that have one.
function free(room, { name, route }) {
  const methods = allowed({ route }).map(([one]) => one);
  const method = methods.includes(room.params.get("method")) ? room.params.get("method") : methods[0];
  return {
    id: name, key: name, method, url: String(route.path ?? "/"), free: true, description: "", parameters: [], open: route.auth === "public",
    body: ["POST", "PUT", "PATCH"].includes(method) ? { media: "application/json", example: {} } : undefined,
  };
}
