/** Shapes of delivery: senders, gaps, brokers, quarantine, places, Sparkplug nodes. */

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
