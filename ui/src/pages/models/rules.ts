/** What the page of models makes of the figures. Pure. */

import type { Change, EstimateOut, ModelRow, OrderChangeOut, ScoreOut, StageName, VerdictsOut } from "../../api/modelTypes";

export const SECTIONS = ["scorecard", "versions", "whatif", "drift"] as const;
export type Section = (typeof SECTIONS)[number];

export function isSection(text: string): text is Section {
  return (SECTIONS as readonly string[]).includes(text);
}

export type Tone = "alarm" | "alert" | "normal" | "brand" | "quiet";

export const STAGE_TONES: Record<StageName, Tone> = {
  champion: "normal", challenger: "brand", shadow: "brand", candidate: "quiet", retired: "quiet",
};

const STAGES: readonly StageName[] = ["champion", "challenger", "shadow", "candidate", "retired"];

/** Names together, and in each the one that decides first. */
export function inUseFirst(a: ModelRow, b: ModelRow): number {
  return a.name.localeCompare(b.name) || STAGES.indexOf(a.stage) - STAGES.indexOf(b.stage) || b.version - a.version;
}

export type Kept = "kept" | "exceeded" | "early";

/** Does the measured rate of false alarms keep what was set? "early": its interval holds the set one. null: not measured. */
export function keepsRate({ false_alarms_per_year: measured, set_rate }: Pick<ScoreOut, "false_alarms_per_year" | "set_rate">): Kept | null {
  if (set_rate === null || measured.value === null || measured.low === null || measured.high === null) return null;
  if (measured.low > set_rate) return "exceeded";
  return measured.high <= set_rate ? "kept" : "early";
}

export const KEPT_TONES: Record<Kept, Tone> = { kept: "normal", exceeded: "alarm", early: "quiet" };

/** Early warning that leaves time for the part: seven days and more. */
export const IN_TIME_DAYS = 7;

const CHANGES: readonly Change[] = ["appeared", "vanished", "earlier", "later", "same"];

export function newsFirst(a: OrderChangeOut, b: OrderChangeOut): number {
  return CHANGES.indexOf(a.what) - CHANGES.indexOf(b.what) || a.asset.localeCompare(b.asset);
}

export const CHANGE_TONES: Record<Change, Tone> = {
  appeared: "alert", vanished: "alarm", earlier: "normal", later: "alert", same: "quiet",
};

/** A hundred shares and rates are read faster than fractions of one. */
export const isKnown = (estimate: EstimateOut): estimate is EstimateOut & { value: number } => estimate.value !== null;

/** Fewer false and missed orders than before, and no more of either. */
export function isBetter(before: VerdictsOut, after: VerdictsOut): boolean | null {
  const worse = after.false > before.false || after.missed > before.missed;
  const fewer = after.false < before.false || after.missed < before.missed;
  return worse ? false : fewer ? true : null;
}
