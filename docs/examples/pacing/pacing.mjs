// Calls a URL with an API key, as fast as the RateLimit field allows. Needs Node 18 or later.
//   TALLYGATE_KEY=tg_… node pacing.mjs 'http://localhost:8000/root?number=9&n=0.5' 20
import { setTimeout as sleep } from "node:timers/promises";

const longest = 3600; // seconds: nobody waits for the next month

// pause is for how many seconds to wait before the next call.
function pause(response) {
  if (response.status === 429) return Number(response.headers.get("Retry-After") ?? 1);
  let seconds = 0;
  // A limit that leaves nothing is like "name";r=0;t=SECONDS. There may be several limits, with commas between them.
  for (const item of (response.headers.get("RateLimit") ?? "").split(",")) {
    const parameters = new Map(item.trim().split(";").slice(1).map((p) => p.split("=")));
    if (parameters.get("r") === "0") seconds = Math.max(seconds, Number(parameters.get("t")));
  }
  return seconds;
}

const [url, count] = process.argv.slice(2);
let calls = Number(count);
while (calls > 0) {
  const response = await fetch(url, { headers: { Authorization: `Bearer ${process.env.TALLYGATE_KEY}` } });
  await response.arrayBuffer();
  console.log(response.status);
  if (response.status !== 429) calls -= 1; // a call that was refused is made again
  const seconds = pause(response);
  if (calls > 0 && seconds > longest) {
    console.error(`The next call is allowed in ${seconds} seconds.`);
    process.exit(1);
  }
  if (calls > 0) await sleep(1000 * seconds);
}
