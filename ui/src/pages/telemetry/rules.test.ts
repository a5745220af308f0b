import { describe, expect, it } from "vitest";
import type {
  Books,
  PlaceRow,
  ReasonRow,
  SensorEventRow,
  SourceRow,
  TelemetryOverview,
} from "../../api/telemetryTypes";
import { en } from "../../i18n/en";
import { zh } from "../../i18n/zh";
import {
  clockIsOff, isSection, openFirst, prefilled, QUANTITIES, replayOf, sumOf, unfit, unitExamples, wanted, weakestFirst,
  type Known,
} from "./rules";

const NOW = Date.parse("2026-11-23T12:00:00Z");
const ago = (days: number) => new Date(NOW - days * 86_400_000).toISOString();

const books: Books = { acknowledged: 100, stored: 90, duplicates: 6, conflicts: 1, quarantined: 4, summarised: 1, replayed: 2 };

function source(name: string, more: Partial<SourceRow> = {}): SourceRow {
  return {
    source: name, via: "front door", first_at: ago(9), last_at: ago(1), messages: 10, qos0: 0, without_time: 0,
    without_sequence: 0, clock_error_s: 0, promise: { level: "D3", text: "", losses: [] }, ...more,
  };
}

function event(signal: string, since: string, more: Partial<SensorEventRow> = {}): SensorEventRow {
  return { asset: "p1", signal, kind: "stuck", ne107: "failure", since, until: null, text: "", ...more };
}

function place(guess: Partial<PlaceRow["guess"]> = {}): PlaceRow {
  return {
    topic: "hall/x", field: "", source: "gw", first_at: ago(2), last_at: ago(0), count: 3, value: 1, low: 0, high: 2, sample: "1",
    guess: { asset: null, signal: "x", quantity: null, unit: null, confidence: 0, why: "", ...guess },
  };
}

function reason(name: string, newest_at: string, rows = 5): ReasonRow {
  return { reason: name, rows, readings: rows, summarised: 0, newest_at };
}

function known(more: Partial<Known> = {}, running = true): Known {
  const ingest = { running } as TelemetryOverview["ingest"];
  const overview = { books, ingest, sources: 0, missing_messages: 0, sensor_events: 0, places: 0 };
  return { overview, sources: [], gaps: [], sensors: [], places: [], reasons: [], ...more };
}

const kinds = (of: Known) => wanted(of, NOW, 1).map((want) => want.kind);

describe("what wants attention", () => {
  it("is nothing in a quiet plant", () => expect(kinds(known({ sources: [source("gw")] }))).toEqual([]));
  it("stands with the newest trouble first, and ingest that is away above all", () => {
    const gap = { stream: "p1", boot: "", first: 3, last: 7, missing: 5, noticed_at: ago(0.5) };
    const troubles = { gaps: [gap], sensors: [event("t", ago(3))], places: [place()], reasons: [reason("bad_json", ago(0.1))] };
    expect(kinds(known(troubles))).toEqual(["refused", "gaps", "places", "sensors"]);
    expect(kinds(known(troubles, false))[0]).toBe("away");
  });
  it("counts what is missing beyond the rows of the list", () => {
    const gap = { stream: "p1", boot: "", first: 1, last: 1, missing: 1, noticed_at: ago(1) };
    const quiet = known();
    const [want] = wanted({ ...quiet, gaps: [gap], overview: { ...quiet.overview, missing_messages: 9000 } }, NOW, 1);
    expect(want?.count).toBe(9000);
  });
  it("counts messages, not rows, and names the newest", () => {
    const gap = (stream: string, missing: number, days: number) => ({ stream, boot: "", first: 1, last: missing, missing, noticed_at: ago(days) });
    const [want] = wanted(known({ gaps: [gap("old", 5, 2), gap("new", 7, 1), gap("history", 90, 8)] }), NOW, 1);
    expect([want?.count, want?.what, want?.section]).toEqual([12, "new", "gaps"]);
  });
  it("forgets refusals, gaps and unknown signals after a week, but never a sensor that is still wrong", () => {
    const seen = { ...place(), last_at: ago(8) };
    expect(kinds(known({ places: [seen], reasons: [reason("bad_json", ago(8))], sensors: [event("t", ago(30))] }))).toEqual(["sensors"]);
  });
  it("is an alarm when a sensor has failed, and a word when it only wants maintenance", () => {
    const tone = (ne107: string) => wanted(known({ sensors: [event("t", ago(1), { ne107 })] }), NOW, 1)[0]?.tone;
    expect([tone("failure"), tone("maintenance_required")]).toEqual(["alarm", "alert"]);
  });
  it("does not count a reason whose messages have all been read again", () =>
    expect(kinds(known({ reasons: [reason("bad_json", ago(1), 0)] }))).toEqual([]));
});

