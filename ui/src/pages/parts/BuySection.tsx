/** What should be bought and for whom, and when what was bought comes. */

import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import { ApiError } from "../../api/client";
import { type BuyingProposal, partKeys, parts, type PurchaseRow, type ReorderProposal, useBuyingProposals, usePurchases, useReorder } from "../../api/parts";
import { useOverview } from "../../api/queries";
import { Card } from "../../components/Card";
import { Answer, Empty } from "../../components/Feedback";
import { Listing } from "../../components/Listing";
import { Notice } from "../../components/Notice";
import { useFormat } from "../../format/useFormat";
import { useWords } from "../../i18n";

function useStep() {
  const cache = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState("");
  const take = async (step: () => Promise<unknown>) => {
    setBusy(true);
    setTrouble("");
    try {
      await step();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setTrouble(error.message);
    } finally {
      await Promise.all([partKeys.proposals, partKeys.reorder, partKeys.demand].map((queryKey) => cache.invalidateQueries({ queryKey })));
      setBusy(false);
    }
  };
  return { take, busy, trouble };
}

type Step = ReturnType<typeof useStep>;

function Reorder({ rows, step }: { rows: ReorderProposal[]; step: Step }) {
  const { parts: words } = useWords();
  const wanted = rows.filter(({ held_back: held }) => !held);
  if (wanted.length === 0) return null;
  return (
    <Notice tone="alert" title={words.reorder(wanted.length)}>
      <ul>{wanted.map((one) => <li key={one.part}><b>{one.quantity} × {one.part}</b>: {one.reason}</li>)}</ul>
      <div className="actions"><Button size="xs" loading={step.busy} onClick={() => void step.take(parts.proposeReorder)}>{words.tellBuyers}</Button></div>
    </Notice>
  );
}

function Needs({ row }: { row: BuyingProposal }) {
  const { parts: words } = useWords();
  return (
    <ul>
      {row.needs.map((need) => (
        <li key={need.key} className="small">{need.quantity} × {need.order ? <Link href={`/orders/${need.order}`}>{need.order}</Link> : need.why || words.shelfLow}{need.order && need.why ? `: ${need.why}` : ""}</li>
      ))}
    </ul>
  );
}

function Settle({ row, step }: { row: BuyingProposal; step: Step }) {
  const { parts: words } = useWords();
  return (
    <div className="row">
      {row.allowed_actions.includes("approved") && <Button size="xs" loading={step.busy} onClick={() => void step.take(() => parts.settle(row, "approved"))}>{words.approve}</Button>}
      {row.allowed_actions.includes("dropped") && <Button size="xs" variant="subtle" color="red" loading={step.busy} onClick={() => void step.take(() => parts.settle(row, "dropped", words.droppedNote))}>{words.drop}</Button>}
    </div>
  );
}

function Proposals() {
  const { parts: words } = useWords();
  const format = useFormat();
  const query = useBuyingProposals();
  const reorder = useReorder();
  const step = useStep();
  return (
    <Card title={words.toBuy} hint={words.toBuyHint}>
      {step.trouble && <Notice tone="alarm" title={words.failed}>{step.trouble}</Notice>}
      {reorder.data && <Reorder rows={reorder.data} step={step} />}
      <Answer query={query}>
        {(rows) => rows.length === 0 ? <Empty inline title={words.nothingToBuy} /> : (
          <Listing label={words.toBuy} rows={rows} keyOf={({ id }) => id} columns={[
            { name: words.part, cell: (row: BuyingProposal) => <><Link href={`/parts/${encodeURIComponent(row.part)}`}>{row.part}</Link> <span className="chip" data-tone={row.state === "approved" ? "brand" : "quiet"}>{words.states[row.state]}</span></> },
            { name: words.piecesHead, num: true, cell: (row) => format.number(row.quantity) },
            { name: words.cost, num: true, cell: (row) => format.number(Math.round(row.cost)) },
            { name: words.neededHead, cell: (row) => (row.needed_by ? format.day(row.needed_by) : "–") },
            { name: words.forWhom, wide: true, cell: (row) => <Needs row={row} /> },
            { name: "", bare: true, cell: (row) => <Settle row={row} step={step} /> },
          ]} />
        )}
      </Answer>
    </Card>
  );
}

function Coming({ row }: { row: PurchaseRow }) {
  const { parts: words } = useWords();
  const format = useFormat();
  const { data } = useOverview();
  return (
    <ul>
      {row.lines.filter(({ open }) => open > 0).map(({ line, part, open, due, promised }) => {
        const late = due !== null && data !== undefined && format.isPast(due);
        return <li key={line} className="small"><b>{open} × {part}</b> <span className={late ? "late" : "muted"}>{due ? words.due(format.day(due)) : words.noDate}{promised && due && promised !== due && ` (${words.promised(format.day(promised))})`}</span></li>;
      })}
    </ul>
  );
}

function Purchases() {
  const { parts: words } = useWords();
  const format = useFormat();
  const query = usePurchases();
  return (
    <Card title={words.purchases} hint={words.purchasesHint}>
      <Answer query={query}>
        {(rows) => rows.length === 0 ? <Empty inline title={words.noPurchases} /> : (
          <Listing label={words.purchases} rows={rows} keyOf={({ id }) => id} columns={[
            { name: words.number, cell: (row: PurchaseRow) => <><span className="strong">{row.number}</span><div className="muted small">{row.supplier}</div></> },
            { name: words.status, cell: (row) => <span className="chip" data-tone="brand">{words.purchaseStates[row.status] ?? row.status}</span> },
            { name: words.stillComing, wide: true, cell: (row) => <Coming row={row} /> },
            { name: words.cost, num: true, cell: (row) => format.money(row.total, row.currency) },
          ]} />
        )}
      </Answer>
    </Card>
  );
}

export function BuySection() {
  return <><Proposals /><Purchases /></>;
}
