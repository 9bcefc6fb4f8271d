// Periods of usage, in UTC: a month by day, a day by hour, or a year by month.
const pad = (n) => String(n).padStart(2, "0");
const day = (date) => date.toISOString().slice(0, 10);
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

// The days that auth-service has reports about, with room for the end of the last period.
const firstDay = new Date("1970-01-01T00:00:00Z");
const lastDay = new Date("8999-12-31T00:00:00Z");

const kinds = {
  hour: {
    example: "2026-11-23", form: /^\d{4}-\d{2}-\d{2}$/, now: (date) => day(date), start: (at) => `${at}T00:00:00Z`,
    move: (date, n) => new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate() + n)),
    step: (date) => new Date(date.getTime() + 3600000), name: (date) => `${date.getUTCDate()} ${months[date.getUTCMonth()]} ${date.getUTCFullYear()}`,
    label: (date) => `${date.getUTCDate()} ${months[date.getUTCMonth()]}, ${pad(date.getUTCHours())}:00`,
    tick: (date) => (date.getUTCHours() % 6 === 0 ? `${pad(date.getUTCHours())}:00` : ""),
  },
  day: {
    example: "2026-11", form: /^\d{4}-\d{2}$/, now: (date) => day(date).slice(0, 7), start: (at) => `${at}-01T00:00:00Z`,
    move: (date, n) => new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + n, 1)),
    step: (date) => new Date(date.getTime() + 86400000), name: (date) => `${months[date.getUTCMonth()]} ${date.getUTCFullYear()}`,
    label: (date) => `${date.getUTCDate()} ${months[date.getUTCMonth()]}`,
    tick: (date) => (date.getUTCDate() === 1 || date.getUTCDate() % 5 === 0 ? String(date.getUTCDate()) : ""),
  },
  month: {
    example: "2026", form: /^\d{4}$/, now: (date) => String(date.getUTCFullYear()), start: (at) => `${at}-01-01T00:00:00Z`,
    move: (date, n) => new Date(Date.UTC(date.getUTCFullYear() + n, 0, 1)),
    step: (date) => new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1)), name: (date) => String(date.getUTCFullYear()),
    label: (date) => `${months[date.getUTCMonth()]} ${date.getUTCFullYear()}`, tick: (date) => months[date.getUTCMonth()],
  },
};

export const steps = [["day", "day"], ["hour", "hour"], ["month", "month"]];

const length = 86400000;
const time = (text) => (/^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : NaN);
const plus = (text, days) => (Number.isNaN(time(text)) ? text : day(new Date(time(text) + days * length)));

// dayAfter is the end of a period whose last day is text: the calls do not include their end.
export const dayAfter = (text) => plus(text, 1);

// most is how many days a range by a step may have, so that its bars can be told apart.
const most = { hour: 14, day: 366, month: 3660 };

// wrongRange says what is wrong with the days from and to, both included: the field, and why. undefined: nothing.
export function wrongRange({ from, to, by }, now = new Date()) {
  const days = Math.round((time(to) - time(from)) / length) + 1;
  const bad = (field, text) => ({ field, text });
  for (const [name, text, title] of [["from", from, "first"], ["to", to, "last"]]) {
    const at = time(text);
    if (!text) return bad(name, `The ${title} day is missing.`);
    if (Number.isNaN(at) || day(new Date(at)) !== text || at < firstDay || at > lastDay) return bad(name, `The ${title} day has to be a date like 2026-11-23, since 1970.`);
  }
  if (days < 1) return bad("to", "The last day is before the first day.");
  if (from > day(now)) return bad("from", "The first day is in the future: nothing can have been called yet.");
  if (days > most[by]) return bad("to", `By ${by}, at most ${most[by]} days can be shown, and these are ${days}. Take fewer days${by === "month" ? "" : `, or show them by ${by === "hour" ? "day" : "month"}`}.`);
  return undefined;
}

