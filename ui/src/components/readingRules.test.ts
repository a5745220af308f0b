import { describe, expect, it } from "vitest";
import { instantOf, numberOf, otherSignals, readingsOf } from "./readingRules";

describe("numbers as people write them", () => {
  it.each([["38", 38], ["38,5", 38.5], [" 38.5 ", 38.5], ["-4", -4], ["\u22124", -4], [".5", 0.5], ["1e3", 1000]])("%s is %d", (text, value) => {
    expect(numberOf(text)).toBe(value);
  });
  it.each(["", "12 bar", "1.234,5", "1,234,5", "NaN", "Infinity", "0x10", "--1", "."])("%s is none", (text) => {
    expect(numberOf(text)).toBeNull();
  });
});

describe("times as the clock on the wall shows them", () => {
  it("are read in the zone of the site", () => {
    expect(instantOf("2026-11-23T08:30", "Europe/Berlin")).toBe("2026-11-23T07:30:00.000Z");
    expect(instantOf("2026-07-23T08:30", "Europe/Berlin")).toBe("2026-07-23T06:30:00.000Z");
    expect(instantOf("2026-11-23T08:30", "Asia/Shanghai")).toBe("2026-11-23T00:30:00.000Z");
  });
  it("are right in the hours around a change of the clock", () => {
    expect(instantOf("2026-10-25T01:30", "Europe/Berlin")).toBe("2026-10-24T23:30:00.000Z");
    expect(instantOf("2026-10-25T03:30", "Europe/Berlin")).toBe("2026-10-25T02:30:00.000Z");
  });
  it("are now when nothing is said", () => expect(instantOf("", "UTC")).toBeNull());
});

describe("what was typed", () => {
  it("is sent without the empty fields", () => {
    const { wanted, wrong } = readingsOf({ iron: "38,5", water: " " }, null, " sample ", false);
    expect(wanted).toEqual({ values: { iron: 38.5 }, at: null, units: {}, note: "sample", confirm: false });
    expect(wrong).toEqual([]);
  });
  it("is told by field where it is no number", () => expect(readingsOf({ iron: "38 ppm" }, null, "", false).wrong).toEqual(["iron"]));
});

it("signals of a round are not offered a second time, nor waveforms", () => {
  const signal = { quantity: "temperature", unit: "degC", role: "measurement", component: null, last_value: null, last_at: null, quality: [], features: [] };
  const signals = [
    { ...signal, name: "iron", kind: "scalar" as const }, { ...signal, name: "temp", kind: "scalar" as const }, { ...signal, name: "vib", kind: "waveform" as const },
  ];
  const asked = { name: "iron", quantity: "ratio", unit: "ppm", component: null, low: null, high: null, last_value: null, last_at: null };
  const round = { asset: "p1", asset_name: "P", round: "oil", every_s: null, due: false, due_since: null, signals: [asked] };
  expect(otherSignals(signals, [round]).map(({ name }) => name)).toEqual(["temp"]);
});
