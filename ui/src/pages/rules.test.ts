import { QueryClient } from "@tanstack/react-query";
import { describe, expect, it } from "vitest";
import { applyAsset, applyOrder, refetchAssessed } from "../api/live";
import { idempotencyKey, isOpen } from "../api/orders";
import { keys } from "../api/queries";
import type { OrderRow } from "../api/orderTypes";
import type { AssetRow, Rul } from "../api/types";
import { healthTone } from "../components/Machine";
import type { SiteFormat } from "../format/useFormat";
import { en } from "../i18n/en";
import { matches, worstFirst } from "./fleetOrder";
import { readEvidence } from "./frozenEvidence";
import { readDetail, significant } from "./orderRecord";
import { mostUrgentFirst } from "./ordersOrder";

const rul = (p50_h: number): Rul => ({ fault: "a:b", p10_h: 1, p50_h, p90_h: 1e4, horizon_h: 1e4 });

function asset(id: string, more: Partial<AssetRow> = {}): AssetRow {
  return {
    id, name: id, asset_class: "pump", site: "s", area: "hall", criticality: "B", state: "normal", health: 90, anomaly: 0.1,
    warming_up_share: null, fault: null, fault_label: null, failure_mode: null, fault_probability: null, rul: null,
    open_orders: [], sensor_problems: [], assessed_at: null, ...more,
  };
}

function order(number: string, more: Partial<OrderRow> = {}): OrderRow {
  return {
    id: number, number, asset: "p1", asset_name: "p1", kind: "condition", status: "WAPPR", priority: 3, title: "", faults: [],
    failure_mode: "VIB", rul_p10_h: null, rul_p50_h: null, rul_p90_h: null, order_by: null, start_by: null,
    win_probability: null, draft: null, reserve_parts: false, changed: "", created_at: "2026-01-01T00:00:00Z", updated_at: "2026-01-01T00:00:00Z", revision: 1, ...more,
  };
}

const ids = (rows: { id: string }[]) => rows.map((row) => row.id).join(" ");

describe("the board", () => {
  it("puts the least remaining life first among alarms, and sensor problems before quiet machines", () => {
    const stuck = { signal: "t", kind: "stuck", since: "2026-01-01T00:00:00Z", text: "" };
    const rows = [
      asset("n10"), asset("n2"), asset("sensor", { sensor_problems: [stuck] }), asset("alert", { state: "alert", rul: rul(5) }),
      asset("alarm-long", { state: "alarm", rul: rul(900) }), asset("alarm-short", { state: "alarm", rul: rul(30) }),
      asset("alarm-unknown", { state: "alarm" }), asset("off", { state: "offline" }),
    ];
    expect(ids(rows.sort(worstFirst))).toBe("alarm-short alarm-long alarm-unknown alert off sensor n2 n10");
  });
  it("does not move quiet machines when their health wavers", () => {
    expect(ids([asset("b", { health: 70 }), asset("a", { health: 95 })].sort(worstFirst))).toBe("a b");
  });
  it("is filtered by state, area and any word of the machine", () => {
    const pump = asset("p1", { open_orders: ["WO-000007"] });
    expect(matches(pump, { state: "normal", area: "hall", text: "wo-000007" })).toBe(true);
    expect(matches(pump, { state: "alarm", area: null, text: "" })).toBe(false);
    expect(matches(pump, { state: null, area: "yard", text: "" })).toBe(false);
  });
});

describe("the colour of health", () => {
  it("is never that of a sound machine in alarm or alert", () => {
    expect([healthTone(95, "normal"), healthTone(95, "alert"), healthTone(95, "alarm")]).toEqual(["normal", "alert", "alert"]);
    expect([healthTone(20, "normal"), healthTone(20, "alarm")]).toEqual(["alarm", "alarm"]);
  });
});

describe("the list of orders", () => {
  it("goes by the date at which work has to start, ended ones last", () => {
    const rows = [
      order("closed", { status: "CLOSE", start_by: "2026-01-01T00:00:00Z" }), order("undated"),
      order("later", { start_by: "2026-03-01T00:00:00Z" }), order("sooner", { start_by: "2026-02-01T00:00:00Z" }),
    ];
    expect(ids(rows.sort(mostUrgentFirst))).toBe("sooner later undated closed");
  });
  it("counts an order as open until it is completed", () => {
    expect(isOpen(order("a", { status: "INPRG" }))).toBe(true);
    expect(isOpen(order("a", { status: "COMP" }))).toBe(false);
  });
});

