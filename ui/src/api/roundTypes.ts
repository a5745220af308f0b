/** Shapes of readings by hand, and of limits that are silenced for a while. */

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
