/** Shapes of work orders, as the API gives them; the words of fields are those of `api/schemas.py`. */

export type StatusName = "WAPPR" | "APPR" | "WSCH" | "WMATL" | "WPCOND" | "INPRG" | "COMP" | "CLOSE" | "CAN";
export type KindName = "condition" | "preventive" | "corrective" | "emergency" | "inspection" | "instrument";
export type FindingName = "confirmed" | "partly" | "not_found";

/** A part on an order, with its lead time in days (half / nine of ten deliveries). */
export interface PartLineOut {
  part: string;
  name: string;
  quantity: number;
  on_hand: number;
  lead_p50_days: number;
  lead_p90_days: number;
}

/** A work order in a list. `order_by` = order parts by, `start_by` = start work by. */
export interface OrderRow {
  id: string;
  number: string;
  asset: string;
  asset_name: string;
  kind: KindName;
  status: StatusName;
  priority: number;
  title: string;
  faults: string[];
  failure_mode: string;
  rul_p10_h: number | null;
  rul_p50_h: number | null;
  rul_p90_h: number | null;
  order_by: string | null;
  start_by: string | null;
  win_probability: number | null;
  draft: "level" | "advice" | null;
  reserve_parts: boolean;
  changed: string;
  created_at: string;
  updated_at: string;
  revision: number;
}

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export interface CauseOut {
  fault: string;
  label: string;
  failure_mode: string;
  added_at: string;
  evidence: { [key: string]: Json };
}

export interface AuditRow {
  at: string;
  actor: string;
  action: string;
  detail: string;
  hash: string;
}

export interface OrderDetail extends OrderRow {
  causes: CauseOut[];
  parts: PartLineOut[];
  steps: string[];
  repair_hours: number;
  verification: string;
  finding: FindingName | null;
  fault_found: string | null;
  codes_asked: string[];
  usual_codes: { [code: string]: string };
  open_steps: { [step: string]: string };
  planned_cost: number;
  currency: string;
  needs_approval: string;
  follows: string | null;
  follow_ups: string[];
  allowed_actions: StatusName[];
  history: AuditRow[];
}

/** A step, and what was found when it completes or closes the order (null: not told). */
export interface ActionIn {
  status: StatusName;
  note: string;
  finding?: FindingName | null;
  fault_found?: string | null;
  failure_mode_found?: string | null;
  failure_mechanism?: string | null;
  failure_cause?: string | null;
  detection_method?: string | null;
  activity?: string | null;
  skipped?: { [step: string]: string };
  part_used?: string | null;
  text?: string;
}

/** ISO 14224 codes with their words, and reasons of downtime. */
export interface CodesOut {
  failure_mode_found: { [code: string]: string };
  failure_mechanism: { [code: string]: string };
  failure_cause: { [code: string]: string };
  detection_method: { [code: string]: string };
  activity: { [code: string]: string };
  downtime_reasons: { [code: string]: string };
}

/** Does the repair show in the signals? waived: nobody will look; failed: a follow-up will be opened. */
export interface VerificationIn {
  result: "passed" | "failed" | "waived";
}
