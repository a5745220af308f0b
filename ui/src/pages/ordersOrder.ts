import { isOpen } from "../api/orders";
import type { OrderRow } from "../api/orderTypes";
import { earliestFirst } from "../format/times";

/** Open orders first, by the date at which work has to start, then by priority; ended ones by their last change. */
export function mostUrgentFirst(a: OrderRow, b: OrderRow): number {
  const byOpen = Number(isOpen(b)) - Number(isOpen(a));
  if (byOpen !== 0) return byOpen;
  if (!isOpen(a)) return Date.parse(b.updated_at) - Date.parse(a.updated_at);
  return earliestFirst(a.start_by, b.start_by) || a.priority - b.priority || a.number.localeCompare(b.number);
}
