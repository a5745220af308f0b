/** How a change in energy is told: what is sure, and in which unit it can be read. */

import type { EnergyOut, RangeOut } from "../api/types";

export const METERS: readonly string[] = ["power", "energy"];
export const PER_MANY = 1000;

export type Change = "more" | "less" | "unsure";

/** Sure only where the whole interval lies on one side of 0. */
export function changeOf({ sure, extra_kwh_per_day: extra }: Pick<EnergyOut, "sure" | "extra_kwh_per_day">): Change {
  if (sure) return "more";
  return extra.high < 0 ? "less" : "unsure";
}

/** "5 kWh less (3 to 8)": what is saved is told without a sign, the smaller amount first. */
export function rangeOf({ low, middle, high }: RangeOut, change: Change): RangeOut {
  return change === "less" ? { low: -high, middle: -middle, high: -low } : { low, middle, high };
}

/** A fan needs 0.0007 kWh per m³: told per 1,000 m³. */
export const perMany = (perOutput: number) => perOutput < 0.01;
