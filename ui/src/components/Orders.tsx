/** Pieces that say one thing of a work order. */

import type { OrderRow, StatusName } from "../api/orderTypes";
import { isOpen } from "../api/orders";
import { useFormat } from "../format/useFormat";
import { useWords } from "../i18n";

type Tone = "alarm" | "alert" | "normal" | "brand" | "quiet";

const STATUS_TONE: Partial<Record<StatusName, Tone>> = {
  WAPPR: "alert", APPR: "brand", WSCH: "brand", WMATL: "brand", WPCOND: "brand", INPRG: "brand", COMP: "normal",
};

export function StatusChip({ status }: { status: StatusName }) {
  const words = useWords();
  return <span className="chip" data-tone={STATUS_TONE[status] ?? "quiet"} title={status}>{words.statuses[status]}</span>;
}

/** 1 emergency to 5 at an opportunity. */
export function PriorityChip({ priority, short = false }: { priority: number; short?: boolean }) {
  const words = useWords();
  const tone: Tone = priority <= 1 ? "alarm" : priority === 2 ? "alert" : "quiet";
  return <span className="chip" data-tone={tone} title={words.orders.priorityHelp}>{short ? priority : words.orders.priorityN(priority)}</span>;
}

/** A date and how far away it is; once it has passed, an open order has to be acted on now. */
export function DueDate({ order, time }: { order: OrderRow; time: string | null }) {
  const words = useWords();
  const format = useFormat();
  if (time === null) return <span className="muted">–</span>;
  const late = isOpen(order) && format.isPast(time);
  return (
    <span>
      <span className={late ? "late nowrap" : "strong nowrap"}>{late ? words.orders.now : format.shortDateTime(time)}</span>
      <div className="muted small">{late ? words.orders.lateSince(format.shortDateTime(time)) : format.relative(time)}</div>
    </span>
  );
}

export function chanceTone(chance: number): "alarm" | "alert" | "normal" {
  if (chance < 0.5) return "alarm";
  return chance < 0.8 ? "alert" : "normal";
}

export function Chance({ chance }: { chance: number | null }) {
  const format = useFormat();
  if (chance === null) return <span className="muted">–</span>;
  return <span className="chip" data-tone={chanceTone(chance)}>{format.percent(chance)}</span>;
}

export function OrderFaults({ order }: { order: OrderRow }) {
  const format = useFormat();
  return (
    <>
      {order.faults.map((fault) => (
        <div key={fault}>
          <span className="strong">{format.fault(fault)}</span>
          <div className="muted small" title={format.mode(order.failure_mode)}>{format.component(fault)} · {order.failure_mode}</div>
        </div>
      ))}
    </>
  );
}
