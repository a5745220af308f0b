import { describe, expect, it } from "vitest";
import type { DemandTrace, PartDemandRow } from "../../api/parts";
import { matching, shareOf, supplyOf, urgentFirst } from "./rules";

const ROW: PartDemandRow = {
  part: "6205", name: "Bearing", window_days: 30, mean: 2.2, p50: 2, p90: 4, on_hand: 5, available: 5, on_order: 0, reorder_point: 3, order_up_to: 8, main_cause: "pump-02",
};
const trace = (pieces: number): DemandTrace => ({ kind: "fault", asset: "p", cause: "c", pieces, probability: 0.5, when: null, text: "", why: "" });

describe("a part", () => {
  it("is missing below the middle case, low at its reorder point, else enough", () => {
    expect(supplyOf(ROW)).toBe("enough");
    expect(supplyOf({ ...ROW, available: 1 })).toBe("missing");
    expect(supplyOf({ ...ROW, available: 1, on_order: 2 })).toBe("low");
    expect(supplyOf({ ...ROW, available: 3, reorder_point: null })).toBe("low");
    expect(supplyOf({ ...ROW, available: 0, p50: 0, p90: 0, reorder_point: null })).toBe("none");
  });

  it("stands before others when it is more urgent", () => {
    const rows = [ROW, { ...ROW, part: "seal", available: 0 }, { ...ROW, part: "belt", available: 3 }];
    expect(urgentFirst(rows).map(({ part }) => part)).toEqual(["seal", "belt", "6205"]);
  });

  it("is found by its name or by who asks for it", () => {
    expect([matching([ROW], "BEAR").length, matching([ROW], "pump-02").length, matching([ROW], "fan").length]).toEqual([1, 1, 0]);
  });

  it("shares its expected pieces among the causes", () => {
    expect(shareOf(trace(1), [trace(1), trace(3)])).toBe(0.25);
    expect(shareOf(trace(0), [trace(0)])).toBe(0);
  });
});
