/** What the page has to know of the life of an order; which step is allowed, the server says in `allowed_actions`. */

import type { OrderRow, StatusName } from "./orderTypes";

const ENDED: readonly StatusName[] = ["COMP", "CLOSE", "CAN"];

export function isOpen(order: Pick<OrderRow, "status">): boolean {
  return !ENDED.includes(order.status);
}

/** A key that makes the repetition of a request harmless. `randomUUID` is missing on plain HTTP outside localhost. */
export function idempotencyKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
}
