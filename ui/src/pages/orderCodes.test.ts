import { describe, expect, it } from "vitest";
import type { OrderDetail } from "../api/orderTypes";
import { CODE_KEYS, codesAsked, codesMissing, codesToSend, stepsLeft } from "./orderCodes";

const order = {
  codes_asked: [...CODE_KEYS], usual_codes: { failure_mode_found: "VIB", failure_mechanism: "2.6", detection_method: "6" },
  open_steps: { gap: "Clearance" },
} as unknown as OrderDetail;

describe("codes of a completed order", () => {
  it("fill in what the order knows and ask for the rest", () => {
    expect(codesMissing(order, "COMP", {}, {})).toEqual(["failure_cause", "activity"]);
    expect(codesToSend(order, "COMP", {}, { activity: "1" })).toEqual({ ...order.usual_codes, activity: "1" });
  });
  it("of a fault are not asked where none was found", () => {
    const found = { finding: "not_found" } as const;
    expect(codesAsked(order, "COMP", found)).toEqual(["detection_method", "activity"]);
    expect(codesToSend(order, "COMP", found, { failure_cause: "3.4", activity: "9" })).toEqual({ detection_method: "6", activity: "9" });
  });
  it("of another fault than the order's own are asked anew", () => {
    const found = { finding: "not_found", fault_found: "coupling:misalignment" } as const;
    expect(codesMissing(order, "COMP", found, {})).toEqual(["failure_mode_found", "failure_mechanism", "failure_cause", "activity"]);
  });
  it("are asked for by no other step", () => {
    expect([codesAsked(order, "CLOSE", {}), stepsLeft(order, "APPR"), stepsLeft(order, "COMP")]).toEqual([[], [], [["gap", "Clearance"]]]);
  });
});
