/** The board of other departments: who is waited for, until when, and what a slip does to the order. */

import { Link } from "wouter";
import { useWaiting, type WaitingRow } from "../../api/plan";
import { Card } from "../../components/Card";
import { Answer, Empty } from "../../components/Feedback";
import { Listing } from "../../components/Listing";
import { StatusChip } from "../../components/Orders";
import { useFormat } from "../../format/useFormat";
import { useWords } from "../../i18n";
import { startsLateH } from "./rules";

export function WaitingSection() {
  const { plan: words, job, orders } = useWords();
  const format = useFormat();
  const query = useWaiting();
  const late = (hours: number) => (hours > 0 ? job.late(format.life(hours)) : words.inTime);
  return (
    <Card title={words.sections.waiting} hint={words.waitingHint}>
      <Answer query={query}>
        {(rows) => rows.length === 0 ? <Empty title={words.nobodyWaited} hint={words.nobodyWaitedHint} /> : (
          <Listing label={words.sections.waiting} rows={rows} keyOf={({ step }) => step.id} columns={[
            { name: words.department, cell: ({ step }: WaitingRow) => <><span className="strong">{job.names[step.department]}</span><div className="muted small">{step.owner}</div></> },
            { name: words.whatFor, wide: true, cell: ({ step }) => step.what },
            { name: orders.number, cell: (row) => <><Link href={`/orders/${row.number}`}>{row.number}</Link> <StatusChip status={row.status} /><div className="muted small">{row.asset}</div></> },
            { name: words.due, cell: ({ step }) => <><span className={step.slipped ? "late nowrap" : "nowrap"}>{format.shortDateTime(step.due)}</span><div className="muted small">{step.slipped ? job.slipped : format.relative(step.due)}</div></> },
            { name: words.effect, cell: (row) => <span className={startsLateH(row) > 0 ? "late" : "muted"}>{late(startsLateH(row))}</span> },
          ]} />
        )}
      </Answer>
    </Card>
  );
}
