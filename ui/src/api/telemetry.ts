/** The routes of telemetry: where data comes from, what is missing, what was refused, what nobody named. */

import { ask, get, post } from "./client";
import type {
  AdoptedOut,
  AdoptIn,
  GapRow,
  NodeRow,
  PlaceRow,
  QuarantineRow,
  ReasonRow,
  ReplayIn,
  ReplayOut,
  SensorEventRow,
  SourceRow,
  TelemetryOverview,
} from "./telemetryTypes";

export const PAGE_ROWS = 50;

/** Which refused messages to show; "" = any. */
export interface Refused {
  reason: string;
  search: string;
}

function quarantinePath({ reason, search }: Refused, before: number | null): string {
  const query = new URLSearchParams({ limit: String(PAGE_ROWS) });
  if (reason) query.set("reason", reason);
  if (search) query.set("search", search);
  if (before !== null) query.set("before", String(before));
  return `/api/quarantine?${query}`;
}

export const telemetry = {
  overview: (signal?: AbortSignal) => get<TelemetryOverview>("/api/telemetry", signal),
  sources: (signal?: AbortSignal) => get<SourceRow[]>("/api/telemetry/sources", signal),
  gaps: (signal?: AbortSignal) => get<GapRow[]>("/api/telemetry/gaps", signal),
  sensors: (open: boolean, signal?: AbortSignal) => get<SensorEventRow[]>(`/api/telemetry/sensors?open=${open}`, signal),
  places: (signal?: AbortSignal) => get<PlaceRow[]>("/api/telemetry/places", signal),
  nodes: (signal?: AbortSignal) => get<NodeRow[]>("/api/telemetry/nodes", signal),
  reasons: (signal?: AbortSignal) => get<ReasonRow[]>("/api/quarantine/reasons", signal),
  quarantine: (wanted: Refused, before: number | null, signal?: AbortSignal) =>
    get<QuarantineRow[]>(quarantinePath(wanted, before), signal),
  adopt: async (wanted: AdoptIn) => (await (await post("/api/telemetry/adopted", wanted)).json()) as AdoptedOut,
  giveUp: async ({ asset, signal }: AdoptedOut) =>
    void (await ask(`/api/telemetry/adopted/${encodeURIComponent(asset)}/${encodeURIComponent(signal)}`, { method: "DELETE" })),
  replay: async (wanted: Partial<ReplayIn>) => (await (await post("/api/quarantine/replay", wanted)).json()) as ReplayOut,
};
