/** What other departments do before the work can begin, who owns it, and what a slip does to the dates. */

import { Button } from "@mantine/core";
import { isOpen } from "../../api/orders";
import { jobs, useDepartments } from "../../api/jobs";
import type { DepartmentStep, DepartmentSteps } from "../../api/jobTypes";
import type { OrderDetail } from "../../api/orderTypes";
import { Card } from "../../components/Card";
import { Answer } from "../../components/Feedback";
import { Notice } from "../../components/Notice";
import { useFormat } from "../../format/useFormat";
import { useWords } from "../../i18n";
import { useSending } from "./useSending";

function Line({ step, sending }: { step: DepartmentStep; sending: ReturnType<typeof useSending> }) {
  const { job: words } = useWords();
  const format = useFormat();
  const ended = step.done_at ?? step.dropped_at;
  return (
    <li className="part" data-step={step.id}>
      <div>
        <span className="strong">{words.names[step.department]}</span> {step.what}
        <div className="muted small">
          {words.owner}: {step.owner} · {step.done_at ? words.doneBy(step.done_by ?? "", format.shortDateTime(step.done_at)) : step.dropped_at ? words.dropped : words.due(format.shortDateTime(step.due))}
        </div>
        {step.note && <div className="small">{step.note}</div>}
      </div>
      {!ended && (
        <div className="row">
          {step.slipped && <span className="chip" data-tone="alarm">{words.slipped}</span>}
          <Button size="xs" variant="default" loading={sending.busy} onClick={() => void sending.send(() => jobs.departmentDone(step))}>{words.done}</Button>
        </div>
      )}
    </li>
  );
}

function Effect({ asked }: { asked: DepartmentSteps }) {
  const { job: words } = useWords();
  const format = useFormat();
  if (asked.can_start) return <p className="muted small">{words.canStart}</p>;
  const late = asked.late_h > 0 ? `, ${words.late(format.life(asked.late_h))}` : "";
  return <Notice tone={asked.late_h > 0 ? "alarm" : "alert"} title={`${words.earliest(format.dateTime(asked.earliest_start))}${late}`}>{asked.reason}</Notice>;
}

function Asked({ order, asked }: { order: OrderDetail; asked: DepartmentSteps }) {
  const { job: words } = useWords();
  const sending = useSending(order.id);
  return (
    <div className="stack">
      {sending.trouble && <Notice tone="alarm" title={words.failed}>{sending.trouble}</Notice>}
      {asked.steps.length === 0 ? <p className="muted">{words.nobodyAsked}</p> : isOpen(order) && <Effect asked={asked} />}
      <ul>{asked.steps.map((step) => <Line key={step.id} step={step} sending={sending} />)}</ul>
      {isOpen(order) && asked.steps.length === 0 && (
        <div className="actions"><Button size="sm" variant="default" loading={sending.busy} onClick={() => void sending.send(() => jobs.askUsual(order.id))}>{words.askUsual}</Button></div>
      )}
    </div>
  );
}

export function DepartmentsCard({ order }: { order: OrderDetail }) {
  const { job: words } = useWords();
  const query = useDepartments(order.id);
  return <Card title={words.departments}><Answer query={query}>{(asked) => <Asked order={order} asked={asked} />}</Answer></Card>;
}