describe("the books", () => {
  it("add up: what came a second time by reading again counts once", () => expect(sumOf(books)).toBe(books.acknowledged));
});

describe("sources", () => {
  it("stand with the weakest promise first, then the one heard last", () => {
    const weak = source("weak", { promise: { level: "D0", text: "", losses: [] } });
    const between = source("between", { promise: { level: "D3'", text: "", losses: [] } });
    const rows = [source("old", { last_at: ago(3) }), between, source("new"), weak];
    expect(rows.sort(weakestFirst).map((row) => row.source)).toEqual(["weak", "between", "new", "old"]);
  });
  it("have a wrong clock from a minute of the wall on, in either direction", () => {
    const off = (clock_error_s: number | null, rate = 1) => clockIsOff(source("gw", { clock_error_s }), rate);
    expect([off(59), off(-61), off(null), off(3600, 10_800)]).toEqual([false, true, false, false]);
  });
});

it("sensor events stand with those that still last first, then the newest", () => {
  const rows = [event("over", ago(1), { until: ago(0.5) }), event("old", ago(9)), event("new", ago(2))];
  expect(rows.sort(openFirst).map((row) => row.signal)).toEqual(["new", "old", "over"]);
});

it("a replay names a row, a reason or a topic, and only one of them", () => {
  const row = { row: 7, reason: "bad_json", topic: "a/b" };
  expect([replayOf("row", row), replayOf("reason", row), replayOf("topic", row)])
    .toEqual([{ rows: [7] }, { reason: "bad_json" }, { topic: "a/b" }]);
});

describe("the form of adoption", () => {
  it("is filled in by the guess, and left empty where there is none", () => {
    const guess = { asset: "p1", signal: "seal_temp", quantity: "temperature", unit: "degC" };
    expect(prefilled(place(guess))).toEqual(guess);
    expect(prefilled(place())).toEqual({ asset: "", signal: "x", quantity: "", unit: "" });
  });
  it("tells what is missing before it asks the server", () => {
    expect(unfit({ asset: "", signal: "Seal Temp", unit: " ", quantity: "" })).toEqual(["asset", "signal", "unit"]);
    expect(unfit({ asset: "p1", signal: "seal_temp", unit: "degC", quantity: "" })).toEqual([]);
  });
  it("offers units of the chosen quantity, and of every one while none is chosen", () => {
    expect(unitExamples("pressure")).toContain("psi");
    expect(unitExamples("")).toHaveLength(QUANTITIES.length);
  });
  it.each([["English", en], ["Chinese", zh]])("names every quantity in %s", (_, words) =>
    expect(QUANTITIES.filter((name) => !words.quantities[name])).toEqual([]));
});

describe("words", () => {
  it("are there for the same reasons in both languages", () =>
    expect(Object.keys(zh.telemetry.reasons)).toEqual(Object.keys(en.telemetry.reasons)));
  it("turn what the server says of losses into Chinese, figures included, and leave what is new as it is", () => {
    expect(zh.telemetry.told("2 of 10 messages came with QoS 0")).toBe("10 条消息中有 2 条以 QoS 0 发送");
    expect(zh.telemetry.told("something new")).toBe("something new");
  });
  it("count one and many", () => {
    expect(en.telemetry.wants.gaps(1, "1", "p1").title).toBe("1 message is missing");
    expect(en.telemetry.adopt.replayed(12, "12")).toBe("12 refused messages are read again.");
  });
});

it("an address beyond the parts of the page is none of them", () => {
  expect([isSection("gaps"), isSection("nowhere")]).toEqual([true, false]);
});
