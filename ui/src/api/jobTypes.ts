/** Shapes of the work of an order: steps and results, the report, other departments, verification. */

import type { KindName, StatusName } from "./orderTypes";

export type OutcomeName = "done" | "failed" | "skipped";
export type StepKind = "task" | "measure" | "quality";
export type LineKind = "labour" | "part" | "cost" | "duration" | "rating" | "downtime";

export interface StepResultOut {
  seq: number;
  outcome: OutcomeName;
  value: number | null;
  unit: string;
  outside: boolean;
  note: string;
  by: string;
  told_by: string;
  at: string;
  signed_by: string | null;
  signed_at: string | null;
}

/** A step on an order. `unit`, `low`, `high` (inclusive) are those of a measurement. */
export interface JobStepOut {
  id: string;
  text: string;
  kind: StepKind;
  hours: number;
  unit: string;
  low: number | null;
  high: number | null;
  required: boolean;
  sign_off: boolean;
  result: StepResultOut | null;
  follow_up_order: string | null;
}

export interface LineOut {
  seq: number;
  kind: LineKind;
  what: string;
  quantity: number;
  unit_cost: number;
  currency: string;
  amount: number;
  start: string | null;
  end: string | null;
  note: string;
  corrects: number | null;
  stands: boolean;
  by: string;
  at: string;
}

export interface CostsOut {
  currency: string;
  labour: number;
  parts: number;
  other: number;
  total: number;
  hours: number;
  planned: number;
  approved: number | null;
  approved_by: string | null;
}

export interface OrderJobOut {
  order: string;
  revision: number;
  status: StatusName;
  plans: string[];
  steps: JobStepOut[];
  open_steps: string[];
  unsigned: string[];
  skills: { skill: string; level: number }[];
  tools: string[];
  safety: { loto: boolean; permits: string[]; notes: string };
  lines: LineOut[];
  costs: CostsOut;
}

export interface ResultIn {
  outcome: OutcomeName;
  value?: number | null;
  note?: string;
}

export interface LineIn {
  kind: LineKind;
  what: string;
  quantity: number;
  unit_cost: number;
  note: string;
  corrects: number | null;
}

export type DepartmentName = "production" | "safety" | "purchasing";

/** What another department has to do before the work can begin. */
export interface DepartmentStep {
  id: number;
  order: string;
  department: DepartmentName;
  what: string;
  owner: string;
  required: boolean;
  due: string;
  done_at: string | null;
  done_by: string | null;
  dropped_at: string | null;
  note: string;
  slipped: boolean;
  revision: number;
}

export interface DepartmentSteps {
  order: string;
  number: string;
  earliest_start: string;
  start_by: string | null;
  late_h: number;
  can_start: boolean;
  waits_in: StatusName | null;
  reason: string;
  steps: DepartmentStep[];
}

/** One signal before and after the work at comparable load; ratios: 1 = at the limit. */
export interface ComparedOut {
  signal: string;
  unit: string;
  carried: boolean;
  healthy: number;
  before: number | null;
  after: number | null;
  limit: number;
  after_ratio: number | null;
  abnormal: boolean;
}

export interface ComparisonOut {
  result: "pending" | "passed" | "failed" | "waived";
  reason: string;
  at: string;
  seen_h: number;
  needed_h: number;
  signals: ComparedOut[];
}

export interface VerificationOut {
  order: string;
  verification: string;
  now: ComparisonOut | null;
  concluded: ComparisonOut[];
}

export interface OrderLink {
  number: string;
  kind: KindName;
  status: StatusName;
  title: string;
}
