/** The planner's questions: what is held back, who is waited for, and who does what this week. */

import { useQuery } from "@tanstack/react-query";
import { get, post } from "./client";
import type { DepartmentStep } from "./jobTypes";
import { idempotencyKey } from "./orders";
import type { KindName, OrderDetail, StatusName } from "./orderTypes";

/** An advice that opened no order, and why. */
export interface HeldAdvice {
  asset: string;
  fault: string;
  name: string;
  why: string;
  reason: string;
  until: string | null;
  emergency: boolean;
  kind: KindName;
  title: string;
  priority: number;
  advice: string;
  order_by: string | null;
  start_by: string | null;
  win_probability: number | null;
  first_at: string;
  at: string;
  revision: number;
}

/** What waits for another department. */
export interface WaitingRow {
  step: DepartmentStep;
  number: string;
  asset: string;
  title: string;
  priority: number;
  status: StatusName;
  start_by: string | null;
}

export interface Assignment {
  from: string;
  to: string;
  order: string;
  crew: string[];
  reason: string;
}

/** One person at one order. `seen`: the person has looked at it. */
export interface KeptAssignment {
  from: string;
  to: string;
  order: string;
  number: string;
  title: string;
  place: string;
  person: string;
  seen: boolean;
  reason: string;
}

export interface Standing {
  revision: number;
  changed_at: string | null;
  lateness: number | null;
  assignments: KeptAssignment[];
}

/** A proposal over the schedule at `revision`; nothing is kept yet. */
export interface Proposal {
  revision: number;
  assignments: Assignment[];
  left_out: { order: string; reason: string }[];
  gap: number | null;
  lateness: number;
  greedy_lateness: number;
  seconds: number;
  changes: string[];
}

export interface PersonOut {
  id: string;
  name: string;
  skills: Record<string, number>;
  place: string;
  active: boolean;
}

export interface Span {
  from: string;
  to: string;
}

export const planKeys = { held: ["held"] as const, waiting: ["waiting"] as const, schedule: ["schedule"] as const, people: ["people"] as const };
const REFETCH_MS = 15_000;

export const useHeld = () =>
  useQuery({ queryKey: planKeys.held, queryFn: ({ signal }) => get<HeldAdvice[]>("/api/autonomy/held", signal), refetchInterval: REFETCH_MS });

export const useWaiting = () =>
  useQuery({ queryKey: planKeys.waiting, queryFn: ({ signal }) => get<WaitingRow[]>("/api/departments", signal), refetchInterval: REFETCH_MS });

export const useSchedule = () =>
  useQuery({ queryKey: planKeys.schedule, queryFn: ({ signal }) => get<Standing>("/api/schedule", signal), refetchInterval: REFETCH_MS });

export const usePeople = () =>
  useQuery({ queryKey: planKeys.people, queryFn: ({ signal }) => get<PersonOut[]>("/api/people?active=true", signal), staleTime: 60_000 });

const id = encodeURIComponent;

export const plan = {
  release: async ({ asset, fault, revision }: HeldAdvice): Promise<OrderDetail> => {
    const headers = { "If-Match": `"${revision}"`, "Idempotency-Key": idempotencyKey() };
    return (await (await post(`/api/autonomy/held/${id(asset)}/${id(fault)}/release`, {}, headers)).json()) as OrderDetail;
  },
  propose: async (span: Span): Promise<Proposal> => (await (await post("/api/schedule/plan", { ...span, limit_s: 10 })).json()) as Proposal,
  publish: async (span: Span, { revision, assignments }: Proposal): Promise<Standing> => {
    const headers = { "If-Match": `"${revision}"`, "Idempotency-Key": idempotencyKey() };
    return (await (await post("/api/schedule", { ...span, assignments }, headers)).json()) as Standing;
  },
};
