import { describe, expect, it } from "vitest";
import { changeOf, perMany, rangeOf } from "./energyRules";

const told = (low: number, middle: number, high: number) => ({ sure: low > 0, extra_kwh_per_day: { low, middle, high } });

describe("a change in energy", () => {
  it("is sure only where the whole interval lies on one side of 0", () => {
    expect(changeOf(told(8, 12, 17))).toBe("more");
    expect(changeOf(told(-8, -5, -3))).toBe("less");
    expect(changeOf(told(-1, 2, 5))).toBe("unsure");
    expect(changeOf(told(-1, 0, 0))).toBe("unsure");
  });
  it("that saves is told without a sign, the smaller amount first", () => {
    expect(rangeOf({ low: -8, middle: -5, high: -3 }, "less")).toEqual({ low: 3, middle: 5, high: 8 });
    expect(rangeOf({ low: -1, middle: 2, high: 5 }, "unsure")).toEqual({ low: -1, middle: 2, high: 5 });
  });
  it("of a fan is told per 1,000 m³", () => expect([perMany(0.0007), perMany(0.2)]).toEqual([true, false]));
});
