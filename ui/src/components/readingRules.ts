/** What a person may enter, as rules without a page: numbers as people write them, times as the clock on the wall shows them. */

import type { ReadingsIn, RoundRow } from "../api/roundTypes";
import type { SignalOut } from "../api/types";
import { zoneOffsetMs } from "../format/times";

/** One field of the form. `low`, `high` and `last` are in `unit`. */
export interface Field {
  name: string;
  unit: string;
  low: number | null;
  high: number | null;
  last: number | null;
  lastAt: string | null;
}

/** `38,5` and `38.5` are the same; null for what is no number. */
export function numberOf(text: string): number | null {
  const plain = text.trim().replace(/^([^.,]*),([^.,]*)$/, "$1.$2").replace(/^[\u2212]/, "-");
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d{1,3})?$/i.test(plain) ? Number(plain) : null;
}

/** `2026-11-23T08:30` on the wall clock of a zone -> ISO 8601 in UTC; null for an empty or unfinished text. */
export function instantOf(wall: string, zone: string): string | null {
  const asUtc = Date.parse(`${wall}Z`);
  if (!wall || Number.isNaN(asUtc)) return null;
  const near = asUtc - zoneOffsetMs(asUtc, zone);
  return new Date(asUtc - zoneOffsetMs(near, zone)).toISOString();
}

export function fieldsOfRound(round: RoundRow): Field[] {
  return round.signals.map(({ name, unit, low, high, last_value: last, last_at: lastAt }) => ({ name, unit, low, high, last, lastAt }));
}

export function fieldOfSignal({ name, unit, last_value: last, last_at: lastAt }: SignalOut): Field {
  return { name, unit, low: null, high: null, last, lastAt };
}

/** Signals that no round asks for. */
export function otherSignals(signals: SignalOut[], rounds: RoundRow[]): SignalOut[] {
  const asked = new Set(rounds.flatMap((round) => round.signals.map((signal) => signal.name)));
  return signals.filter((signal) => signal.kind === "scalar" && !asked.has(signal.name));
}

/** What was typed, as a request; or the names of the fields that hold no number. */
export function readingsOf(
  texts: Record<string, string>, at: string | null, note: string, confirm: boolean,
): { wanted: ReadingsIn; wrong: string[] } {
  const filled = Object.entries(texts).filter(([, text]) => text.trim() !== "");
  const read = filled.map(([name, text]) => [name, numberOf(text)] as const);
  const values = Object.fromEntries(read.flatMap(([name, value]) => (value === null ? [] : [[name, value] as const])));
  const wrong = read.flatMap(([name, value]) => (value === null ? [name] : []));
  return { wanted: { values, at, units: {}, note: note.trim(), confirm }, wrong };
}
