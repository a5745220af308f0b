/** Every word of the page, in English. `zh.ts` has the same shape, checked by the compiler. */

import type { KindName, StatusName } from "../api/orderTypes";
import type { State } from "../api/types";
import { codes } from "./enCodes";
import { job } from "./enJob";
import { parts } from "./enParts";
import { plan } from "./enPlan";
import { models } from "./enModels";
import { readings } from "./enReadings";
import { telemetry } from "./enTelemetry";

const count = (n: number, one: string, many: string) => `${n} ${n === 1 ? one : many}`;

const states: Record<State, string> = {
  alarm: "Alarm", alert: "Alert", offline: "Offline", warming_up: "Learning", normal: "Normal",
};

const stateHelp: Record<State, string> = {
  alarm: "Abnormal for long enough to act",
  alert: "Above its limit, not yet confirmed",
  offline: "No usable data",
  warming_up: "Not enough data yet to know what is normal",
  normal: "Runs as it used to",
};

const statuses: Record<StatusName, string> = {
  WAPPR: "Waiting for approval",
  APPR: "Approved",
  WSCH: "Waiting for schedule",
  WMATL: "Waiting for material",
  WPCOND: "Waiting for plant condition",
  INPRG: "In progress",
  COMP: "Completed",
  CLOSE: "Closed",
  CAN: "Cancelled",
};

const actions: Record<StatusName, string> = {
  WAPPR: "Back to approval",
  APPR: "Approve",
  WSCH: "Wait for schedule",
  WMATL: "Wait for material",
  WPCOND: "Wait for plant condition",
  INPRG: "Start work",
  COMP: "Report as completed",
  CLOSE: "Close",
  CAN: "Cancel order",
};

const kinds: Record<KindName, string> = {
  condition: "Condition",
  preventive: "Preventive",
  corrective: "Corrective",
  emergency: "Emergency",
  inspection: "Inspection",
  instrument: "Instrument",
};

/** ISO 14224 failure modes. */
const failureModes: Record<string, string> = {
  AIR: "abnormal instrument reading", BRD: "breakdown", ELP: "external leakage, process medium",
  ELU: "external leakage, utility medium", ERO: "erratic output", FTS: "failure to start", HIO: "high output",
  INL: "internal leakage", LOO: "low output", NOI: "noise", OHE: "overheating", OTH: "other", PDE: "parameter deviation",
  PLU: "plugged or choked", SER: "minor in-service problem", STD: "structural deficiency", UNK: "unknown",
  UST: "spurious stop", VIB: "vibration",
};

/** What destroys a component; one that is not listed shows the label that the server gives. */
const mechanisms: Record<string, string> = {
  outer_race_spall: "Outer-race spall", inner_race_spall: "Inner-race spall", ball_spall: "Rolling-element spall",
  bearing_wear: "Bearing damage, race not identified", imbalance: "Imbalance", misalignment: "Misalignment",
  looseness: "Looseness", cavitation: "Cavitation", seal_leak: "Seal leak", winding_overheating: "Winding overheating",
  overload: "Overload", phase_imbalance: "Phase imbalance", broken_rotor_bar: "Broken rotor bar",
  filter_clogging: "Filter clogging", belt_wear: "Belt wear", sensor_fault: "Sensor fault",
};

const quantities: Record<string, string> = {
  temperature: "Temperature", temperature_difference: "Temperature difference", vibration_velocity: "Vibration velocity",
  acceleration: "Acceleration", displacement: "Displacement", speed: "Speed", pressure: "Pressure", flow: "Flow",
  power: "Power", energy: "Energy", current: "Current", voltage: "Voltage", torque: "Torque", level: "Level",
  ratio: "Ratio", counter: "Counter", operating_time: "Operating time", kinematic_viscosity: "Viscosity", run_state: "Run state", dimensionless: "Value",
};

/** Features of waveforms; one that is not listed shows its own name. */
const features: Record<string, string> = {
  rms: "RMS", peak: "peak", peak_to_peak: "peak to peak", crest: "crest factor", impulse: "impulse factor",
  kurtosis: "kurtosis", skewness: "skewness", mean: "mean", velocity_rms: "velocity RMS",
  velocity_sub: "velocity below 1x speed", velocity_vane: "velocity at vane pass", gear_mesh: "gear mesh",
  gear_sidebands: "side bands of the gear mesh",
  velocity_1x: "velocity at 1x speed", velocity_2x: "velocity at 2x speed", velocity_3x: "velocity at 3x speed",
  envelope_rms: "envelope RMS", tone_bpfo: "BPFO tone (outer race)", tone_bpfi: "BPFI tone (inner race)",
  tone_bsf: "BSF tone (rolling element)", tone_bsf2: "2x BSF tone (rolling element)", tone_ftf: "FTF tone (cage)",
};

