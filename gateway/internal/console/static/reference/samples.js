// The same call in the languages that people write: curl, Python, JavaScript and Go. Secrets are read from the environment.
const variable = "TALLYGATE_KEY";

// A call has a method, a url, whether it is open to everybody, and maybe a body with its media type.
export const languages = [["curl", curl], ["Python", python], ["JavaScript", javascript], ["Go", go]];

const shell = (value) => `'${value.replaceAll("'", "'\\''")}'`;
const quoted = (value) => JSON.stringify(value).replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");

function curl({ method, url, open, body, media }) {
  const lines = [`curl ${method === "GET" ? "" : method === "HEAD" ? "--head " : `-X ${method} `}${shell(url)}`];
  if (!open) lines.push(`-H "Authorization: Bearer $${variable}"`);
  if (body !== undefined) lines.push(`-H ${shell(`Content-Type: ${media}`)}`, `--data-binary ${shell(body)}`);
  return lines.join(" \\\n  ");
}

function python({ method, url, open, body, media }) {
  const headers = [];
  if (!open) headers.push(`"Authorization": "Bearer " + os.environ["${variable}"]`);
  if (body !== undefined) headers.push(`"Content-Type": ${quoted(media)}`);
  const options = [headers.length && `headers={${headers.join(", ")}}`, body !== undefined && `data=${quoted(body)}.encode()`].filter(Boolean);
  return [open ? "" : "import os\n", "import requests\n\n",
    `response = requests.request(${quoted(method)}, ${quoted(url)}${options.map((one) => `,\n    ${one}`).join("")}, timeout=30)\n`,
    "response.raise_for_status()\nprint(response.text)"].join("");
}

function javascript({ method, url, open, body, media }) {
  const headers = [];
  if (!open) headers.push(`    Authorization: \`Bearer \${process.env.${variable}}\`,`);
  if (body !== undefined) headers.push(`    "Content-Type": ${quoted(media)},`);
  return [`const response = await fetch(${quoted(url)}, {`, `  method: ${quoted(method)},`,
    ...(headers.length ? ["  headers: {", ...headers, "  },"] : []), ...(body === undefined ? [] : [`  body: ${quoted(body)},`]), "});",
    "if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);", "console.log(await response.text());"].join("\n");
}

function go({ method, url, open, body, media }) {
  const reader = body === undefined ? "nil" : `strings.NewReader(${quoted(body)})`;
  const packages = ["fmt", "io", "log", "net/http", !open && "os", body !== undefined && "strings"].filter(Boolean);
  return ["package main", "", "import (", ...packages.map((name) => `\t"${name}"`), ")", "", "func main() {",
    `\treq, err := http.NewRequest(${quoted(method)}, ${quoted(url)}, ${reader})`, "\tif err != nil {", "\t\tlog.Fatal(err)", "\t}",
    ...(open ? [] : [`\treq.Header.Set("Authorization", "Bearer "+os.Getenv("${variable}"))`]),
    ...(body === undefined ? [] : [`\treq.Header.Set("Content-Type", ${quoted(media)})`]),
    "\tresp, err := http.DefaultClient.Do(req)", "\tif err != nil {", "\t\tlog.Fatal(err)", "\t}", "\tdefer resp.Body.Close()",
    "\tbody, err := io.ReadAll(resp.Body)", "\tif err != nil {", "\t\tlog.Fatal(err)", "\t}", "\tfmt.Println(resp.Status, string(body))", "}"].join("\n");
}
