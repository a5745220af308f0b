/** Shapes of the routes of models, one to one with the server's schemas. */

export type StageName = "candidate" | "shadow" | "challenger" | "champion" | "retired";

/** A number with its 95 % interval; all null where nothing was counted. `count` of `total` cases or asset-years. */
export interface EstimateOut {
  value: number | null;
  low: number | null;
  high: number | null;
  count: number;
  total: number;
}

export interface ModelRow {
  name: string;
  version: number;
  task: string;
  kind: string;
  asset_class: string;
  stage: StageName;
  revision: number;
  trained_at: string;
  changed_at: string;
  promoted_at: string | null;
  rows: number;
  assets: number;
  metrics: { [name: string]: number };
  report_sha256: string;
  failed: string;
  allowed_stages: StageName[];
}

export interface ModelColumnOut {
  name: string;
  unit: string;
}

export interface ModelDetail extends ModelRow {
  columns: ModelColumnOut[];
  data_digest: string;
  data_from: string;
  data_until: string;
  file_sha256: string;
  settings: { [name: string]: unknown };
  libraries: { [name: string]: string };
  limits: string;
  notes: string;
  ends: number | null;
  what_if: string[];
}

/** `of`: an asset class, "name version" of a model, or "" for all. */
export interface ScoreOut {
  of: string;
  orders: number;
  precision: EstimateOut;
  confirmed: EstimateOut;
  recall: EstimateOut;
  warning_days: EstimateOut;
  in_time: EstimateOut;
  false_alarms_per_year: EstimateOut;
  set_rate: number | null;
  asset_years: number;
  net: number | null;
}

export interface MissOut {
  asset: string;
  asset_class: string;
  number: string;
  at: string;
}

export interface ScorecardOut {
  since: string;
  until: string;
  empty: boolean;
  waiting: number;
  total: ScoreOut;
  by_class: ScoreOut[];
  by_model: ScoreOut[];
  misses: MissOut[];
}

export interface SkillOut {
  log_loss: number;
  right: number;
  claimed: number;
}

export interface FactorOut {
  asset_class: string;
  mechanism: string;
  factor: number;
}

export interface LessonsOut {
  labels: number;
  confirmed: number;
  partly: number;
  not_found: number;
  scored: number;
  physics: SkillOut | null;
  with_orders: SkillOut | null;
  less_log_loss: EstimateOut;
  more_right: EstimateOut;
  factors: FactorOut[];
  sentence: string;
}

/** `until` null: now. Nothing changed: today against today. */
export interface WhatIfIn {
  since: string;
  until: string | null;
  every_h: number;
  false_alarms: number | null;
  threshold: number | null;
  policy: { [name: string]: number };
  model: string;
  asset_class: string;
  assets: string[];
}

export interface OpenedOut {
  fault: string;
  label: string;
  opened_at: string;
  order_by: string | null;
  start_by: string | null;
  p50_h: number | null;
}

export type Change = "appeared" | "vanished" | "earlier" | "later" | "same";

export interface OrderChangeOut {
  what: Change;
  asset: string;
  asset_name: string;
  before: OpenedOut | null;
  after: OpenedOut | null;
  moved_h: number;
}

export interface VerdictsOut {
  orders: number;
  alarms_per_asset_month: EstimateOut;
  confirmed: number;
  false: number;
  missed: number;
  unknown: number;
  precision: EstimateOut;
  warning_days: EstimateOut;
}

export interface WhatIfOut {
  sha256: string;
  change: { [name: string]: unknown };
  model: string;
  since: string;
  until: string;
  every_h: number;
  assets: string[];
  before: VerdictsOut;
  after: VerdictsOut;
  real: VerdictsOut;
  changes: OrderChangeOut[];
  notes: string[];
}

export interface JobOut {
  id: string;
  kind: "whatif" | "train";
  state: "queued" | "running" | "done" | "failed" | "cancelled";
  progress: number;
  doing: string;
  created_at: string;
  report: string | null;
  trained: string | null;
  problem: string | null;
}

export interface ColumnDriftOut {
  column: string;
  psi: number;
  ks: number;
  moved: number;
  shared: number;
  assets: number;
  count: number;
  drifted: boolean | null;
}

/** `version` null: the models that ship. */
export interface DriftOut {
  name: string;
  version: number | null;
  asset_class: string;
  since: string;
  at: string;
  columns: ColumnDriftOut[];
  coverage: EstimateOut;
  residual_ratio: number | null;
  reasons: string[];
  note: string;
}

export interface RetrainingOut {
  id: number;
  model: string;
  asset_class: string;
  opened_at: string;
  seen_at: string;
  reasons: string[];
  closed_at: string | null;
  closed_by: string;
}

export interface DriftPage {
  looked_at: string | null;
  models: DriftOut[];
  tasks: RetrainingOut[];
}
