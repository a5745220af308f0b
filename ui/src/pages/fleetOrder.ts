/** The order of the board and its filters. Pure. */

import type { AssetRow, State } from "../api/types";

const RANK: Record<State, number> = { alarm: 0, alert: 1, offline: 2, warming_up: 4, normal: 4 };
const WITH_SENSOR_PROBLEM = 3;

function rank(asset: AssetRow): number {
  return Math.min(RANK[asset.state], asset.sensor_problems.length > 0 ? WITH_SENSOR_PROBLEM : Infinity);
}

/** Worst first: by state, then the least remaining life, then the worse health. Quiet machines by name, so that the
 * list does not dance with every reading. */
export function worstFirst(a: AssetRow, b: AssetRow): number {
  const byRank = rank(a) - rank(b);
  if (byRank !== 0) return byRank;
  if (RANK[a.state] <= RANK.alert) {
    const byLife = (a.rul?.p50_h ?? Number.MAX_VALUE) - (b.rul?.p50_h ?? Number.MAX_VALUE);
    if (byLife !== 0) return byLife;
    const byHealth = Math.round((a.health ?? 100) - (b.health ?? 100));
    if (byHealth !== 0) return byHealth;
  }
  return a.name.localeCompare(b.name, undefined, { numeric: true });
}

export interface FleetFilter {
  state: string | null;
  area: string | null;
  text: string;
}

export function matches(asset: AssetRow, { state, area, text }: FleetFilter): boolean {
  const haystack = [asset.id, asset.name, asset.asset_class, asset.area, asset.site, asset.fault_label ?? "", ...asset.open_orders];
  return (!state || asset.state === state) && (!area || asset.area === area)
    && haystack.join("\n").toLowerCase().includes(text.trim().toLowerCase());
}

export function needsAttention(asset: AssetRow): boolean {
  return asset.state === "alarm" || asset.state === "alert";
}
