/** Sends one change of an order's work and keeps what comes back: never a stale page, never a lost error. */

import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, ApiError } from "../../api/client";
import { jobKeys } from "../../api/jobs";
import { applyOrder } from "../../api/live";
import { keys } from "../../api/queries";
import { useWords } from "../../i18n";

export function useSending(order: string) {
  const { job: words } = useWords();
  const cache = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState("");
  const renew = async () => {
    const now = await api.order(order);
    cache.setQueryData(keys.order(now.number), now);
    applyOrder(cache, now);
    await Promise.all([jobKeys.job(order), jobKeys.departments(order)].map((queryKey) => cache.invalidateQueries({ queryKey })));
  };
  /** True when it was done. */
  const send = async (step: () => Promise<unknown>): Promise<boolean> => {
    setBusy(true);
    setTrouble("");
    try {
      await step();
      await renew();
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 412) await renew();
      setTrouble(error.status === 412 ? words.stale : error.message);
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { send, busy, trouble };
}
