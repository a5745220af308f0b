/** What the page of telemetry asks for, and again every few seconds: the live stream carries none of it. */

import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { PAGE_ROWS, telemetry, type Refused } from "./telemetry";
import type { QuarantineRow } from "./telemetryTypes";

const LIVELY_MS = 5_000;
const CALM_MS = 15_000;

/** Everything below stands under this key: asked anew as a whole after an adoption or a replay. */
export const TELEMETRY = ["telemetry"] as const;

export const useTelemetry = () =>
  useQuery({
    queryKey: [...TELEMETRY, "overview"],
    queryFn: ({ signal }) => telemetry.overview(signal),
    refetchInterval: LIVELY_MS,
  });

export const useSources = () =>
  useQuery({
    queryKey: [...TELEMETRY, "sources"],
    queryFn: ({ signal }) => telemetry.sources(signal),
    refetchInterval: LIVELY_MS,
  });

export const useGaps = () =>
  useQuery({ queryKey: [...TELEMETRY, "gaps"], queryFn: ({ signal }) => telemetry.gaps(signal), refetchInterval: LIVELY_MS });

export const useSensorEvents = (open: boolean) =>
  useQuery({
    queryKey: [...TELEMETRY, "sensors", open],
    queryFn: ({ signal }) => telemetry.sensors(open, signal),
    placeholderData: keepPreviousData,
    refetchInterval: LIVELY_MS,
  });

export const usePlaces = () =>
  useQuery({
    queryKey: [...TELEMETRY, "places"],
    queryFn: ({ signal }) => telemetry.places(signal),
    refetchInterval: LIVELY_MS,
  });

export const useNodes = () =>
  useQuery({
    queryKey: [...TELEMETRY, "nodes"],
    queryFn: ({ signal }) => telemetry.nodes(signal),
    refetchInterval: LIVELY_MS,
  });

export const useReasons = () =>
  useQuery({
    queryKey: [...TELEMETRY, "reasons"],
    queryFn: ({ signal }) => telemetry.reasons(signal),
    refetchInterval: LIVELY_MS,
  });

/** Page after page, newest first; the next one begins below the last row of this one. */
export const useQuarantine = (wanted: Refused) =>
  useInfiniteQuery({
    queryKey: [...TELEMETRY, "quarantine", wanted],
    queryFn: ({ pageParam, signal }) => telemetry.quarantine(wanted, pageParam, signal),
    initialPageParam: null as number | null,
    getNextPageParam: (page: QuarantineRow[]) => (page.length < PAGE_ROWS ? null : (page.at(-1)?.row ?? null)),
    placeholderData: keepPreviousData,
    refetchInterval: CALM_MS,
  });
