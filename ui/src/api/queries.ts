/** What the pages ask for. Keys are spelled once, here; the live stream updates the same cache in place. */

import { keepPreviousData, QueryClient, useQuery } from "@tanstack/react-query";
import { api, ApiError, type OrderFilter } from "./client";
import type { SpectrumKind } from "./types";

const SECOND_MS = 1000;

export const keys = {
  me: ["me"] as const,
  overview: ["overview"] as const,
  assets: ["assets"] as const,
  asset: (asset: string) => ["asset", asset] as const,
  orders: (filter: OrderFilter) => ["orders", filter] as const,
  allOrders: ["orders"] as const,
  order: (ref: string) => ["order", ref] as const,
  allOrderDetails: ["order"] as const,
  /** Everything on the page of one machine that a new assessment changes. */
  assessed: (asset: string) => ["asset", "history", "trend", "spectrum"].map((part) => [part, asset]),
};

/** An answer of the server will not change by asking again; a lost connection may. */
function worthRepeating(failures: number, error: Error): boolean {
  return failures < 2 && !(error instanceof ApiError && error.status >= 400 && error.status < 500);
}

export function makeQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: { queries: { retry: worthRepeating, staleTime: 5 * SECOND_MS, refetchOnWindowFocus: true } },
  });
}

export const useMe = (enabled: boolean) =>
  useQuery({ queryKey: keys.me, queryFn: ({ signal }) => api.me(signal), staleTime: Infinity, enabled });

export const useCodes = () =>
  useQuery({ queryKey: ["codes"], queryFn: ({ signal }) => api.codes(signal), staleTime: Infinity });

export const useOverview = () =>
  useQuery({ queryKey: keys.overview, queryFn: ({ signal }) => api.overview(signal) });

export const useAssets = () => useQuery({ queryKey: keys.assets, queryFn: ({ signal }) => api.assets(signal) });

export const useAsset = (asset: string) =>
  useQuery({
    queryKey: keys.asset(asset),
    queryFn: ({ signal }) => api.asset(asset, signal),
    refetchInterval: 5 * SECOND_MS, // the stream carries the row; diagnosis and last values are asked for
  });

export const useTrend = (asset: string, name: string | null, hours: number) =>
  useQuery({
    queryKey: ["trend", asset, name, hours],
    queryFn: ({ signal }) => api.trend(asset, name ?? "", hours, signal),
    enabled: name !== null,
    placeholderData: keepPreviousData,
    refetchInterval: 5 * SECOND_MS,
  });

export const useHistory = (asset: string, hours: number) =>
  useQuery({
    queryKey: ["history", asset, hours],
    queryFn: ({ signal }) => api.history(asset, hours, signal),
    placeholderData: keepPreviousData,
    refetchInterval: 5 * SECOND_MS,
  });

export const useSpectrum = (asset: string, name: string, kind: SpectrumKind) =>
  useQuery({
    queryKey: ["spectrum", asset, name, kind],
    queryFn: ({ signal }) => api.spectrum(asset, name, kind, signal),
    placeholderData: keepPreviousData,
    refetchInterval: 15 * SECOND_MS,
  });

/** Takes the server about a second, and changes over hours. */
export const useEnergy = (asset: string) =>
  useQuery({
    queryKey: ["energy", asset],
    queryFn: ({ signal }) => api.energy(asset, signal),
    staleTime: 60 * SECOND_MS,
    refetchInterval: 300 * SECOND_MS,
  });

/** Asked for by a button only: it takes the server up to some seconds. */
export const useSecondOpinion = (asset: string) =>
  useQuery({
    queryKey: ["second-opinion", asset],
    queryFn: ({ signal }) => api.secondOpinion(asset, signal),
    enabled: false,
  });

export const useOrders = (filter: OrderFilter) =>
  useQuery({
    queryKey: keys.orders(filter),
    queryFn: ({ signal }) => api.orders(filter, signal),
    placeholderData: keepPreviousData,
  });

export const useOrder = (ref: string) =>
  useQuery({ queryKey: keys.order(ref), queryFn: ({ signal }) => api.order(ref, signal) });
