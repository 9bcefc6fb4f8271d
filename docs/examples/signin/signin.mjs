// Signs in and calls a path: refreshes the token before it ends, and waits when a response says so. Needs Node 18 or later.
//   TALLYGATE_PASSWORD=… node signin.mjs http://localhost:8000 NAME '/root?number=9&n=0.5' 3
import { setTimeout as sleep } from "node:timers/promises";

const early = 30; // seconds before the end of a token in which it is refreshed
const longest = 3600; // seconds: nobody waits for the next month
const [base, username, path, count] = process.argv.slice(2);
let tokens; // token, refresh_token, and ends in milliseconds

// request makes the same request again after a 429.
async function request(path, options) {
  for (;;) {
    const response = await fetch(base + path, options);
    if (response.status !== 429) return response;
    await response.arrayBuffer();
    const seconds = Number(response.headers.get("Retry-After") ?? 1);
    if (seconds > longest) throw new Error(`The next call is allowed in ${seconds} seconds.`);
    await sleep(1000 * seconds);
  }
}

function post(path, body) {
  return request(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
}

// keep remembers the tokens of a response. A refresh token is good once: the next one comes with the new token.
async function keep(response) {
  tokens = await response.json();
  tokens.ends = performance.now() + 1000 * tokens.expires_in;
}

async function signIn() {
  const response = await post("/token", { username, password: process.env.TALLYGATE_PASSWORD });
  if (!response.ok) throw new Error((await response.json()).message);
  await keep(response);
}

async function refresh() {
  const response = await post("/token/refresh", { refresh_token: tokens.refresh_token });
  if (response.ok) return keep(response);
  await response.arrayBuffer();
  return signIn(); // the session has ended
}

async function get(path) {
  const response = await request(path, { headers: { Authorization: `Bearer ${tokens.token}` } });
  await response.arrayBuffer();
  return response.status;
}

async function call(path) {
  if (performance.now() >= tokens.ends - 1000 * early) await refresh();
  let status = await get(path);
  if (status === 401) { // the token was revoked before its end
    await refresh();
    status = await get(path);
  }
  if (status === 401) throw new Error("A new token is refused.");
  return status;
}

try {
  await signIn();
  for (let i = 0; i < Number(count); i++) console.log(await call(path));
} catch (err) {
  console.error(err.message);
  process.exitCode = 1;
}
