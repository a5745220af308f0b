/**
 * The shapes of the HTTP API, as in api/schemas.py. Field names carry units; times are ISO 8601 with zone.
 */

export type State = "warming_up" | "normal" | "alert" | "alarm" | "offline";
export type StatusName = "WAPPR" | "APPR" | "WSCH" | "WMATL" | "WPCOND" | "INPRG" | "COMP" | "CLOSE" | "CAN";
export type KindName = "condition" | "preventive" | "corrective" | "emergency" | "inspection" | "instrument";
export type FindingName = "confirmed" | "partly" | "not_found";
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

export interface QuarantineRow {
  row: number;
  received_at: string;
  source: string;
  topic: string;
  reason: string;
  detail: string;
  payload_preview: string;
  payload_bytes: number;
  readings: number;
  can_replay: boolean;
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

/** In readings: acknowledged = stored + duplicates + conflicts + quarantined + summarised - replayed. */
export interface Books {
  acknowledged: number;
  stored: number;
  duplicates: number;
  conflicts: number;
  quarantined: number;
  summarised: number;
  replayed: number;
}

/** What came from a broker since ingest was started: how often it was connected to, and messages. */
export interface BrokerStatus {
  name: string;
  connections: number;
  messages: number;
}

/**
 * How the ingest process stands. `lag_bytes`: journal that the slowest store or sink has not taken yet. `connections` to
 * `refused` are of the front door, since its start; `paced`: a client had to wait because it sent too fast.
 */
export interface IngestStatus {
  running: boolean;
  connections: number;
  messages: number;
  take_overs: number;
  paced: number;
  refused: Partial<Record<string, number>>;
  brokers: BrokerStatus[];
  lag_bytes: number;
  journal_bytes: number;
  fsync_p99_ms: number;
  acknowledge_p99_ms: number;
}

/** Delivery at a glance. */
export interface TelemetryOverview {
  books: Books;
  ingest: IngestStatus;
  sources: number;
  missing_messages: number;
  sensor_events: number;
  places: number;
}

/**
 * What a source may rely on. Levels: D0 at most once, D1 the broker's memory, D3' a broker in between, D3 stored
 * before it is acknowledged.
 */
export interface Promise {
  level: "D0" | "D1" | "D2" | "D3" | "D3'";
  text: string;
  losses: string[];
}

/** One sender. `via` is "front door" or the name of a broker; `clock_error_s`: its clock is so far behind ours. */
export interface SourceRow {
  source: string;
  via: string;
  first_at: string;
  last_at: string;
  messages: number;
  qos0: number;
  without_time: number;
  without_sequence: number;
  clock_error_s: number | null;
  promise: Promise;
}

/** Messages `first` to `last` of a stream, which its sender numbered and nobody received. */
export interface GapRow {
  stream: string;
  boot: string;
  first: number;
  last: number;
  missing: number;
  noticed_at: string;
}

/** A sensor that could not be believed (NAMUR NE 107), from `since` to `until` (null: still). */
export interface SensorEventRow {
  asset: string;
  signal: string;
  kind: string;
  ne107: string;
  since: string;
  until: string | null;
  text: string;
}

/** What a place probably carries; only fills in the form. */
export interface GuessOut {
  asset: string | null;
  signal: string;
  quantity: string | null;
  unit: string | null;
  confidence: number;
  why: string;
}

/** A number that arrives where the plant file names no signal; `field` "" is the whole payload. */
export interface PlaceRow {
  topic: string;
  field: string;
  source: string;
  first_at: string;
  last_at: string;
  count: number;
  value: number;
  low: number;
  high: number;
  sample: string;
  guess: GuessOut;
}

/** Adopt a place as a signal of an asset. `unit` is the unit on the wire, as in the plant file. */
export interface AdoptIn {
  topic: string;
  field: string;
  asset: string;
  signal: string;
  unit: string;
  quantity: string | null;
  component: string | null;
  replay: boolean;
}

/** An adopted signal, and how many refused messages of its topic are being read again. */
export interface AdoptedOut {
  asset: string;
  signal: string;
  replayed: number;
}

/** A Sparkplug edge node (`device` "") or one of its devices. `stale`: alive, but births are missing and asked for. */
export interface NodeRow {
  group: string;
  node: string;
  device: string;
  state: "online" | "stale" | "offline";
  since: string;
  bd_seq: number | null;
  last_seq: number;
  rebirths: number;
}

/** Refusals of one reason. `summarised`: readings whose messages had to leave the full quarantine. */
export interface ReasonRow {
  reason: string;
  rows: number;
  readings: number;
  summarised: number;
  newest_at: string;
}

/** Which refused messages to read again: rows, or all of a reason, or all of a topic. */
export interface ReplayIn {
  rows: number[] | null;
  reason: string | null;
  topic: string | null;
}

/** How many are being read again; rows whose message was too long to be kept whole cannot be. */
export interface ReplayOut {
  asked: number;
  payload_cut: number[];
  missing: number[];
}

/** A signal of a round. `unit` stands on the instrument; `low`, `high` and `last_value` are in it. */
export interface RoundSignal {
  name: string;
  quantity: string;
  unit: string;
  component: string | null;
  low: number | null;
  high: number | null;
  last_value: number | null;
  last_at: string | null;
}

/** Signals of one machine that are read together. `due_since` null: never made; `every_s` null: at no fixed time. */
export interface RoundRow {
  asset: string;
  asset_name: string;
  round: string;
  every_s: number | null;
  due: boolean;
  due_since: string | null;
  signals: RoundSignal[];
}

/** Readings of one moment (`at` null: now). `confirm`: take what was asked back. */
export interface ReadingsIn {
  values: { [signal: string]: number };
  at: string | null;
  units: { [signal: string]: string };
  note: string;
  confirm: boolean;
}

/** A reading that is stored now, in the canonical unit; `already`: it had been entered before. */
export interface EnteredReading {
  signal: string;
  value: number;
  unit: string;
  remarks: string[];
  already: boolean;
}

/** What was entered. */
export interface ReadingsOut {
  asset: string;
  at: string;
  by: string;
  readings: EnteredReading[];
}

/** An entry in the record; `values` are in the units of `units`, as they were read. */
export interface EntryRow {
  at: string;
  entered_at: string;
  by: string;
  values: { [signal: string]: number };
  units: { [signal: string]: string };
  note: string;
  confirmed: string[];
}

/** A limit of an asset (`limit` null: the whole asset) that is silenced until a time. */
export interface ShelvedOut {
  asset: string;
  limit: string | null;
  until: string;
  by: string;
  reason: string;
}

/** What of an asset can be shelved, and what is. */
export interface ShelfOut {
  asset: string;
  limits: string[];
  standing: ShelvedOut[];
}

/** Silence a limit (null: the whole asset) for so many plant hours. */
export interface ShelveIn {
  limit: string | null;
  hours: number;
  reason: string;
}