describe("a live event", () => {
  it("replaces the row of its machine", () => {
    const cache = new QueryClient();
    cache.setQueryData(keys.assets, [asset("a"), asset("b")]);
    applyAsset(cache, asset("b", { state: "alarm" }));
    expect(cache.getQueryData<AssetRow[]>(keys.assets)?.map((row) => row.state)).toEqual(["normal", "alarm"]);
  });
  it("leaves an open machine to its refetch when the assessment is newer, so that figures and diagnosis have one age", () => {
    const cache = new QueryClient();
    const key = keys.asset("a");
    const health = () => cache.getQueryData<AssetRow>(key)?.health;
    cache.setQueryData(key, asset("a", { assessed_at: "2026-01-01T00:00:00Z" }));
    applyAsset(cache, asset("a", { assessed_at: "2026-01-01T01:00:00Z", health: 20 }));
    expect(health()).toBe(90);
    refetchAssessed(cache, "a");
    expect(cache.getQueryState(key)?.isInvalidated).toBe(true);
    applyAsset(cache, asset("a", { assessed_at: "2026-01-01T00:00:00Z", health: 50 }));
    expect(health()).toBe(50);
  });
  it("takes a completed order off the list of open ones and leaves it on the list of all", () => {
    const cache = new QueryClient();
    const [open, all, other] = [keys.orders({ open: true }), keys.orders({}), keys.orders({ asset: "p2" })];
    for (const key of [open, all]) cache.setQueryData(key, [order("x")]);
    cache.setQueryData(other, []);
    applyOrder(cache, order("x", { status: "COMP", revision: 2 }));
    const found = [open, all, other].map((key) => cache.getQueryData<OrderRow[]>(key)?.map((row) => row.status));
    expect(found).toEqual([[], ["COMP"], []]);
  });
});

describe("the record of an order", () => {
  const format = { shortDateTime: (ms: number) => `day ${ms}`, life: (h: number) => `${h} h`, percent: (p: number) => `${p * 100} %` };
  const read = (detail: string) => readDetail(detail, format as unknown as SiteFormat, en);
  it("tells what a planner wants to know of a change", () => {
    const detail = "status: APPR, revision: 4, order_by_us: 2000, start_by_us: None, rul_p50_h: 36, win_probability: 0.5";
    expect(read(detail)).toBe("Status: Approved · Order parts by: day 2 · P50 life: 36 h · Part in time: 50 %");
    expect(read("report: {'note': 'by phone, at 9: done'}, revision: 5")).toBe("Note: by phone, at 9: done");
  });
  it("shows text that holds no pairs as it is", () => expect(read("taken over from the old system")).toBe("taken over from the old system"));
  it("folds updates, but not the newest", () => {
    const entry = (action: string, i: number) => ({ at: "2026-01-01T00:00:00Z", actor: "forewarn", action, detail: "", hash: String(i) });
    const history = ["opened", "updated", "updated", "APPR", "updated", "updated"].map(entry);
    expect(significant(history).map((e) => e.hash)).toEqual(["5", "3", "0"]);
  });
});

describe("frozen evidence", () => {
  const observation = { feature: "v:rms", value: 2, baseline: 1, unit: "m/s^2", text: "louder" };
  const diagnosis = [{ fault: "x:imbalance", probability: 0.2 }, { fault: "b:spall", probability: 0.8, evidence_for: [observation] }];
  const pull = { feature: "v:rms", share: 1, value: 2, baseline: 1, unit: "m/s^2" };
  it("is read for the fault of its cause", () => {
    const found = readEvidence({ assessment: { diagnosis, anomaly: { score: 0.9, contributions: [pull] } } }, "b:spall");
    expect([found.probability, found.score, found.evidenceFor[0]?.text, found.contributions.length]).toEqual([0.8, 0.9, "louder", 1]);
  });
  it("may hold the score beside the contributions", () => {
    const found = readEvidence({ assessment: { diagnosis, anomaly: 0.7, contributions: [pull] } }, "b:spall");
    expect([found.score, found.contributions.length]).toEqual([0.7, 1]);
  });
  it.each([{}, { assessment: null }, { assessment: { diagnosis: "none", anomaly: [], span_us: [1] } }])(
    "may be of any other shape: %j", (evidence) => {
      const found = readEvidence(evidence, "b:spall");
      expect([found.probability, found.score, found.spanMs, found.evidenceFor]).toEqual([null, null, null, []]);
    },
  );
});

it("a key for repeating a request is a new UUID each time", () => {
  expect(idempotencyKey()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(idempotencyKey()).not.toBe(idempotencyKey());
});
