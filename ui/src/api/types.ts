/**
 * The shapes of the HTTP API, as in api/schemas.py. Field names carry units; times are ISO 8601 with zone.
 */

export type State = "warming_up" | "normal" | "alert" | "alarm" | "offline";
export type SpectrumKind = "envelope" | "amplitude";

/** Remaining useful life in operating hours; `horizon_h` is as far as the forecast looks ("not before"). */
export interface Rul {
  fault: string;
  p10_h: number;
  p50_h: number;
  p90_h: number;
  horizon_h: number;
}

export interface SensorProblemOut {
  signal: string;
  kind: string;
  since: string;
  text: string;
}

/** One machine on the fleet board. `health` 0-100 (100 = as new), `anomaly` 0-1 (high = abnormal, 0.5 = limit). */
export interface AssetRow {
  id: string;
  name: string;
  asset_class: string;
  site: string;
  area: string;
  criticality: string;
  state: State;
  health: number | null;
  anomaly: number | null;
  warming_up_share: number | null;
  fault: string | null;
  fault_label: string | null;
  failure_mode: string | null;
  fault_probability: number | null;
  rul: Rul | null;
  open_orders: string[];
  sensor_problems: SensorProblemOut[];
  assessed_at: string | null;
}

/** A signal and its newest value. `quality` lists what is known against it (empty = good). */
export interface SignalOut {
  name: string;
  quantity: string;
  unit: string;
  kind: "scalar" | "waveform";
  role: string;
  component: string | null;
  last_value: number | null;
  last_at: string | null;
  quality: string[];
  features: string[];
}

export interface EvidenceOut {
  feature: string;
  value: number;
  baseline: number;
  unit: string;
  text: string;
}

/** One possible fault, with its probability given that the machine is abnormal. */
export interface HypothesisOut {
  fault: string;
  label: string;
  failure_mode: string;
  probability: number;
  evidence_for: EvidenceOut[];
  evidence_against: EvidenceOut[];
  next_check: string;
}

/** How much one feature pulls the anomaly score. */
export interface ContributionOut {
  feature: string;
  share: number;
  value: number;
  baseline: number;
  unit: string;
}

export interface AssetDetail extends AssetRow {
  signals: SignalOut[];
  diagnosis: HypothesisOut[];
  contributions: ContributionOut[];
  false_alarm_rate_per_year: number | null;
  model: string | null;
}

/** A series thinned for a chart. `low`/`high` are the sensor's physical limits. */
export interface Trend {
  asset: string;
  signal: string;
  unit: string;
  low: number | null;
  high: number | null;
  at_ms: number[];
  value: number[];
}

export interface HistoryPoint {
  at_ms: number;
  state: State;
  health: number | null;
  anomaly: number | null;
  rul_p10_h: number | null;
  rul_p50_h: number | null;
  rul_p90_h: number | null;
}

export interface Tone {
  name: string;
  hz: number;
}

export interface Spectrum {
  asset: string;
  signal: string;
  kind: SpectrumKind;
  at: string;
  unit: string;
  frequency_hz: number[];
  amplitude: number[];
  tones: Tone[];
}

/** Isolation forest: which share of the newest rows (all features at one time) lies outside of the baseline. */
export interface IsolationOut {
  share_outside: number;
  expected_share: number;
  newest_rows: number;
  newest_from: string;
  baseline_rows: number;
  baseline_until: string;
  features: number;
}

/** Slope of a feature since its baseline in `unit` per day, with its 95 % interval. */
export interface RobustTrendOut {
  feature: string;
  unit: string;
  slope_per_day: number;
  low_per_day: number;
  high_per_day: number;
  excludes_zero: boolean;
  shift: number;
  points: number;
  days: number;
}

/** A look at one machine by two independent methods. While `warming_up`, there are too few `rows` for either. */
export interface SecondOpinionOut {
  asset: string;
  at: string;
  warming_up: boolean;
  rows: number;
  needed_rows: number;
  isolation: IsolationOut | null;
  trends: RobustTrendOut[];
}

/** A value with the interval that holds it with the probability `level`. */
export interface RangeOut {
  low: number;
  middle: number;
  high: number;
}

/**
 * What running on as it is costs; below 0 the machine needs less than its own past, the baseline, for the same work.
 * `per_output` is kWh per unit of what it delivers (null: no flow is measured), `cost_per_day` null without a price.
 */
export interface EnergyOut {
  asset: string;
  since: string;
  until: string;
  baseline_from: string;
  baseline_until: string;
  level: number;
  sure: boolean;
  extra_kwh_per_day: RangeOut;
  cost_per_day: RangeOut | null;
  currency: string;
  actual_kw: number;
  expected_kw: number;
  hours_per_day: number;
  output: string | null;
  per_output: number | null;
  expected_per_output: number | null;
  per_output_unit: string | null;
}

/** The books, in readings: acked = stored + duplicates + conflicts + quarantined + summarised - replayed. */
export interface CountsOut {
  acked: number;
  stored: number;
  duplicates: number;
  conflicts: number;
  quarantined: number;
  summarised: number;
  replayed: number;
}

/** The plant at a glance. `clock_rate` is plant seconds per second (1 in production). */
export interface Overview {
  plant: string;
  version: string;
  timezone: string;
  now: string;
  clock_rate: number;
  assets: number;
  by_state: Partial<Record<State, number>>;
  readings_per_s: number;
  open_orders: number;
  orders_total: number;
  counts: CountsOut;
}

export interface Me {
  name: string;
  role: string;
}

/** RFC 9457 problem document; `type` is a stable slug. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
}

/** Newest values of one asset's signals, as a live event. */
export interface Values {
  asset: string;
  signals: SignalOut[];
}
