/** The words of the page of models, in English. `zhModels.ts` has the same shape. */

import type { Change, JobOut, StageName } from "../api/modelTypes";
import type { Kept, Section } from "../pages/models/rules";

const sections: Record<Section, string> = {
  scorecard: "Scorecard", versions: "Versions", whatif: "What if", drift: "Drift",
};

const stages: Record<StageName, string> = {
  candidate: "Candidate", shadow: "Shadow", challenger: "Challenger", champion: "Champion", retired: "Retired",
};

const stageHelp: Record<StageName, string> = {
  candidate: "Trained, used by nobody", shadow: "Scores beside the champion and opens nothing",
  challenger: "Has a what-if report and waits for somebody's decision", champion: "The one that decides", retired: "No longer used",
};

const moves: Record<"shadow" | "candidate" | "retired", string> = {
  shadow: "Let it score in the shadow", candidate: "Back among the candidates", retired: "Retire it",
};

const changes: Record<Change, string> = {
  appeared: "New order", vanished: "No order any more", earlier: "Earlier by", later: "Later by", same: "As before",
};

const jobStates: Record<JobOut["state"], string> = {
  queued: "Waiting", running: "Running", done: "Done", failed: "Failed", cancelled: "Cancelled",
};

const jobKinds: Record<JobOut["kind"], string> = { whatif: "What-if run", train: "Training" };

/** Figures of a card; one that is not listed shows its own name. */
const metrics: Record<string, string> = {
  loss: "Quantile loss (h)", coverage_80: "Truth inside the 80 % band", coverage: "Truth inside the 80 % band", width_80: "Width of the 80 % band (h)",
  rmse: "Root mean square error (h)", found: "Ends announced", false_alarms_per_year: "False alarms per asset and year",
};

