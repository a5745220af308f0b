/** After the work: does the repair show in the signals? Only then the order can be closed. */

import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, ApiError } from "../api/client";
import { applyOrder } from "../api/live";
import { keys } from "../api/queries";
import type { OrderDetail, VerificationIn } from "../api/orderTypes";
import { Card } from "../components/Card";
import { useWords } from "../i18n";

const RESULTS: VerificationIn["result"][] = ["passed", "failed", "waived"];

export function OrderVerify({ order }: { order: OrderDetail }) {
  const words = useWords();
  const cache = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const keep = (now: OrderDetail) => {
    cache.setQueryData(keys.order(now.number), now);
    applyOrder(cache, now);
  };
  const decide = async (result: VerificationIn["result"]) => {
    setBusy(true);
    setProblem("");
    try {
      keep(await api.verify(order, result));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 412) keep(await api.order(order.id));
      setProblem(error.status === 412 ? words.order.verifyStale : error.message);
    } finally {
      setBusy(false);
    }
  };
  if (order.status !== "COMP" || order.verification !== "pending") return null;
  return (
    <Card title={words.order.verifyTitle}>
      <p className="muted">{words.order.verifyLead}</p>
      {problem && <div className="notice" role="alert">{problem}</div>}
      <div className="actions">
        {RESULTS.map((result, i) => (
          <Button key={result} loading={busy} onClick={() => void decide(result)} variant={i === 0 ? "filled" : "default"}>
            {words.order.verify[result]}
          </Button>
        ))}
      </div>
    </Card>
  );
}
