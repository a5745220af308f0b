/** What the page of telemetry makes of the figures. Pure: the moment of looking and the clock's rate are arguments. */

import type {
  Books,
  GapRow,
  NodeRow,
  PlaceRow,
  ReasonRow,
  SensorEventRow,
  SourceRow,
  TelemetryOverview,
} from "../../api/telemetryTypes";

export const SECTIONS = ["overview", "sources", "gaps", "sensors", "adopt", "quarantine"] as const;
export type Section = (typeof SECTIONS)[number];

export function isSection(text: string): text is Section {
  return (SECTIONS as readonly string[]).includes(text);
}

export type Tone = "alarm" | "alert" | "normal" | "brand";

// --- the books ----------------------------------------------------------------------------------------------------

/** Where acknowledged readings are; what came a second time by reading again counts once. */
export const KEPT = ["stored", "duplicates", "conflicts", "quarantined", "summarised"] as const;

export const sumOf = (books: Books): number => KEPT.reduce((sum, name) => sum + books[name], -books.replayed);

// --- sources ------------------------------------------------------------------------------------------------------

export type Level = SourceRow["promise"]["level"];

/** The worst promise first. */
const LEVELS: readonly Level[] = ["D0", "D1", "D2", "D3'", "D3"];

export const LEVEL_TONES: Record<Level, Tone> = { D0: "alarm", D1: "alert", D2: "alert", "D3'": "brand", D3: "normal" };

/** Who may rely on the least comes first; among equals the one that was heard last. */
export function weakestFirst(a: SourceRow, b: SourceRow): number {
  return LEVELS.indexOf(a.promise.level) - LEVELS.indexOf(b.promise.level) || b.last_at.localeCompare(a.last_at);
}

/** Sparkplug: a node stands above its devices, who is not alive above the others. */
export function nodesFirst(a: NodeRow, b: NodeRow): number {
  const place = (row: NodeRow) => `${row.group}/${row.node}/${row.device}`;
  return Number(a.state === "online") - Number(b.state === "online") || place(a).localeCompare(place(b));
}

/** A clock that is off by more than this many seconds of the wall is worth a word. */
const CLOCK_LIMIT_S = 60;

export function clockIsOff(source: SourceRow, clockRate: number): boolean {
  return source.clock_error_s !== null && Math.abs(source.clock_error_s) > CLOCK_LIMIT_S * Math.max(1, clockRate);
}

// --- sensors ------------------------------------------------------------------------------------------------------

/** What is still so comes first, then the newest. */
export function openFirst(a: SensorEventRow, b: SensorEventRow): number {
  return Number(a.until !== null) - Number(b.until !== null) || b.since.localeCompare(a.since);
}

// --- quarantine ---------------------------------------------------------------------------------------------------

/** Which messages a replay takes. */
export type Scope = "row" | "reason" | "topic";

export function replayOf(scope: Scope, row: { row: number; reason: string; topic: string }) {
  return { row: { rows: [row.row] }, reason: { reason: row.reason }, topic: { topic: row.topic } }[scope];
}

// --- signals to adopt ---------------------------------------------------------------------------------------------

/** Units as they may stand on the wire, the usual one first; more are known. */
export const UNIT_EXAMPLES: Record<string, readonly string[]> = {
  temperature: ["degC", "degF", "K"],
  temperature_difference: ["delta_degC", "delta_degF"],
  vibration_velocity: ["mm/s rms", "mm/s pk", "in/s rms", "in/s pk"],
  acceleration: ["g rms", "g pk", "m/s^2 rms", "m/s^2"],
  displacement: ["um pk-pk", "um", "mil"],
  speed: ["rpm", "Hz"],
  pressure: ["bar", "mbar", "kPa", "MPa", "psi"],
  flow: ["m^3/h", "L/min", "L/s", "gpm"],
  power: ["kW", "W", "hp"],
  energy: ["kWh", "MWh"],
  current: ["A", "mA"],
  voltage: ["V", "mV"],
  torque: ["N*m", "kN*m"],
  level: ["m", "mm"],
  ratio: ["percent", "1"],
  counter: ["count"],
  operating_time: ["h", "min"],
  kinematic_viscosity: ["cSt", "mm^2/s"],
  run_state: ["state"],
  dimensionless: ["1"],
};

export const QUANTITIES = Object.keys(UNIT_EXAMPLES);

