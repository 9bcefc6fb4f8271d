// The API reference. It shows the description that the page links to.
const description = document.getElementById("openapi").href;

function el(tag, ...children) {
  const node = document.createElement(tag);
  node.append(...children.filter((child) => child !== undefined && child !== ""));
  return node;
}

function table(heads, rows) {
  return el("table", el("thead", el("tr", ...heads.map((h) => el("th", h)))), el("tbody", ...rows.map((cells) => el("tr", ...cells.map((c) => el("td", c))))));
}

function resolve(doc, node) {
  while (node?.$ref) node = node.$ref.slice(2).split("/").reduce((at, key) => at[key.replaceAll("~1", "/").replaceAll("~0", "~")], doc);
  return node ?? {};
}

function typeOf(doc, schema) {
  const s = resolve(doc, schema);
  if (s.enum) return s.enum.join(" | ");
  const type = [].concat(s.type ?? "object").join(" or ");
  return type === "array" ? `array of ${typeOf(doc, s.items)}` : s.format ? `${type} (${s.format})` : type;
}

function members(doc, schema) {
  const s = resolve(doc, schema);
  const required = new Set(s.required ?? []);
  const rows = Object.entries(s.properties ?? {}).map(([name, p]) => [el("code", name), typeOf(doc, p) + (required.has(name) ? "" : ", optional"), resolve(doc, p).description ?? ""]);
  return rows.length ? table(["Member", "Type", ""], rows) : undefined;
}

function operation(doc, path, method, op) {
  const name = el("span", method.toUpperCase());
  name.className = "method";
  const box = el("details", el("summary", name, el("code", path), ` ${op.summary ?? ""}`), el("p", op.description ?? ""));
  const parameters = (op.parameters ?? []).map((p) => resolve(doc, p));
  if (parameters.length) box.append(el("h3", "Parameters"), table(["Name", "In", "Type", ""], parameters.map((p) => [el("code", p.name), p.in, typeOf(doc, p.schema) + (p.required ? "" : ", optional"), p.description ?? ""])));
  const body = resolve(doc, op.requestBody).content;
  if (body) box.append(el("h3", "Body"), members(doc, Object.values(body)[0].schema) ?? "");
  box.append(el("h3", "Responses"), table(["Status", "", "Members"], Object.entries(op.responses).map(([status, r]) => {
    const response = resolve(doc, r);
    const content = response.content ? Object.values(response.content)[0] : undefined;
    return [status, response.description, content ? members(doc, content.schema) ?? "" : ""];
  })));
  return box;
}

async function draw() {
  const doc = await (await fetch(description)).json();
  document.getElementById("title").textContent = `${doc.info.title} ${doc.info.version}`;
  document.getElementById("about").textContent = doc.info.description ?? "";
  const sections = new Map((doc.tags ?? []).map(({ name }) => [name, el("section", el("h2", name))]));
  const under = doc.servers?.[0]?.url ?? "";
  for (const [path, item] of Object.entries(doc.paths)) {
    for (const method of ["get", "post", "put", "patch", "delete"]) {
      if (!item[method]) continue;
      const tag = item[method].tags?.[0] ?? "other";
      if (!sections.has(tag)) sections.set(tag, el("section", el("h2", tag)));
      sections.get(tag).append(operation(doc, under + path, method, item[method]));
    }
  }
  document.getElementById("tags").replaceChildren(...sections.values());
}

draw().catch(() => { document.getElementById("about").textContent = `The description could not be read. Try ${description}.`; });
