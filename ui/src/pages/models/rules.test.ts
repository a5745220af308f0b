import { expect, test } from "vitest";
import type { EstimateOut, ModelRow, OrderChangeOut, StageName, VerdictsOut } from "../../api/modelTypes";
import { inUseFirst, isBetter, isSection, keepsRate, newsFirst } from "./rules";

const estimate = (value: number | null, low: number | null, high: number | null): EstimateOut => ({ value, low, high, count: 1, total: 1 });
const rate = (low: number, high: number) => keepsRate({ set_rate: 0.1, false_alarms_per_year: estimate((low + high) / 2, low, high) });

test("a set rate is called kept only when the whole interval lies below it", () => {
  expect(rate(0, 0.09)).toBe("kept");
  expect(rate(0, 9.7)).toBe("early");
  expect(rate(0.11, 3)).toBe("exceeded");
});

test("nothing measured or nothing set says nothing", () => {
  expect(keepsRate({ set_rate: 0.1, false_alarms_per_year: estimate(null, null, null) })).toBeNull();
  expect(keepsRate({ set_rate: null, false_alarms_per_year: estimate(0, 0, 1) })).toBeNull();
});

test("the champion of a model stands above its other versions, the newest of these first", () => {
  const row = (version: number, stage: StageName) => ({ name: "a", version, stage }) as ModelRow;
  const rows = [row(1, "retired"), row(3, "candidate"), row(2, "champion"), row(4, "candidate")];
  expect(rows.sort(inUseFirst).map((r) => r.version)).toEqual([2, 4, 3, 1]);
});

test("what changes stands above what stays", () => {
  const change = (what: OrderChangeOut["what"]) => ({ what, asset: "p" }) as OrderChangeOut;
  expect([change("same"), change("later"), change("appeared")].sort(newsFirst).map((c) => c.what)).toEqual(["appeared", "later", "same"]);
});

test("a run is better only when neither false nor missed orders grow", () => {
  const run = (wrong: number, missed: number) => ({ false: wrong, missed }) as VerdictsOut;
  expect(isBetter(run(2, 1), run(1, 1))).toBe(true);
  expect(isBetter(run(2, 1), run(0, 2))).toBe(false);
  expect(isBetter(run(2, 1), run(2, 1))).toBeNull();
});

test("parts of the page are known by name", () => {
  expect(isSection("drift")).toBe(true);
  expect(isSection("constructor")).toBe(false);
});
