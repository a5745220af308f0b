/** Did the repair help? Every signal before and after, at comparable load. */

import { useVerification } from "../../api/jobs";
import type { ComparedOut, ComparisonOut } from "../../api/jobTypes";
import type { OrderDetail } from "../../api/orderTypes";
import { Card } from "../../components/Card";
import { Answer } from "../../components/Feedback";
import { Listing } from "../../components/Listing";
import { useFormat } from "../../format/useFormat";
import { useWords } from "../../i18n";

function Comparison({ told }: { told: ComparisonOut }) {
  const { job: words, duration } = useWords();
  const format = useFormat();
  const value = (amount: number | null, unit: string) => (amount === null ? words.notSeen : format.quantity(amount, unit));
  const hours = (amount: number) => format.quantity(Math.round(amount), duration.hours);
  return (
    <div className="stack">
      <p>{told.reason}</p>
      {told.needed_h > 0 && <p className="muted small">{words.seen(hours(told.seen_h), hours(told.needed_h))}</p>}
      {told.signals.length > 0 && (
        <Listing label={words.signals} rows={told.signals} keyOf={({ signal }) => signal} columns={[
          { name: words.signal, cell: (row: ComparedOut) => <span className={row.carried ? "strong" : undefined}>{format.feature(row.signal)}</span> },
          { name: words.healthy, num: true, cell: (row) => value(row.healthy, row.unit) },
          { name: words.before, num: true, cell: (row) => value(row.before, row.unit) },
          { name: words.after, num: true, cell: (row) => value(row.after, row.unit) },
          { name: words.limit, num: true, cell: (row) => value(row.limit, row.unit) },
          { name: "", bare: true, cell: (row) => row.after !== null && <span className="chip" data-tone={row.abnormal ? "alarm" : "normal"}>{row.abnormal ? words.abnormal : words.ok}</span> },
        ]} />
      )}
    </div>
  );
}

export function ComparisonCard({ order }: { order: OrderDetail }) {
  const { job: words } = useWords();
  const ended = order.status === "COMP" || order.status === "CLOSE";
  const query = useVerification(order.id, ended && order.causes.length > 0);
  if (!ended || order.causes.length === 0) return null;
  return (
    <Answer query={query}>
      {({ now, concluded }) => {
        const told = now ?? concluded.at(-1);
        return told ? <Card title={words.comparison}><Comparison told={told} /></Card> : null;
      }}
    </Answer>
  );
}
