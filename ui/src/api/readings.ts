/** Readings that people enter: rounds that are due, and the entry itself. */

import { useQuery } from "@tanstack/react-query";
import { get, post } from "./client";
import type { ReadingsIn, ReadingsOut, RoundRow } from "./roundTypes";

const LIVELY_MS = 15_000;

export const roundsKey = (asset: string) => ["rounds", asset] as const;

/** Every round of a machine, those that are due first. */
export const useRounds = (asset: string) =>
  useQuery({
    queryKey: roundsKey(asset),
    queryFn: ({ signal }) => get<RoundRow[]>(`/api/rounds?due=false&asset=${encodeURIComponent(asset)}`, signal),
    refetchInterval: LIVELY_MS,
  });

/** Enters readings; repeating a key is safe. */
export async function enterReadings(asset: string, readings: ReadingsIn, key: string): Promise<ReadingsOut> {
  const response = await post(`/api/assets/${encodeURIComponent(asset)}/readings`, readings, { "Idempotency-Key": key });
  return (await response.json()) as ReadingsOut;
}