/** `band_4000_8000` -> words. */
const band = (low: string, high: string) => (high === "up" ? `RMS above ${low} Hz` : `RMS ${low}–${high} Hz`);

const problemKinds: Record<string, string> = {
  silent: "silent", stuck: "stuck", out_of_range: "out of range", jumping: "jumping", drifting: "drifting",
  unit_suspect: "in another unit?", gap: "gap", clock: "clock ahead",
};

const qualities: Record<string, string> = {
  out_of_range: "out of range", stuck: "stuck", jump: "jumping", uncertain: "uncertain", late: "late",
  arrival_time: "stamped on arrival", qos0: "sent at most once", historical: "told later",
};

const verifications: Record<string, string> = {
  pending: "pending", passed: "passed", failed: "failed", waived: "waived",
};

const recordActions: Record<string, string> = {
  open: "Opened", opened: "Opened", updated: "Updated", joined: "Fault added", verified: "Verified", closed: "Closed",
};

export const en = {
  languageName: "English",
  locale: "en-GB",
  chartDay: "{d} {MMM}",
  states, stateHelp, statuses, actions, kinds, failureModes, mechanisms, quantities, features, band, problemKinds, qualities,
  verifications, recordActions,
  duration: {
    seconds: "s", minutes: "min", hours: "h", days: "d", years: "y", now: "now",
    ahead: (duration: string) => `in ${duration}`,
    ago: (duration: string) => `${duration} ago`,
  },
  nav: {
    fleet: "Fleet", orders: "Orders", plan: "Plan", parts: "Parts", telemetry: "Telemetry", models: "Models", main: "Main", language: "Language", logout: "Log out",
    skip: "Skip to content", signedInAs: (name: string, role: string) => `Signed in as ${name} (${role})`,
  },
  clock: {
    plantTime: "Plant time",
    accelerated: (rate: string) => `accelerated clock, ${rate}`,
    help: "This plant's time runs faster than yours. All dates are plant time.",
  },
  link: {
    lost: "Connection lost, trying again.",
    asOf: (time: string) => `What you see is the state of ${time}.`,
  },
  common: {
    loading: "Loading", retry: "Try again", none: "none", of: "of", at: "at", all: "All", close: "Close", cancel: "Back",
    unknown: "not known", perSecond: "/s", numbers: "Numbers", chart: "Chart", value: "Value", unit: "Unit", time: "Time",
    failed: "This could not be loaded",
    noNetwork: "The server cannot be reached.",
    newest: (shown: number, total: number) => `Newest ${shown} of ${total} rows`,
    zone: (zone: string) => `Times are in ${zone}.`,
    operating: "operating time",
    lifeHelp: "P10: one in ten lives ends before this. P50: one in two. P90: nine in ten.",
    failureModeHelp: "How the machine fails, as a failure mode code of ISO 14224.",
  },
  fleet: {
    title: "Fleet",
    lead: (abnormal: number, total: number) =>
      abnormal === 0 ? `All ${count(total, "machine", "machines")} quiet`
      : `${count(abnormal, "machine needs", "machines need")} attention, ${total} watched`,
    byState: "Machines by state", openOrders: "Open orders", readings: "Readings", books: "Books", area: "Area",
    search: "Find a machine", anyArea: "All areas", clear: "Clear filters", machine: "Machine", state: "State",
    health: "Health", fault: "Likely fault", life: "Remaining life", order: "Order", sensors: "Sensors",
    noMachines: "No machines yet",
    noMachinesHint: "Describe them in the plant file; they appear here with their first reading.",
    noMatch: "No machine matches these filters",
    startBy: (date: string) => `start by ${date},`,
    learning: (share: string) => `learning, ${share}`,
    noForecast: "no forecast", moreThan: (life: string) => `> ${life}`,
    lifeRange: (p10: string, p90: string) => `P10 ${p10} – P90 ${p90}`,
    sensorProblems: (n: number) => count(n, "sensor problem", "sensor problems"),
    healthOf: (name: string, health: string) => `Health of ${name}: ${health} of 100`,
    criticality: (level: string) => `criticality ${level}`,
    shown: (shown: number, total: number) => `${shown} of ${total} machines`,
    assessed: (when: string) => `Assessed ${when}`,
    notAssessed: "Not assessed yet",
  },
  books: {
    title: "The books, in readings",
    intro: "Every reading that was acknowledged to a sensor is accounted for in exactly one of these:",
    acked: "Acknowledged", stored: "Stored", duplicates: "Duplicates", conflicts: "Conflicts", quarantined: "Quarantined",
    summarised: "Summarised (quarantine was full)", replayed: "Read a second time", balanced: "The books balance.", inBalance: "balanced", onTheWay: (n: string) => `${n} on their way`, sum: "Sum",
    off: (n: string) => `Off by ${n}: these readings are on their way.`,
  },
  asset: {
    back: "Fleet", notFound: "There is no such machine", notFoundHint: "It may have been renamed in the plant file.",
    health: "Health", of100: "of 100", anomaly: "Anomaly score", limit: "limit 0.5", life: "Remaining life (P50)",
    likely: "Likely fault", noFault: "No fault in sight", span: "Time span", model: "Model",
    falseAlarms: (rate: string) => `tuned to at most ${rate} false alarm${rate === "1" ? "" : "s"} a year`,
    spans: { day: "24 h", week: "7 d", month: "30 d", quarter: "90 d" },
    sensorTrouble: "Sensor cannot be believed", since: (when: string) => `since ${when}`,
  },
  trend: {
    title: "Trend", pick: "Signal or feature", siteTime: (zone: string) => `plant time (${zone})`,
    range: (low: string, high: string) => `Sensor range ${low} to ${high}`,
    low: "sensor minimum", high: "sensor maximum", empty: "No values in this time span",
    about: (signal: string, last: string) => `Trend of ${signal}, newest value ${last}`,
    nothing: "This machine has no signals yet",
  },
  anomaly: {
    title: "Anomaly score", axis: "anomaly score (0–1, high = abnormal)", limit: "limit", series: "anomaly score",
    empty: "No score in this time span", about: (last: string) => `Anomaly score over time, newest ${last}; the limit is 0.5`,
    above: "above the limit", hint: "Above 0.5 the machine behaves unlike its own past.",
  },
  rul: {
    title: "Remaining life", axis: (unit: string) => `remaining operating time (${unit})`, band: "P10–P90 (8 of 10 cases)",
    p50: "P50 (middle)", p10: "P10", p90: "P90", empty: "No forecast: nothing that wears out is in sight",
    about: (last: string) => `Forecast of the remaining life over time, newest P50 ${last}`,
    hint: "How long it lasts, as forecast at each moment. A narrowing, falling band means the end is near.",
  },
  spectrum: {
    title: "Spectrum", envelope: "Envelope", amplitude: "Amplitude", frequency: "frequency (Hz)", signal: "Signal",
    hz: "Frequency (Hz)", tones: "Fault tones", nearTones: "Near the tones", full: "Whole range",
    empty: "No waveform yet", emptyHint: "A spectrum appears with the first waveform of this sensor.",
    about: (signal: string, tones: string) => `Spectrum of ${signal}; marked tones: ${tones || "none"}`,
    taken: (when: string) => `taken ${when}`, kind: "Kind of spectrum", range: "Range", peak: "Amplitude at tone",
  },
  diagnosis: {
    title: "Diagnosis", for: "Speaks for it", against: "Speaks against it", next: "Next check",
    empty: "Nothing to diagnose", emptyHint: "A diagnosis appears when the machine behaves abnormally.",
    baseline: (value: string) => `usually ${value}`, more: (n: number) => count(n, "other candidate", "other candidates"),
  },
  pulls: {
    title: "What pulls the score", empty: "Nothing pulls the score", feature: "Feature", share: "Share",
    now: "Now", usual: "Usual", versus: (value: string, baseline: string) => `${value}, usually ${baseline}`,
  },
  energy: {
    title: "Price of running on", hint: "Energy beyond what this machine itself used to draw for the same work.",
    range: (low: string, high: string) => `${low} to ${high}`,
    more: (extra: string, range: string) => `Running as it does now costs ${extra} a day more than it used to (${range})`,
    less: (saved: string, range: string) => `Running as it does now takes ${saved} a day less than it used to (${range})`,
    money: (told: string, cost: string) => `${told}, about ${cost} a day`,
    unsure: (range: string) => `It draws what it used to: no sure change (${range} a day)`,
    perOutput: (unit: string) => `Energy per ${unit} delivered`, perHour: "Energy per running hour", running: "Running a day",
    usedTo: (value: string) => `used to be ${value}`,
    span: (from: string, to: string) => `${from} to ${to}`,
    basis: (stretch: string, past: string, level: string) => `${stretch}, against ${past}. The range in brackets holds with ${level}.`,
    untold: "This cannot be told yet",
  },
  opinion: {
    title: "Second opinion", hint: "Two other methods look at the same readings. They open no order.",
    ask: "Second opinion", again: "Ask again", asked: (when: string) => `asked ${when}`,
    warmingUp: "Too little data yet",
    warmingHint: (rows: number, needed: number) => `${rows} of ${needed} complete rows of running time`,
    outside: "Newest rows outside of the baseline", expected: (share: string) => `about ${share} if nothing changed`,
    rows: (newest: number, baseline: number, features: number) =>
      `${count(newest, "newest row", "newest rows")} against ${baseline} of the baseline, ${count(features, "feature", "features")} each (isolation forest)`,
    trends: "Trend since the baseline, per day", perDay: (quantity: string) => `${quantity} / day`,
    interval: (low: string, high: string) => `95 %: ${low} to ${high}`, noTrend: "Too few points for a trend",
    rising: "rising", falling: "falling", unsure: "no sure direction",
  },
  signals: {
    title: "Signals", signal: "Signal", last: "Last value", when: "When", quality: "Quality", good: "good",
    none: "no value yet", waveform: "waveform", show: "Trend",
  },
  orders: {
    title: "Work orders", open: "Open", all: "All", kind: "Kind", anyKind: "All kinds", number: "Order", asset: "Machine",
    fault: "Fault", mode: "Mode", status: "Status", priority: "Priority", orderBy: "Order parts by",
    startBy: "Start work by", win: "Part in time", p50: "P50 life", priorityN: (n: number) => `Priority ${n}`, priorityHelp: "1 emergency, 2 urgent, 3 normal, 4 low, 5 at an opportunity",
    empty: "No open orders", emptyHint: "When a machine starts to fail, its order opens here by itself.",
    noneAtAll: "No orders yet", noMatch: "No order of this kind", now: "Now", lateSince: (when: string) => `overdue since ${when}`, show: "Show",
    shown: (n: number) => count(n, "order", "orders"), ofAsset: "Orders of this machine", chance: "Probability",
    noneOfAsset: "No orders for this machine", scroll: "Table of work orders",
  },
  order: {
    back: "Orders", notFound: "There is no such order", orderBy: "Order parts by", startBy: "Start work by",
    win: "Chance that the part wins the race", winHelp: "Parts and crew are there before the failure",
    noDate: "no date", noParts: "no parts needed", why: "What is wrong and why", frozen: (when: string) => `Evidence as it was on ${when}`,
    raw: "Show raw JSON", hideRaw: "Hide raw JSON", parts: "Parts", need: (needed: number, onHand: number) => `${needed} needed, ${onHand} on hand`,
    leadText: (p50: string, p90: string) => `lead time ${p50}, 9 of 10 within ${p90}`, inStock: "in stock",
    toOrder: (n: number) => `order ${n}`, noPartsLong: "This job needs no parts from the list.",
    record: "Record", recordShort: "Show the main steps", recordWhole: (n: number) => `Show all ${n} entries`,
    noteName: "Note", revision: "Revision",
    verification: "Repair verified", created: "Opened", updated: "Changed", kind: "Kind", repair: "Planned work",
    next: "Next step", final: "This order has ended; nothing is left to do.", life: "Remaining life",
    confirm: (action: string) => `${action}?`, note: "Note (kept with the order)", from: "Now", to: "Then",
    done: (status: string) => `Done: ${status}`, evidenceFacts: "Facts", dataSpan: "Data used", hash: "hash", noEvidence: "No evidence was recorded.",
    conflictTitle: "Somebody else changed this order",
    conflict: "Nothing was changed by you. Look at what is new, then decide again.",
    youSaw: "You saw", itIs: "It is now", by: (actor: string, when: string) => `by ${actor}, ${when}`,
    useNew: "Continue with the new version", notAllowedTitle: "This step is not allowed now",
    verifyTitle: "Is the machine healthy again?", verifyLead: "Look at its signals at comparable load, then close the order.",
    verify: { passed: "Healthy again", failed: "Not fixed", waived: "Close without a check" } as Record<string, string>,
    verifyStale: "The order changed meanwhile; it is shown as it is now. Decide again.",
    finding: (fault: string) => `Was it there? ${fault}`, findingHelp: "Your answer teaches the diagnosis. Nothing found is an answer too.",
    findings: { confirmed: "Confirmed", partly: "Partly: something else, or less", not_found: "Not found" },
    faultFound: "What was it?", faultUntold: "Not named", findingName: "Finding",
    gone: "The step is no longer possible from this status.", failedTitle: "This did not work",
  },
  codes,
  job,
  parts,
  plan,
  models,
  readings,
  telemetry,
  login: {
    title: "Sign in", intro: "Use the one-time login that Forewarn printed when it started.", token: "One-time login",
    enter: "Sign in", refused: "This login is not valid: it was used already or has run out.",
    again: "Restart Forewarn, or ask whoever runs it for a new one.", checking: "Signing in",
  },
  shelf: {
    open: "Shelve alarms", title: "Shelve alarms for a while",
    lead: "While shelved it is still judged and recorded, and opens no order. It ends by itself.",
    what: "What", whole: "the whole machine", howLong: "For how long", reason: "Reason", put: "Shelve", end: "End it now", failed: "Not shelved",
    standing: (what: string, until: string) => `Shelved until ${until}: ${what}`,
    because: (reason: string, by: string) => `${reason} (${by})`,
  },
  notFound: { title: "This page does not exist", home: "To the fleet" },
};

export type Words = typeof en;