/** Examples for a quantity; without one, the usual unit of each. */
export function unitExamples(quantity: string): readonly string[] {
  return UNIT_EXAMPLES[quantity] ?? Object.values(UNIT_EXAMPLES).map(([usual = ""]) => usual);
}

export interface Form {
  asset: string;
  signal: string;
  unit: string;
  quantity: string;
}

/** The form as the guess fills it in; what nobody can guess stays empty. */
export function prefilled({ guess }: PlaceRow): Form {
  return { asset: guess.asset ?? "", signal: guess.signal, unit: guess.unit ?? "", quantity: guess.quantity ?? "" };
}

const ID = /^[a-z0-9_-]{1,64}$/;

/** Fields that the server would refuse for their shape alone. */
export function unfit(form: Form): (keyof Form)[] {
  const wrong: (keyof Form)[] = [];
  if (!form.asset) wrong.push("asset");
  if (!ID.test(form.signal)) wrong.push("signal");
  if (!form.unit.trim()) wrong.push("unit");
  return wrong;
}

// --- what wants attention -----------------------------------------------------------------------------------------

const DAY_MS = 86_400_000;

/** What was last seen longer ago is history: it stands in its section and calls for nobody. */
export const RECENT_DAYS = 7;

/** One line of "what wants attention": how many of what, since when, and the newest of them as an example. */
export interface Want {
  kind: "away" | "sensors" | "gaps" | "clocks" | "unprotected" | "places" | "refused";
  section: Section;
  tone: Tone;
  count: number;
  at: string | null;
  what: string;
}

export interface Known {
  overview: TelemetryOverview;
  sources: SourceRow[];
  gaps: GapRow[];
  sensors: SensorEventRow[];
  places: PlaceRow[];
  reasons: ReasonRow[];
}

function newest<T>(rows: T[], at: (row: T) => string): T | undefined {
  return rows.reduce<T | undefined>((best, row) => (best === undefined || at(row) > at(best) ? row : best), undefined);
}

function want<T>(kind: Want["kind"], section: Section, tone: Tone, rows: T[], at: (row: T) => string, what: (row: T) => string,
  count: (row: T) => number = () => 1): Want[] {
  const last = newest(rows, at);
  if (last === undefined) return [];
  return [{ kind, section, tone, count: rows.reduce((sum, row) => sum + count(row), 0), at: at(last), what: what(last) }];
}

/** Ingest that is away stands above all; then the newest trouble first. */
export function wanted(known: Known, nowMs: number, clockRate: number): Want[] {
  const isRecent = (time: string) => nowMs - Date.parse(time) < RECENT_DAYS * DAY_MS;
  const { sources, sensors, overview } = known;
  const places = known.places.filter((place) => isRecent(place.last_at));
  const gaps = known.gaps.filter((gap) => isRecent(gap.noticed_at));
  const refused = known.reasons.filter((reason) => reason.rows > 0 && isRecent(reason.newest_at));
  const failed = sensors.some((event) => event.ne107 === "failure");
  const found = [
    ...want("sensors", "sensors", failed ? "alarm" : "alert", sensors, (e) => e.since, (e) => `${e.asset} · ${e.signal}`),
    ...want("gaps", "gaps", "alert", gaps, (g) => g.noticed_at, (g) => g.stream, (g) => g.missing),
    ...want("clocks", "sources", "alert", sources.filter((s) => clockIsOff(s, clockRate)), (s) => s.last_at, (s) => s.source),
    ...want("unprotected", "sources", "alert", sources.filter((s) => s.promise.level === "D0"), (s) => s.last_at, (s) => s.source),
    ...want("places", "adopt", "brand", places, (p) => p.first_at, (p) => p.topic),
    ...want("refused", "quarantine", "alert", refused, (r) => r.newest_at, (r) => r.reason, (r) => r.rows),
  ].sort((a, b) => (b.at ?? "").localeCompare(a.at ?? ""));
  const all = found.find(({ kind }) => kind === "gaps" && gaps.length === known.gaps.length);
  if (all) all.count = Math.max(all.count, overview.missing_messages); // the list ends somewhere, the figure does not
  const away: Want = { kind: "away", section: "overview", tone: "alarm", count: 1, at: null, what: "" };
  return overview.ingest.running ? found : [away, ...found];
}
