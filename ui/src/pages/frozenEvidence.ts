/** Reads the evidence of an order. It is a JSON object kept for years, so every key may be missing or of an older shape. */

import type { CauseOut, Json } from "../api/orderTypes";
import type { ContributionOut, EvidenceOut } from "../api/types";

type JsonObject = { [key: string]: Json };

export interface FrozenEvidence {
  probability: number | null;
  score: number | null;
  health: number | null;
  falseAlarmsPerYear: number | null;
  model: string | null;
  spanMs: [number, number] | null;
  evidenceFor: EvidenceOut[];
  evidenceAgainst: EvidenceOut[];
  nextCheck: string;
  contributions: ContributionOut[];
  sensorProblems: string[];
}

const asObject = (value: Json | undefined): JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
const asObjects = (value: Json | undefined): JsonObject[] => (Array.isArray(value) ? value.map(asObject) : []);
const asNumber = (value: Json | undefined): number | null => (typeof value === "number" ? value : null);
const asText = (value: Json | undefined): string => (typeof value === "string" ? value : "");

function observation(value: JsonObject): EvidenceOut {
  return {
    feature: asText(value.feature), value: asNumber(value.value) ?? NaN, baseline: asNumber(value.baseline) ?? NaN,
    unit: asText(value.unit), text: asText(value.text),
  };
}

function contribution(value: JsonObject): ContributionOut {
  return { ...observation(value), share: asNumber(value.share) ?? 0 };
}

function spanOf(value: Json | undefined): [number, number] | null {
  const [from, to] = Array.isArray(value) ? value.map(asNumber) : [];
  return typeof from === "number" && typeof to === "number" ? [from / 1000, to / 1000] : null;
}

/** The score stands as a number beside its contributions, or as an object that holds both. */
function anomalyOf(assessment: JsonObject): JsonObject {
  if (typeof assessment.anomaly !== "number") return asObject(assessment.anomaly);
  return { ...assessment, score: assessment.anomaly };
}

export function readEvidence(evidence: JsonObject, fault: string): FrozenEvidence {
  const assessment = asObject(evidence.assessment);
  const hypothesis = asObjects(assessment.diagnosis).find((h) => h.fault === fault) ?? {};
  const anomaly = anomalyOf(assessment);
  const model = asObject(assessment.model);
  const isSensor = fault.endsWith(":sensor_fault");
  return {
    probability: asNumber(hypothesis.probability),
    score: isSensor ? null : asNumber(anomaly.score),
    health: isSensor ? null : asNumber(assessment.health),
    falseAlarmsPerYear: isSensor ? null : asNumber(anomaly.false_alarm_rate_per_year),
    model: [asText(model.name), asText(model.version)].filter(Boolean).join(" ") || null,
    spanMs: spanOf(assessment.span_us),
    evidenceFor: asObjects(hypothesis.evidence_for).map(observation),
    evidenceAgainst: asObjects(hypothesis.evidence_against).map(observation),
    nextCheck: asText(hypothesis.next_check),
    contributions: isSensor ? [] : asObjects(anomaly.contributions).map(contribution),
    sensorProblems: isSensor ? asObjects(assessment.sensor_problems).map((p) => asText(p.text)).filter(Boolean) : [],
  };
}

/** Every fault that was weighed when the order was opened: the listed ones first, each once. */
export function weighedFaults(causes: CauseOut[]): string[] {
  const assessments = causes.map((cause) => asObject(asObject(cause.evidence as Json).assessment));
  const faults = assessments.flatMap((one) => [...asObjects(one.diagnosis), ...asObjects(one.candidates)].map((h) => asText(h.fault)));
  return [...new Set(faults)].filter(Boolean);
}
