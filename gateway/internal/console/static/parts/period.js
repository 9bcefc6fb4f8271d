// Periods of usage, in UTC: a month by day, a day by hour, or a year by month.
const pad = (n) => String(n).padStart(2, "0");
const day = (date) => date.toISOString().slice(0, 10);
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const kinds = {
  hour: {
    form: /^\d{4}-\d{2}-\d{2}$/, now: (date) => day(date), start: (at) => `${at}T00:00:00Z`,
    move: (date, n) => new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate() + n)),
    step: (date) => new Date(date.getTime() + 3600000), name: (date) => `${date.getUTCDate()} ${months[date.getUTCMonth()]} ${date.getUTCFullYear()}`,
    label: (date) => `${date.getUTCDate()} ${months[date.getUTCMonth()]}, ${pad(date.getUTCHours())}:00`,
    tick: (date) => (date.getUTCHours() % 6 === 0 ? `${pad(date.getUTCHours())}:00` : ""),
  },
  day: {
    form: /^\d{4}-\d{2}$/, now: (date) => day(date).slice(0, 7), start: (at) => `${at}-01T00:00:00Z`,
    move: (date, n) => new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + n, 1)),
    step: (date) => new Date(date.getTime() + 86400000), name: (date) => `${months[date.getUTCMonth()]} ${date.getUTCFullYear()}`,
    label: (date) => `${date.getUTCDate()} ${months[date.getUTCMonth()]}`,
    tick: (date) => (date.getUTCDate() === 1 || date.getUTCDate() % 5 === 0 ? String(date.getUTCDate()) : ""),
  },
  month: {
    form: /^\d{4}$/, now: (date) => String(date.getUTCFullYear()), start: (at) => `${at}-01-01T00:00:00Z`,
    move: (date, n) => new Date(Date.UTC(date.getUTCFullYear() + n, 0, 1)),
    step: (date) => new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1)), name: (date) => String(date.getUTCFullYear()),
    label: (date) => `${months[date.getUTCMonth()]} ${date.getUTCFullYear()}`, tick: (date) => months[date.getUTCMonth()],
  },
};

export const steps = [["day", "day"], ["hour", "hour"], ["month", "month"]];

// period reads the parameters by and at of an address: by=day&at=2026-11 is a month by day.
export function period(params, now = new Date()) {
  const by = Object.hasOwn(kinds, params.get("by")) ? params.get("by") : "day";
  const kind = kinds[by];
  const asked = params.get("at") ?? "";
  const valid = kind.form.test(asked) && !Number.isNaN(Date.parse(kind.start(asked)));
  const start = new Date(kind.start(valid ? asked : kind.now(now)));
  const end = kind.move(start, 1);
  const bins = [];
  for (let date = start; date < end; date = kind.step(date)) {
    bins.push({ start: date, end: kind.step(date), label: kind.label(date), tick: kind.tick(date), future: date > now });
  }
  return {
    by, start, end, bins, name: kind.name(start), from: day(start), to: day(end),
    before: kind.now(kind.move(start, -1)), after: end > now ? "" : kind.now(end), beforeName: kind.name(kind.move(start, -1)), afterName: kind.name(end),
    current: start <= now && now < end,
  };
}

export const lastDays = (n, now = new Date()) => ({ from: day(new Date(now.getTime() - n * 86400000)), to: day(now) });
