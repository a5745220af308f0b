/** What Forewarn would have opened and did not: by level of autonomy, weekly budget, or a maintenance window. */

import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { ApiError } from "../../api/client";
import { type HeldAdvice, plan, planKeys, useHeld } from "../../api/plan";
import { Card } from "../../components/Card";
import { Answer, Empty } from "../../components/Feedback";
import { Listing } from "../../components/Listing";
import { Notice } from "../../components/Notice";
import { PriorityChip } from "../../components/Orders";
import { withUnits } from "../../format/units";
import { useFormat } from "../../format/useFormat";
import { useWords } from "../../i18n";

function Release({ held, onTrouble }: { held: HeldAdvice; onTrouble: (text: string) => void }) {
  const { plan: words } = useWords();
  const cache = useQueryClient();
  const [, go] = useLocation();
  const [busy, setBusy] = useState(false);
  const open = async () => {
    setBusy(true);
    try {
      const order = await plan.release(held);
      go(`/orders/${order.number}`);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      onTrouble(error.message);
    } finally {
      await cache.invalidateQueries({ queryKey: planKeys.held });
      setBusy(false);
    }
  };
  return <Button size="xs" loading={busy} onClick={() => void open()}>{words.openOrder}</Button>;
}

export function HeldSection() {
  const { plan: words, orders } = useWords();
  const format = useFormat();
  const query = useHeld();
  const [trouble, setTrouble] = useState("");
  return (
    <Card title={words.sections.held} hint={words.heldHint}>
      {trouble && <Notice tone="alarm" title={words.failed}>{trouble}</Notice>}
      <Answer query={query}>
        {(rows) => rows.length === 0 ? <Empty title={words.nothingHeld} hint={words.nothingHeldHint} /> : (
          <Listing label={words.sections.held} rows={rows} keyOf={({ asset, fault }) => `${asset} ${fault}`} columns={[
            { name: orders.asset, cell: (row: HeldAdvice) => <><Link href={`/assets/${row.asset}`}>{row.name}</Link><div className="muted small">{format.fault(row.fault)} · {format.component(row.fault)}</div></> },
            { name: orders.priority, cell: (row) => <PriorityChip priority={row.priority} short /> },
            { name: words.why, wide: true, cell: (row) => <>{withUnits(row.reason)}<div className="muted small">{words.since(format.since(row.first_at))}{row.until && ` · ${words.until(format.shortDateTime(row.until))}`}</div></> },
            { name: orders.startBy, cell: (row) => (row.start_by ? format.shortDateTime(row.start_by) : "–") },
            { name: "", bare: true, cell: (row) => <Release held={row} onTrouble={setTrouble} /> },
          ]} />
        )}
      </Answer>
    </Card>
  );
}
