// How numbers and times are written.
import { el } from "./dom.js";

export const number = (n) => n.toLocaleString();
// orNoLimit writes a limit; null is none.
export const orNoLimit = (n) => (n === null ? "no limit" : number(n));

// bytes are decimal: 1 kB is 1,000 bytes.
export function bytes(n) {
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let at = 0;
  let scaled = n;
  while (scaled >= 999.5 && at < units.length - 1) {
    scaled /= 1000;
    at += 1;
  }
  return `${scaled.toLocaleString(undefined, { maximumFractionDigits: at && scaled < 99.5 ? 1 : 0 })} ${units[at]}`;
}

export const share = (some, all) => (all === 0 ? "0 %" : `${((100 * some) / all).toLocaleString(undefined, { maximumFractionDigits: 1 })} %`);

const steps = [["year", 31536000], ["month", 2592000], ["week", 604800], ["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

// apart says how long something is ago, or from now.
export function apart(date) {
  const seconds = Math.round((new Date(date) - Date.now()) / 1000);
  if (Math.abs(seconds) < 5) return "just now";
  const [unit, length] = steps.find(([, size]) => Math.abs(seconds) >= size) ?? steps.at(-1);
  return relative.format(Math.trunc(seconds / length), unit);
}

// span is a length of time in its two largest units: 3 d 13 h.
export function span(seconds) {
  const sizes = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  const first = sizes.findIndex(([, size]) => seconds >= size);
  if (first < 0) return `${seconds.toLocaleString(undefined, { maximumFractionDigits: 1 })} s`;
  let rest = Math.floor(seconds);
  const said = sizes.slice(first, first + 2).map(([unit, size]) => {
    const n = Math.floor(rest / size);
    rest %= size;
    return n ? `${n} ${unit}` : "";
  });
  return said.filter(Boolean).join(" ");
}

// ago is a time relative to now. The exact one, in local time, is its tooltip.
export const ago = (text) => el("time", { datetime: text, title: new Date(text).toLocaleString() }, apart(text));

// until is an exact time in UTC, which is what months and days are counted in.
export const utc = (text) => `${new Date(text).toISOString().slice(0, 16).replace("T", " ")} UTC`;
export const at = (text) => el("time", { datetime: text, title: new Date(text).toLocaleString() }, utc(text));

// client names the program of a User-Agent: Chrome on Linux.
export function client(agent) {
  if (!agent) return "unknown program";
  const browsers = [["Edg", "Edge"], ["OPR", "Opera"], ["Firefox", "Firefox"], ["HeadlessChrome", "Chrome"], ["Chrome", "Chrome"], ["Safari", "Safari"]];
  const systems = [["Android", "Android"], ["iPhone", "iPhone"], ["iPad", "iPad"], ["Windows", "Windows"], ["Mac OS", "Mac"], ["CrOS", "ChromeOS"], ["Linux", "Linux"]];
  const browser = agent.startsWith("Mozilla/") && browsers.find(([mark]) => agent.includes(`${mark}/`));
  const system = systems.find(([mark]) => agent.includes(mark));
  if (browser) return system ? `${browser[1]} on ${system[1]}` : browser[1];
  return agent.split(/[\s(]/)[0].slice(0, 40);
}