export const models = {
  title: "Models",
  lead: "Can the advices be believed, what did they miss, and would another model do better?",
  sectionsLabel: "Parts of models",
  sections,
  units: { days: "days", assetYears: "asset-years" },
  nothingCounted: "nothing counted yet",
  interval: "95 % interval",
  between: (low: string, high: string) => `${low} to ${high}`,
  ofCases: (count: string, total: string) => `${count} of ${total}`,
  inYears: (count: string, years: string) => `${count} in ${years} asset-years`,
  cases: (count: string) => `${count} ${count === "1" ? "case" : "cases"}`,
  scorecard: {
    title: "How good were the advices?",
    span: (since: string, until: string, watched: string) => `Orders finished from ${since} to ${until}; ${watched} watched.`,
    precision: "Right when opened", recall: "Failures announced", warning: "Warning time, mean",
    inTime: (days: number) => `Warned ${days} days ahead or more`, falseAlarms: "False alarms per asset and year", net: "Saved, net of false orders",
    help: {
      precision: "Share of finished orders where somebody found the fault, or part of it.",
      recall: "Share of failures that an order had announced before. The others are listed below.",
      warning: (days: number) => `From the opening of a confirmed order to the start of work. The aim is ${days} to 15 days.`,
      inTime: "Share of the confirmed orders that left time to get the part.",
      falseAlarms: "Orders with nothing found, measured; beside it the rate that was set. The chip compares the two where enough was seen.",
      net: "Breakdowns avoided less the cost of planned work and of orders for nothing, in the plant's currency.",
    },
    set: (rate: string) => `set: ${rate}`, rate: { kept: "kept", exceeded: "exceeded", early: "too early to tell" } satisfies Record<Kept, string>,
    orders: "Orders", byClass: "By class of machine", byModel: "By version of the models", assetClass: "Class", model: "Model", unnamed: "unknown",
    misses: "Failures that nobody announced", missesHint: "Breakdowns and corrective orders without an advice before them.",
    noMisses: "None in this time", machine: "Machine", order: "Order", when: "When",
    waiting: (n: number) => `${n} finished ${n === 1 ? "order tells" : "orders tell"} no finding`,
    waitingHint: "They count nowhere. Who completes an order says whether the fault was confirmed, partly, or not found.",
    empty: "No finished order with a finding yet",
    emptyHint: "The card fills itself: complete an order and say what was found.",
  },
  lessons: {
    title: "What closed orders taught the diagnosis", hint: "Physics alone beside physics with what people found; each order is left out once.",
    counted: (all: string, confirmed: string, partly: string, not: string) => `${all} findings: ${confirmed} confirmed, ${partly} partly, ${not} not found.`,
    right: "First cause right", loss: "Log loss", gain: "Gain in log loss", insteadOf: (before: string) => `instead of ${before}`,
    help: {
      right: "Share of orders whose most probable cause was the one that was found.",
      loss: "Surprise at what was found, in nats: low is good, 0 is certain and right.",
      gain: "By how much the surprise fell, with its 95 % interval over machines. Above 0: the orders helped.",
    },
    odds: "Odds of a cause", times: (factor: string) => `x ${factor}`, mechanism: "Cause", assetClass: "Class",
    empty: "No finding names a fault yet", emptyHint: "The diagnosis is physics alone until somebody tells what was found.",
  },
  versions: {
    hint: "One champion per model decides; the others are tried beside it.",
    model: "Model", stage: "Stage", figures: "On machines it had not seen", taught: "Learnt from", trained: "Trained", more: "Card",
    taughtBy: (rows: string, assets: string) => `${rows} rows of ${assets} machines`, ends: (n: string) => `${n} ends seen`,
    card: "Card and steps", noFigures: "none", stages, stageHelp, moves, metrics,
    tasks: { life: "remaining life", detector: "detector", diagnosis: "diagnosis", text: "order texts" } as Record<string, string>,
    failed: (why: string) => `cannot be used: ${why}`,
    empty: "No model has been trained yet", emptyHint: "The models that ship are at work. forewarn train makes one of your own data.",
    data: "Data", fromTo: (from: string, until: string) => `${from} to ${until}`, digest: "Digest of the data",
    digestHelp: "SHA-256 of the training table: the same data give the same digest.", columns: "Columns",
    promote: "Make it the champion", rests: "Rests on", report: "this what-if run",
    reason: "Reason for a promotion without a what-if run", reasonHint: "It stands in the record. Better: try it first, under What if.",
    notDone: "Not done",
  },
  whatif: {
    title: "Run history with other settings", hint: "Shows which orders would have been opened. Nothing is changed by it.",
    span: "Time to run over", lastDays: (days: string) => `Last ${days} days`,
    rate: "False alarms an asset may cost in a year", rateHint: "A higher rate finds faults earlier and costs more false orders.",
    rateToday: (rate: string) => `Today: ${rate}.`, asToday: "as today", model: "Remaining life from", modelToday: "the models of today",
    run: "Run", failed: "It could not be started", runs: "Runs and trainings", none: "Nothing has been run yet",
    noneHint: "Choose another rate or another model above.", asked: "Asked", kind: "What", state: "State", result: "Result",
    states: jobStates, kinds: jobKinds, open: "Show report", cancel: "Cancel",
  },
  report: {
    title: (what: string) => `What if: ${what}`, span: (since: string, until: string, n: string) => `${since} to ${until}, ${n} machines.`,
    runs: "The runs side by side", run: "Run", before: "Settings of today", after: "Changed", real: "What was really opened", orders: "Orders",
    confirmed: "Confirmed", falseOrders: "For nothing", missed: "Missed", unknown: "Nobody looked", precision: "Right", warning: "Warning time",
    better: "Fewer orders for nothing or missed failures, and no more of either.",
    worse: "More orders for nothing, or more missed failures, than with the settings of today.",
    undecided: "The findings speak neither for nor against it.",
    orderByOrder: "Order by order", noChange: "No order in this time, before or after", machine: "Machine", what: "Change", noOrder: "none", changes,
  },
  drift: {
    title: "Drift", tasks: "Wants to be trained again", tasksHint: "Opened once when a model no longer sees what it learnt from; closed by a new training.",
    noTasks: "No model asks for it", model: "Model", reasons: "Because", since: "Since", again: "Train again", asked: "Asked for: see What if, runs and trainings",
    notAsked: "It could not be asked for", notLooked: "No look yet", notLookedHint: "The watch looks once a day, when a week of data is there.",
    shipped: (assetClass: string) => `The models that ship, ${assetClass}`, span: (since: string, at: string) => `Data from ${since} to ${at} against those that taught.`,
    coverage: "Forecasts whose 80 % band held the end:", column: "Column", verdict: "Verdict", moved: "moved", same: "as learnt", tooFew: "too few values",
    psi: "PSI", ks: "KS", distance: "Moved by (spreads)", shared: "Inside what was learnt",
  },
};

export type ModelWords = typeof models;
