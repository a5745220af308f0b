/** Which ISO 14224 codes an order is completed with, and what of them is told. Pure. */

import type { ActionIn, OrderDetail, StatusName } from "../api/orderTypes";

export const CODE_KEYS = ["failure_mode_found", "failure_mechanism", "failure_cause", "detection_method", "activity"] as const;
export type CodeKey = (typeof CODE_KEYS)[number];
export type CodesTold = Partial<Record<CodeKey, string>>;

const OF_A_FAULT: readonly CodeKey[] = ["failure_mode_found", "failure_mechanism", "failure_cause"];
type Found = Pick<ActionIn, "finding" | "fault_found">;

/** Codes to ask for: those of a fault are left out where none was found. */
export function codesAsked(order: OrderDetail, status: StatusName, found: Found): CodeKey[] {
  if (status !== "COMP") return [];
  const nothing = found.finding === "not_found" && !found.fault_found;
  return CODE_KEYS.filter((key) => order.codes_asked.includes(key) && !(nothing && OF_A_FAULT.includes(key)));
}

/** What the order knows itself; of another fault than its own it knows only how that was noticed. */
export function usualCodes(order: OrderDetail, found: Found): CodesTold {
  const known = CODE_KEYS.filter((key) => order.usual_codes[key] && !(found.fault_found && OF_A_FAULT.includes(key)));
  return Object.fromEntries(known.map((key) => [key, order.usual_codes[key]]));
}

/** What is sent: what was chosen, else what the order knows, of the codes that are asked for. */
export function codesToSend(order: OrderDetail, status: StatusName, found: Found, chosen: CodesTold): CodesTold {
  const told = { ...usualCodes(order, found), ...chosen };
  return Object.fromEntries(codesAsked(order, status, found).filter((key) => told[key]).map((key) => [key, told[key]]));
}

/** Codes that are still to be chosen. */
export function codesMissing(order: OrderDetail, status: StatusName, found: Found, chosen: CodesTold): CodeKey[] {
  const told = codesToSend(order, status, found, chosen);
  return codesAsked(order, status, found).filter((key) => !told[key]);
}

/** Open steps of the job plan that completing the order has to account for: id -> text. */
export const stepsLeft = (order: OrderDetail, status: StatusName): [string, string][] =>
  status === "COMP" ? Object.entries(order.open_steps) : [];
