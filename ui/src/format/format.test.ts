import { describe, expect, it } from "vitest";
import { en } from "../i18n/en";
import { zh } from "../i18n/zh";
import { clockRate, dateTime, earliestFirst, HOUR_MS, knownZone, life, relative, seconds, span, zoneOffsetMs } from "./times";
import { bytes, money, named, number, percent, quantity, rounded, withUnits } from "./units";

const now = Date.parse("2026-11-23T12:00:00Z");

describe("relative times", () => {
  it("say how long until a date, in two units", () => {
    expect(relative("2026-11-29T16:00:00Z", now, en.duration)).toBe("in 6 d 4 h");
    expect(relative("2026-11-29T16:00:00Z", now, zh.duration)).toBe("6 天 4 小时后");
  });
  it("say how long ago", () => expect(relative(now - 2 * HOUR_MS, now, en.duration)).toBe("2 h ago"));
  it("call the present now", () => expect(relative(now + 5_000, now, en.duration)).toBe("now"));
  it("never print 60 minutes or 24 hours", () => {
    expect(span(59.7 * 60_000, en.duration)).toBe("1 h");
    expect(span(24 * HOUR_MS - 1, en.duration)).toBe("1 d");
  });
});

describe("a remaining life", () => {
  it.each([
    [0.5, "30 min"], [36, "36 h"], [149, "6.2 d"], [288, "12 d"], [24 * 730, "2 y"],
  ])("of %d hours is %s", (hours, text) => expect(life(hours, en.duration)).toBe(text));
});

describe("the zone of the site", () => {
  it("is named beside a date", () => {
    expect(dateTime("2026-07-01T12:00:00Z", "en-GB", "Europe/Berlin")).toMatch(/14:00 (CEST|GMT\+2)/);
  });
  it("has its own offset in summer and winter", () => {
    expect(zoneOffsetMs(Date.parse("2026-07-01T12:34:00Z"), "Europe/Berlin")).toBe(2 * HOUR_MS);
    expect(zoneOffsetMs(Date.parse("2026-12-01T12:34:00Z"), "Europe/Berlin")).toBe(HOUR_MS);
  });
  it("falls back to UTC when the browser does not know it", () => expect(knownZone("Mars/Base")).toBe("UTC"));
});

describe("an accelerated clock", () => {
  it.each([[10_800, "3 h/s"], [90, "1.5 min/s"], [5, "5 s/s"]])("of %d is %s", (rate, text) =>
    expect(clockRate(rate, en.duration)).toBe(text),
  );
});

describe("numbers", () => {
  it("carry their unit", () => expect(quantity(4.2134, "m/s^2", "en")).toBe("4.213 m/s²"));
  it("name an axis", () => expect(named("Temperature", "degC")).toBe("Temperature (°C)"));
  it("stand with printed units inside a sentence", () =>
    expect(withUnits("rose to 6.1 m/s^2; 54 degC, 985 m^3/h")).toBe("rose to 6.1 m/s²; 54 °C, 985 m³/h"));
  it("beside an interval have as many digits as it lets mean something", () => {
    expect([12.41, 8.02, 16.97].map((n) => rounded(n, 8.95, "en"))).toEqual(["12.4", "8", "17"]);
    expect([1243.3, -0.2].map((n) => rounded(n, 310, "en"))).toEqual(["1,243", "0"]);
    expect(rounded(0.6123, 1.1, "en")).toBe("0.6");
    expect(rounded(2, 0, "en")).toBe("2");
  });
  it("of money have cents below a thousand", () => {
    expect([2.5, 1249.6].map((n) => money(n, "EUR", "en"))).toEqual(["EUR 2.50", "EUR 1,250"]);
  });
  it("group thousands", () => expect(number(1234567, "en")).toBe("1,234,567"));
  it("do not claim certainty by rounding", () => {
    expect(percent(0.999)).toBe("> 99 %");
    expect(percent(0.001)).toBe("< 1 %");
    expect(percent(0.87)).toBe("87 %");
  });
});

it("orders without a date come last", () => {
  const dates = [null, "2026-12-02T00:00:00Z", "2026-12-01T00:00:00Z"];
  expect([...dates].sort(earliestFirst)).toEqual(["2026-12-01T00:00:00Z", "2026-12-02T00:00:00Z", null]);
});

it("the error of a clock has a unit that a person can grasp", () => {
  expect([0.02, 1.5, 40, 840].map((s) => seconds(s, en.duration))).toEqual(["0 s", "1.5 s", "40 s", "14 min"]);
});

it("sizes go in steps of a thousand", () => {
  expect([0, 740, 48_213_004].map((n) => bytes(n, "en"))).toEqual(["0 B", "740 B", "48.2 MB"]);
});
