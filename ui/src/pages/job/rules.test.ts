import { describe, expect, it } from "vitest";
import type { JobStepOut, StepResultOut } from "../../api/jobTypes";
import { emptyLine, isOutside, limitsText, lineOf, mayConfirm, numberOf, resultOf, stateOf } from "./rules";

const STEP: JobStepOut = {
  id: "gap", text: "Measure the clearance", kind: "measure", hours: 0, unit: "mm", low: 0.05, high: 0.25, required: true, sign_off: false,
  result: null, follow_up_order: null,
};
const RESULT: StepResultOut = {
  seq: 1, outcome: "done", value: 0.1, unit: "mm", outside: false, note: "", by: "ann", told_by: "ann", at: "2027-01-18T08:00:00Z", signed_by: null, signed_at: null,
};
const quantity = (value: number, unit: string) => `${value}${unit && ` ${unit}`}`;

describe("a step", () => {
  it("is open until somebody tells it, and bad outside of its limits", () => {
    expect(stateOf(STEP)).toBe("open");
    expect(stateOf({ ...STEP, result: RESULT })).toBe("done");
    expect(stateOf({ ...STEP, result: { ...RESULT, outside: true } })).toBe("bad");
    expect(stateOf({ ...STEP, result: { ...RESULT, outcome: "skipped" } })).toBe("skipped");
  });

  it("is confirmed by somebody else than who did it", () => {
    const step = { ...STEP, sign_off: true, result: RESULT };
    expect(stateOf(step)).toBe("unsigned");
    expect([mayConfirm(step, "ann"), mayConfirm(step, "ben")]).toEqual([false, true]);
    expect(mayConfirm({ ...step, result: { ...RESULT, signed_by: "ben" } }, "cem")).toBe(false);
  });

  it("takes a comma as a decimal point and refuses what is no number", () => {
    expect([numberOf("0,4"), numberOf(" 3 "), numberOf("3 mm"), numberOf("")]).toEqual([0.4, 3, null, null]);
    expect([isOutside(STEP, "0,25"), isOutside(STEP, "0.26"), isOutside(STEP, "x")]).toEqual([false, true, null]);
  });

  it("wants a value where it is measured and a reason where it was not done", () => {
    expect(resultOf(STEP, "done", "", "")).toBe("value");
    expect(resultOf(STEP, "done", "0.1", " ok ")).toEqual({ outcome: "done", value: 0.1, note: "ok" });
    expect(resultOf(STEP, "skipped", "", "  ")).toBe("note");
    expect(resultOf({ ...STEP, kind: "quality" }, "failed", "", "leaks")).toEqual({ outcome: "failed", note: "leaks" });
  });

  it("says its limits with their unit", () => {
    const words = { from: "at least", upTo: "at most" };
    expect(limitsText(STEP, quantity, words)).toBe("0.05 – 0.25 mm");
    expect(limitsText({ ...STEP, low: null }, quantity, words)).toBe("at most 0.25 mm");
    expect(limitsText({ ...STEP, high: null }, quantity, words)).toBe("at least 0.05 mm");
  });
});

describe("a line of the report", () => {
  it("names who or what, and how much", () => {
    expect(lineOf({ ...emptyLine("ann"), quantity: "1,5", price: "48" })).toEqual({ kind: "labour", what: "ann", quantity: 1.5, unit_cost: 48, note: "", corrects: null });
    expect(lineOf({ ...emptyLine(""), quantity: "1" })).toBe("what");
    expect(lineOf({ ...emptyLine("ann"), quantity: "-1" })).toBe("quantity");
    expect(lineOf({ ...emptyLine("ann"), price: "much" })).toBe("price");
  });
});