// range is the period of the days from and to, both included.
function range({ from, to, by, name }, now) {
  const wrong = wrongRange({ from, to, by }, now);
  if (wrong) return { by, wrong, range: true, given: { from, to } };
  const start = new Date(time(from));
  const end = new Date(time(to) + length);
  const bins = binsOf(by, by === "month" ? new Date(Date.UTC(start.getUTCFullYear(), start.getUTCMonth(), 1)) : start, end, now);
  const every = Math.ceil(bins.length / 7);
  const size = by === "hour" && bins.length > 48 ? 24 * Math.ceil(bins.length / 24 / 7) : every;
  const short = (date) => (by === "month" ? kinds.month.label(date) : `${date.getUTCDate()} ${months[date.getUTCMonth()]}`);
  if (by !== "hour" || bins.length > 48) bins.forEach((bin, i) => { bin.tick = i % size === 0 ? short(bin.start) : ""; });
  const days = Math.round((end - start) / length);
  const moved = (n) => ({ range: "", from: plus(from, n * days), to: plus(to, n * days) });
  const named = (one) => (one.from === one.to ? one.from : `${one.from} to ${one.to}`);
  return {
    by, start, end, bins, range: true, given: { from, to }, name: name ?? named({ from, to }), from, to: day(end),
    before: start > firstDay ? moved(-1) : null, after: end > now ? null : moved(1), beforeName: named(moved(-1)), afterName: named(moved(1)), current: start <= now && now < end,
  };
}

// wrongStart says what is wrong with the parameter at. undefined: nothing. Date.UTC takes the years before 100 for others.
function wrongStart({ form, now, start, example }, asked) {
  const at = form.test(asked) ? new Date(start(asked)) : NaN;
  if (!Number.isNaN(Number(at)) && now(at) === asked && at >= firstDay && at <= lastDay) return undefined;
  return { field: "at", text: `The period has to be like ${example}, since 1970.` };
}

function binsOf(by, start, end, now) {
  const kind = kinds[by];
  const bins = [];
  for (let date = start; date < end; date = kind.step(date)) {
    bins.push({ start: date, end: kind.step(date), label: kind.label(date), tick: kind.tick(date), future: date > now });
  }
  return bins;
}

// stepFor is how finely a range is shown if the address does not say it.
function stepFor(from, to) {
  const days = (time(to) - time(from)) / length + 1;
  return days <= 2 ? "hour" : days > most.day ? "month" : "day";
}

// period reads the parameters of an address: by=day&at=2026-11 is a month by day, range=7d the last seven days, and from=2026-11-03&to=2026-11-12
// these ten days. If they are no range, wrong says why.
export function period(params, now = new Date()) {
  const chosen = Object.hasOwn(kinds, params.get("by")) ? params.get("by") : "";
  if (params.get("range") === "7d") return range({ from: plus(day(now), -6), to: day(now), by: chosen || "day", name: "Last 7 days" }, now);
  if (params.has("from") || params.has("to")) {
    const given = { from: params.get("from") ?? "", to: params.get("to") ?? "" };
    return range({ ...given, by: chosen || stepFor(given.from, given.to) }, now);
  }
  const by = chosen || "day";
  const kind = kinds[by];
  const asked = params.get("at") ?? "";
  const wrong = asked && wrongStart(kind, asked);
  if (wrong) return { by, wrong, given: { from: "", to: "" } };
  const start = new Date(kind.start(asked || kind.now(now)));
  const end = kind.move(start, 1);
  return {
    by, start, end, bins: binsOf(by, start, end, now), name: kind.name(start), from: day(start), to: day(end), given: { from: day(start), to: plus(day(end), -1) },
    before: start > firstDay ? { at: kind.now(kind.move(start, -1)) } : null, after: end > now ? null : { at: kind.now(end) },
    beforeName: kind.name(kind.move(start, -1)), afterName: kind.name(end), current: start <= now && now < end,
  };
}

export const lastDays = (n, now = new Date()) => ({ from: day(new Date(now.getTime() - n * length)), to: day(now) });
