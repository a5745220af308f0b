/** Shelving: silence a limit or a machine for a while. */

import { useQuery } from "@tanstack/react-query";
import { ask, get, post } from "./client";
import type { ShelfOut, ShelveIn } from "./roundTypes";

const path = (asset: string) => `/api/assets/${encodeURIComponent(asset)}/shelved`;

export const shelfKey = (asset: string) => ["shelf", asset] as const;

export const useShelf = (asset: string) =>
  useQuery({ queryKey: shelfKey(asset), queryFn: ({ signal }) => get<ShelfOut>(path(asset), signal), refetchInterval: 30_000 });

async function told(answer: Promise<Response>): Promise<ShelfOut> {
  return (await (await answer).json()) as ShelfOut;
}

export const shelf = {
  put: (asset: string, wanted: ShelveIn) => told(post(path(asset), wanted)),
  end: (asset: string, limit: string | null) =>
    told(ask(`${path(asset)}${limit === null ? "" : `?limit=${encodeURIComponent(limit)}`}`, { method: "DELETE" })),
};
