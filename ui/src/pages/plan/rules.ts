/** Sections of the planner's page, and the days of a schedule. Pure. */

export const SECTIONS = ["week", "held", "waiting"] as const;
export type Section = (typeof SECTIONS)[number];

export function isSection(text: string): text is Section {
  return (SECTIONS as readonly string[]).includes(text);
}

const DAY_MS = 86_400_000;
const SLOT_MS = 30 * 60_000;

/** Seven days from the next half hour on: what the planner plans with one click. */
export function weekFrom(nowMs: number): { from: string; to: string } {
  const start = Math.ceil(nowMs / SLOT_MS) * SLOT_MS;
  return { from: new Date(start).toISOString(), to: new Date(start + 7 * DAY_MS).toISOString() };
}

interface Timed {
  from: string;
  to: string;
}

/** What has not ended yet, by the day on which it begins (as `dayOf` names it), in the order of time. */
export function byDay<T extends Timed>(rows: readonly T[], dayOf: (time: string) => string, nowMs: number): [string, T[]][] {
  const days = new Map<string, T[]>();
  for (const row of rows.filter(({ to }) => Date.parse(to) > nowMs).sort((a, b) => Date.parse(a.from) - Date.parse(b.from))) {
    const day = dayOf(row.from);
    days.set(day, [...(days.get(day) ?? []), row]);
  }
  return [...days];
}

export interface Crewed extends Timed {
  order: string;
  number: string;
  title: string;
  reason: string;
  crew: { person: string; seen: boolean }[];
}

/** One line for each job, with everybody who works on it. */
export function withCrews(rows: readonly (Timed & { order: string; number: string; title: string; reason: string; person: string; seen: boolean })[]): Crewed[] {
  const jobs = new Map<string, Crewed>();
  for (const { person, seen, ...row } of rows) {
    const key = `${row.order} ${row.from}`;
    const { crew, ...known } = jobs.get(key) ?? { ...row, crew: [] };
    jobs.set(key, { ...known, crew: [...crew, { person, seen }] });
  }
  return [...jobs.values()];
}

/** Hours by which an order begins later than it should when a step comes as late as is expected now; 0: in time. */
export function startsLateH({ step, start_by }: { step: { due: string }; start_by: string | null }): number {
  return start_by === null ? 0 : Math.max(0, (Date.parse(step.due) - Date.parse(start_by)) / 3_600_000);
}
