/** Times as people of the site read them. Pure: the zone, the language and "now" are arguments. */

export const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** The words of a duration in one language. */
export interface DurationWords {
  seconds: string;
  minutes: string;
  hours: string;
  days: string;
  years: string;
  now: string;
  ahead: (duration: string) => string;
  ago: (duration: string) => string;
}

export function milliseconds(time: string | number): number {
  return typeof time === "number" ? time : Date.parse(time);
}

/** A zone that this browser knows, else UTC (old phones lack new names). */
export function knownZone(zone: string): string {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return zone;
  } catch {
    return "UTC";
  }
}

const formats = new Map<string, Intl.DateTimeFormat>();

function format(language: string, zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${language}|${zone}|${JSON.stringify(options)}`;
  const made = formats.get(key) ?? new Intl.DateTimeFormat(language, { timeZone: zone, hourCycle: "h23", ...options });
  formats.set(key, made);
  return made;
}

const CLOCK = { hour: "2-digit", minute: "2-digit" } as const;
const DATE = { day: "numeric", month: "short", year: "numeric" } as const;

/** `23 Nov 2026, 14:05 GMT+1`: with the zone, for a date that stands alone. */
export function dateTime(time: string | number, language: string, zone: string): string {
  return format(language, zone, { ...DATE, ...CLOCK, timeZoneName: "short" }).format(milliseconds(time));
}

/** `Mon 23 Nov, 14:05`: without year and zone, for lists under a heading that names the zone. */
export function shortDateTime(time: string | number, language: string, zone: string): string {
  const options = { weekday: "short", day: "numeric", month: "short", ...CLOCK } as const;
  return format(language, zone, options).format(milliseconds(time));
}

/** `Mon 23 Nov 2026`. */
export function day(time: string | number, language: string, zone: string): string {
  return format(language, zone, { weekday: "short", ...DATE }).format(milliseconds(time));
}

/** `14:05 CET`: beside a day. */
export function timeOfDay(time: string | number, language: string, zone: string): string {
  return format(language, zone, { ...CLOCK, timeZoneName: "short" }).format(milliseconds(time));
}

/** Two units at most: `6 d 4 h`, `4 h 10 min`, `12 min`; from 100 days on days alone. */
export function span(durationMs: number, words: DurationWords): string {
  const minutes = Math.round(Math.abs(durationMs) / MINUTE_MS);
  const [days, hours, rest] = [Math.floor(minutes / 1440), Math.floor((minutes % 1440) / 60), minutes % 60];
  const join = (a: number, unitA: string, b: number, unitB: string) => `${a} ${unitA}${b ? ` ${b} ${unitB}` : ""}`;
  if (days >= 100) return `${days} ${words.days}`;
  if (days > 0) return join(days, words.days, hours, words.hours);
  if (hours > 0) return join(hours, words.hours, rest, words.minutes);
  return `${rest} ${words.minutes}`;
}

/** Down to tenths of a second, for the error of a clock: `1.5 s`, `40 s`, `14 min`. */
export function seconds(durationS: number, words: DurationWords): string {
  if (durationS >= 90) return span(1000 * durationS, words);
  return `${Number(durationS.toFixed(durationS < 10 ? 1 : 0))} ${words.seconds}`;
}

/** `in 6 d 4 h`, `2 h ago`, or `now` within half a minute. */
export function relative(time: string | number, nowMs: number, words: DurationWords): string {
  const ahead = milliseconds(time) - nowMs;
  if (Math.abs(ahead) < MINUTE_MS / 2) return words.now;
  return ahead > 0 ? words.ahead(span(ahead, words)) : words.ago(span(ahead, words));
}

/** A remaining life in one unit: `36 h`, `6.2 d`, `25 d`, `2.4 y`. */
export function life(hours: number, words: DurationWords): string {
  if (hours < 1) return `${Math.round(hours * 60)} ${words.minutes}`;
  if (hours < 48) return `${Math.round(hours)} ${words.hours}`;
  const days = hours / 24;
  if (days < 10) return `${Number(days.toFixed(1))} ${words.days}`;
  if (days < 730) return `${Math.round(days)} ${words.days}`;
  return `${Number((days / 365.25).toFixed(1))} ${words.years}`;
}

/** How fast an accelerated plant clock runs: `3 h/s`. */
export function clockRate(plantSecondsPerSecond: number, words: DurationWords): string {
  const steps: [number, string][] = [[86_400, words.days], [3_600, words.hours], [60, words.minutes]];
  const [size, unit] = steps.find(([seconds]) => plantSecondsPerSecond >= seconds) ?? [1, "s"];
  return `${Number((plantSecondsPerSecond / size).toFixed(1))} ${unit}/s`;
}

const offsets = new Map<string, number>();

/** What a zone adds to UTC at a moment, in milliseconds. */
export function zoneOffsetMs(atMs: number, zone: string): number {
  const hour = Math.floor(atMs / HOUR_MS);
  const key = `${zone}|${hour}`;
  const known = offsets.get(key);
  if (known !== undefined) return known;
  const options = { ...DATE, month: "numeric", ...CLOCK, second: "2-digit" } as const;
  const parts = format("en", zone, options).formatToParts(hour * HOUR_MS);
  const part = (type: string) => Number(parts.find((p) => p.type === type)?.value);
  const wall = Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second"));
  const offset = wall - hour * HOUR_MS;
  offsets.set(key, offset);
  return offset;
}

/** Orders dates for a list: the earliest first, those without a date last. */
export function earliestFirst(a: string | null, b: string | null): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  return Date.parse(a) - Date.parse(b);
}
