/** Spare parts: what lies there, who asks for it and why, and what is bought. */

import { useQuery } from "@tanstack/react-query";
import { ApiError, get, post } from "./client";
import { idempotencyKey } from "./orders";

export type CauseKind = "fault" | "plan" | "order" | "unexplained";

/** Expected pieces of one cause inside the window; all traces add up to the mean. */
export interface DemandTrace {
  kind: CauseKind;
  asset: string;
  cause: string;
  pieces: number;
  probability: number;
  when: string | null;
  text: string;
  why: string;
}

/** A part with its demand over `window_days`, what is there and what comes. `reorder_point` null: no policy, or not kept. */
export interface PartDemandRow {
  part: string;
  name: string;
  window_days: number;
  mean: number;
  p50: number;
  p90: number;
  on_hand: number;
  available: number;
  on_order: number;
  reorder_point: number | null;
  order_up_to: number | null;
  main_cause: string;
}

export interface ReorderPolicy {
  level: number;
  reorder_point: number | null;
  order_up_to: number;
  lot: number;
  price: number;
  currency: string;
  lead: { p50_days: number; p90_days: number; deliveries: number };
  reasons: string[];
}

/** `chances`: of 0, 1, 2 ... pieces. `policy`: the one in force, `now`: the one that would follow from today. */
export interface PartDemandDetail extends PartDemandRow {
  chances: number[];
  traces: DemandTrace[];
  text: string;
  policy: ReorderPolicy | null;
  now: ReorderPolicy;
}

export interface Reservation {
  id: number;
  order: string;
  part: string;
  left: number;
  state: "waiting" | "held" | "issued" | "released";
  needed_by: string | null;
  substitute_for: string | null;
}

export interface StockPart {
  id: string;
  on_hand: number;
  reserved: number;
  unusable: number;
  expired: number;
  available: number;
  balances: { place: string; batch: string; quantity: number; expires: string | null }[];
  coming: { quantity: number; due: string | null; text: string }[];
  reservations: Reservation[];
}

export interface BuyingNeed {
  key: string;
  quantity: number;
  why: string;
  needed_by: string | null;
  order: string | null;
}

/** Pieces of a part that should be bought; `cost` at the price on the card. */
export interface BuyingProposal {
  id: number;
  part: string;
  state: "open" | "approved" | "asked" | "ordered" | "dropped";
  quantity: number;
  cost: number;
  needed_by: string | null;
  needs: BuyingNeed[];
  revision: number;
  allowed_actions: string[];
}

export interface PurchaseRow {
  id: string;
  number: string;
  supplier: string;
  status: string;
  lines: { line: number; part: string; quantity: number; open: number; promised: string | null; due: string | null }[];
  total: number;
  currency: string;
}

export interface ReorderProposal {
  part: string;
  quantity: number;
  money: number;
  saves: number;
  reason: string;
  held_back: boolean;
}

/** What an order has put aside, waits for, and holds in hand. */
export interface OrderStock {
  order: string;
  reservations: Reservation[];
  in_hand: Record<string, number>;
}

export const partKeys = {
  demand: ["demand"] as const, part: (part: string) => ["demand", part] as const, stock: (part: string) => ["stock", part] as const,
  proposals: ["buying-proposals"] as const, purchases: ["purchases"] as const, reorder: ["reorder"] as const, order: (order: string) => ["order-stock", order] as const,
};
const id = encodeURIComponent;
const REFETCH_MS = 30_000;

/** Null where the server keeps no such thing, or does not know the part. */
async function perhaps<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

export const useDemand = () =>
  useQuery({ queryKey: partKeys.demand, queryFn: ({ signal }) => get<PartDemandRow[]>("/api/demand?limit=1000", signal), refetchInterval: REFETCH_MS });

export const usePartDemand = (part: string) =>
  useQuery({ queryKey: partKeys.part(part), queryFn: ({ signal }) => get<PartDemandDetail>(`/api/demand/part?part=${id(part)}`, signal) });

export const useStockPart = (part: string) =>
  useQuery({ queryKey: partKeys.stock(part), queryFn: ({ signal }) => perhaps(get<StockPart>(`/api/stock/parts/${id(part)}`, signal)), refetchInterval: REFETCH_MS });

export const useBuyingProposals = () =>
  useQuery({ queryKey: partKeys.proposals, queryFn: ({ signal }) => get<BuyingProposal[]>("/api/buying/proposals?state=open&state=approved", signal), refetchInterval: REFETCH_MS });

export const useReorder = () =>
  useQuery({ queryKey: partKeys.reorder, queryFn: ({ signal }) => get<ReorderProposal[]>("/api/demand/proposals", signal), refetchInterval: REFETCH_MS });

export const usePurchases = () =>
  useQuery({ queryKey: partKeys.purchases, queryFn: ({ signal }) => get<PurchaseRow[]>("/api/buying/orders", signal), refetchInterval: REFETCH_MS });

export const useOrderStock = (order: string, revision: number, enabled: boolean) =>
  useQuery({
    queryKey: [...partKeys.order(order), revision],
    queryFn: ({ signal }) => get<OrderStock>(`/api/stock/orders/${id(order)}`, signal),
    placeholderData: (before) => before,
    enabled,
  });

const once = () => ({ "Idempotency-Key": idempotencyKey() });

export const parts = {
  settle: async ({ id: proposal, revision }: BuyingProposal, to: "approved" | "dropped", note = "") =>
    post(`/api/buying/proposals/${proposal}/actions`, { to, note }, { ...once(), "If-Match": `"${revision}"` }),
  proposeReorder: async () => post("/api/demand/proposals", {}, once()),
  reserve: async (order: string) => post(`/api/stock/orders/${id(order)}/reserve`, {}, once()),
  issue: async (order: string, part: string, quantity: number) => post(`/api/stock/orders/${id(order)}/issue`, { part, quantity }, once()),
};
