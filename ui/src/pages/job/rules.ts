/** What a step or a line of the report asks for. Pure. */

import type { JobStepOut, LineIn, LineKind, LineOut, ResultIn } from "../../api/jobTypes";

export type StepState = "open" | "done" | "bad" | "skipped" | "unsigned";

export function stateOf(step: JobStepOut): StepState {
  if (!step.result) return "open";
  if (step.result.outside || step.result.outcome === "failed") return "bad";
  if (step.result.outcome === "skipped") return "skipped";
  return step.sign_off && !step.result.signed_by ? "unsigned" : "done";
}

/** May this reader confirm the step? Never who did it. */
export function mayConfirm(step: JobStepOut, me: string): boolean {
  return stateOf(step) === "unsigned" && step.result?.by !== me && step.result?.told_by !== me;
}

/** Does the value lie outside of the limits? Null: not a number. */
export function isOutside(step: JobStepOut, text: string): boolean | null {
  const value = numberOf(text);
  if (value === null) return null;
  return (step.low !== null && value < step.low) || (step.high !== null && value > step.high);
}

/** A number as people type it: a comma is a decimal point. */
export function numberOf(text: string): number | null {
  const cleaned = text.trim().replace(",", ".");
  const value = Number(cleaned);
  return cleaned === "" || !Number.isFinite(value) ? null : value;
}

/** What a form tells of a step, or the name of the field that is wrong. */
export function resultOf(step: JobStepOut, outcome: ResultIn["outcome"], text: string, note: string): ResultIn | "value" | "note" {
  if (outcome !== "done") return note.trim() === "" ? "note" : { outcome, note: note.trim() };
  if (step.kind !== "measure") return { outcome, note: note.trim() };
  const value = numberOf(text);
  return value === null ? "value" : { outcome, value, note: note.trim() };
}

export const REPORTABLE: readonly LineKind[] = ["labour", "part", "cost", "rating"];

export interface LineForm {
  kind: LineKind;
  what: string;
  quantity: string;
  price: string;
  note: string;
  corrects: number | null;
}

export function emptyLine(me: string): LineForm {
  return { kind: "labour", what: me, quantity: "1", price: "0", note: "", corrects: null };
}

/** A form filled in with a line that was told wrongly. */
export function correctionOf(line: LineOut): LineForm {
  return { kind: line.kind, what: line.what, quantity: String(line.quantity), price: String(line.unit_cost), note: line.note, corrects: line.seq };
}

export function lineOf(form: LineForm): LineIn | "what" | "quantity" | "price" {
  const quantity = numberOf(form.quantity);
  const price = form.kind === "rating" ? 0 : numberOf(form.price);
  if (form.kind !== "rating" && form.what.trim() === "") return "what";
  if (quantity === null || quantity < 0) return "quantity";
  if (price === null || price < 0) return "price";
  return { kind: form.kind, what: form.what.trim(), quantity, unit_cost: price, note: form.note.trim(), corrects: form.corrects };
}

/** The limits of a measurement, as numbers in words of the reader. */
export function limitsText({ low, high, unit }: JobStepOut, quantity: (value: number, unit: string) => string, words: { from: string; upTo: string }): string {
  if (low !== null && high !== null) return `${quantity(low, "")} – ${quantity(high, unit)}`;
  if (low !== null) return `${words.from} ${quantity(low, unit)}`;
  return high !== null ? `${words.upTo} ${quantity(high, unit)}` : unit;
}
