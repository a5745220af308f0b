/** The live stream: events change the query cache in place, so that a card moves without a reload. */

import type { QueryClient } from "@tanstack/react-query";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useSyncExternalStore } from "react";
import type { OrderFilter } from "./client";
import { isOpen } from "./orders";
import { keys } from "./queries";
import type { OrderDetail, OrderRow } from "./orderTypes";
import type { AssetDetail, AssetRow, Overview, Values } from "./types";

const FLUSH_MS = 100; // many events become one drawing
const RETRY_MS = 2_000;
const REFETCH_MS = 2_000; // an accelerated plant assesses many times a second
const SILENCE_MS = 30_000; // a dead proxy keeps a connection "open" for ever

export type Link = "connecting" | "live" | "lost";

// --- what the events mean -----------------------------------------------------------------------------------------

/** The row replaces its predecessor, or joins at the end. */
function upsert<T extends { id: string }>(rows: T[], row: T): T[] {
  const known = rows.some((r) => r.id === row.id);
  return known ? rows.map((r) => (r.id === row.id ? row : r)) : [...rows, row];
}

/** A row of an assessment that is newer than the detail waits for its refetch: figures and diagnosis have one age. */
export function applyAsset(cache: QueryClient, row: AssetRow): void {
  cache.setQueryData<AssetRow[]>(keys.assets, (rows) => rows && upsert(rows, row));
  cache.setQueryData<AssetDetail>(keys.asset(row.id), (detail) =>
    detail?.assessed_at === row.assessed_at ? detail && { ...detail, ...row } : detail);
}

/** Asks anew for what the open machine's page shows; an answer that is on its way is waited for, never cut off. */
export function refetchAssessed(cache: QueryClient, asset: string): void {
  for (const queryKey of keys.assessed(asset)) void cache.invalidateQueries({ queryKey }, { cancelRefetch: false });
}

export function applyValues(cache: QueryClient, { asset, signals }: Values): void {
  cache.setQueryData<AssetDetail>(keys.asset(asset), (detail) => detail && { ...detail, signals });
}

function belongs(order: OrderRow, { open, asset }: OrderFilter): boolean {
  return (asset === undefined || order.asset === asset) && (open === undefined || isOpen(order) === open);
}

export function applyOrder(cache: QueryClient, order: OrderRow): void {
  for (const [key, rows] of cache.getQueriesData<OrderRow[]>({ queryKey: keys.allOrders })) {
    if (!rows) continue;
    const fits = belongs(order, key[1] as OrderFilter);
    cache.setQueryData(key, fits ? upsert(rows, order) : rows.filter((r) => r.id !== order.id));
  }
  for (const [key, detail] of cache.getQueriesData<OrderDetail>({ queryKey: keys.allOrderDetails })) {
    const older = detail?.id === order.id && detail.revision < order.revision;
    if (older) void cache.invalidateQueries({ queryKey: key });
  }
}

/** Does `act` at once, and then at most once per `everyMs`, however often it is asked to. */
function throttled(act: () => void, everyMs: number): { ask: () => void; stop: () => void } {
  let timer = 0;
  let last = -Infinity;
  const run = () => {
    timer = 0;
    last = performance.now();
    act();
  };
  return {
    ask: () => { timer ||= window.setTimeout(run, Math.max(0, last + everyMs - performance.now())); },
    stop: () => window.clearTimeout(timer),
  };
}

// --- the connection -----------------------------------------------------------------------------------------------

let link: Link = "connecting";
const listeners = new Set<() => void>();

function setLink(next: Link): void {
  if (next === link) return;
  link = next;
  listeners.forEach((listener) => listener());
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** Is what the page shows alive? */
export const useLink = (): Link => useSyncExternalStore(subscribe, () => link);

/** Keeps one stream open and the cache up to date; returns the way to stop it. `watched`: an asset whose values matter. */
function follow(cache: QueryClient, watched: string | null): () => void {
  let source: EventSource | null = null;
  let retry = 0;
  let silence = 0;
  let flush = 0;
  let missed = false;
  let overview: Overview | null = null;
  let values: Values | null = null;
  const assets = new Map<string, AssetRow>();
  const orders = new Map<string, OrderRow>();
  const refetch = throttled(() => watched && refetchAssessed(cache, watched), REFETCH_MS);
  const address = watched ? `/api/live?asset=${encodeURIComponent(watched)}` : "/api/live";

  const apply = () => {
    flush = 0;
    if (overview) cache.setQueryData(keys.overview, overview);
    assets.forEach((row) => applyAsset(cache, row));
    orders.forEach((row) => applyOrder(cache, row));
    if (values) applyValues(cache, values);
    if (watched && assets.has(watched)) refetch.ask();
    values = null;
    assets.clear();
    orders.clear();
  };
  const heard = () => {
    window.clearTimeout(silence);
    silence = window.setTimeout(() => { missed = true; connect(); }, SILENCE_MS);
  };
  const collect = (event: MessageEvent<string>, keep: (data: string) => void) => {
    heard();
    keep(event.data);
    flush ||= window.setTimeout(apply, FLUSH_MS);
  };
  const opened = () => {
    heard();
    setLink("live");
    if (missed) void cache.invalidateQueries(); // what happened meanwhile was not told
    missed = false;
  };
  const failed = () => {
    missed = true;
    setLink("lost");
    if (source?.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
    void cache.invalidateQueries({ queryKey: keys.me }); // perhaps the session has ended
    window.clearTimeout(retry);
    retry = window.setTimeout(connect, RETRY_MS);
  };

  function connect(): void {
    source?.close();
    source = new EventSource(address);
    source.onopen = opened;
    source.onerror = failed;
    source.addEventListener("overview", (e) => collect(e, (data) => { overview = JSON.parse(data) as Overview; }));
    source.addEventListener("asset", (e) => collect(e, (data) => {
      const row = JSON.parse(data) as AssetRow;
      assets.set(row.id, row);
    }));
    source.addEventListener("values", (e) => collect(e, (data) => { values = JSON.parse(data) as Values; }));
    source.addEventListener("order", (e) => collect(e, (data) => {
      const row = JSON.parse(data) as OrderRow;
      orders.set(row.id, row);
    }));
  }

  connect();

  return () => {
    source?.close();
    refetch.stop();
    [retry, silence, flush].forEach((timer) => window.clearTimeout(timer));
  };
}

/** Follows the live stream while the component is on the page. */
export function useLive(watched: string | null): void {
  const cache = useQueryClient();
  useEffect(() => follow(cache, watched), [cache, watched]);
}
