/** What a part needs from whoever looks at it. Pure. */

import type { DemandTrace, PartDemandRow } from "../../api/parts";

export const SECTIONS = ["demand", "buy"] as const;
export type Section = (typeof SECTIONS)[number];

export function isSection(text: string): text is Section {
  return (SECTIONS as readonly string[]).includes(text);
}

export type Supply = "missing" | "low" | "enough" | "none";

/** missing: less is there and coming than half of the cases ask for; low: at the reorder point or below, or P90 is not covered. */
export function supplyOf({ available, on_order, p50, p90, reorder_point: point }: PartDemandRow): Supply {
  const coming = available + on_order;
  if (coming < p50) return "missing";
  if ((point !== null && coming <= point) || coming < p90) return "low";
  return p90 === 0 && point === null && available === 0 ? "none" : "enough";
}

const RANK: Record<Supply, number> = { missing: 0, low: 1, enough: 2, none: 3 };

/** The most urgent first, then the most asked for. */
export function urgentFirst(rows: readonly PartDemandRow[]): PartDemandRow[] {
  return [...rows].sort((a, b) => RANK[supplyOf(a)] - RANK[supplyOf(b)] || b.mean - a.mean || a.part.localeCompare(b.part));
}

export function matching(rows: readonly PartDemandRow[], text: string): PartDemandRow[] {
  const wanted = text.trim().toLowerCase();
  return rows.filter(({ part, name, main_cause: cause }) => `${part} ${name} ${cause}`.toLowerCase().includes(wanted));
}

/** Share of the expected pieces that one cause asks for; 0 where nothing is expected. */
export function shareOf(trace: DemandTrace, traces: readonly DemandTrace[]): number {
  const whole = traces.reduce((sum, { pieces }) => sum + pieces, 0);
  return whole > 0 ? trace.pieces / whole : 0;
}
