import { describe, expect, it } from "vitest";
import { byDay, isSection, startsLateH, weekFrom, withCrews } from "./rules";

const row = (order: string, from: string, to: string, person = "ann") =>
  ({ order, number: order, title: "Job", reason: "", from, to, person, seen: false });
const day = (time: string) => time.slice(0, 10);

describe("a week", () => {
  it("begins with the next half hour and is seven days long", () => {
    expect(weekFrom(Date.parse("2027-01-18T08:10:00Z"))).toEqual({ from: "2027-01-18T08:30:00.000Z", to: "2027-01-25T08:30:00.000Z" });
  });

  it("shows what has not ended, day by day in the order of time", () => {
    const rows = [row("b", "2027-01-19T10:00Z", "2027-01-19T12:00Z"), row("a", "2027-01-18T10:00Z", "2027-01-18T12:00Z"), row("old", "2027-01-17T10:00Z", "2027-01-17T12:00Z")];
    expect(byDay(rows, day, Date.parse("2027-01-18T11:00Z")).map(([name, jobs]) => [name, jobs.map(({ order }) => order)])).toEqual([["2027-01-18", ["a"]], ["2027-01-19", ["b"]]]);
  });

  it("has one line for a job of two people", () => {
    const rows = [row("a", "2027-01-18T10:00Z", "2027-01-18T12:00Z"), row("a", "2027-01-18T10:00Z", "2027-01-18T12:00Z", "ben")];
    expect(withCrews(rows).map(({ crew }) => crew.map(({ person }) => person))).toEqual([["ann", "ben"]]);
  });

  it("says how much later an order begins when a step is late", () => {
    const step = { due: "2027-01-19T10:00Z" };
    expect(startsLateH({ step, start_by: "2027-01-18T10:00Z" })).toBe(24);
    expect([startsLateH({ step, start_by: null }), startsLateH({ step, start_by: "2027-01-20T10:00Z" })]).toEqual([0, 0]);
  });

  it("knows its sections", () => {
    expect([isSection("held"), isSection("other")]).toEqual([true, false]);
  });
});
