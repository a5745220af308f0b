/** One work order: the dates, what is wrong and why, what to do, and what was done so far. */

import { Button } from "@mantine/core";
import { useState } from "react";
import { Link } from "wouter";
import { isOpen } from "../api/orders";
import { useOrder } from "../api/queries";
import type { AuditRow, OrderDetail } from "../api/orderTypes";
import { Card, Facts } from "../components/Card";
import { FailureMode } from "../components/Explained";
import { Answer, Empty, isMissing } from "../components/Feedback";
import { chanceTone, PriorityChip, StatusChip } from "../components/Orders";
import { Notice } from "../components/Notice";
import { useTitle } from "../components/useTitle";
import { withUnits } from "../format/units";
import { useFormat } from "../format/useFormat";
import { useWords } from "../i18n";
import { ComparisonCard } from "./job/ComparisonCard";
import { DepartmentsCard } from "./job/DepartmentsCard";
import { ReportCard } from "./job/ReportCard";
import { WorkCard } from "./job/WorkCard";
import { PartsCard } from "./PartsCard";
import { NotFoundPage } from "./NotFoundPage";
import { OrderActions } from "./OrderActions";
import { OrderVerify } from "./OrderVerify";
import { OrderCause } from "./OrderCause";
import { actionText, readDetail, significant } from "./orderRecord";

const SOON_MS = 3 * 86_400_000;

function Deadline({ name, order, time, none }: { name: string; order: OrderDetail; time: string | null; none: string }) {
  const words = useWords();
  const format = useFormat();
  const left = time === null ? Infinity : Date.parse(time) - format.nowMs;
  const late = left < 0 && isOpen(order);
  const tone = !isOpen(order) || time === null ? undefined : late ? "alarm" : left < SOON_MS ? "alert" : "normal";
  return (
    <div className="card deadline" data-tone={tone}>
      <div className="name">{name}</div>
      <div className={late ? "figure late" : "figure"}>{time === null ? "–" : late ? words.orders.now : format.day(time)}</div>
      <div className="sub">
        {time === null ? none : late ? words.orders.lateSince(format.dateTime(time)) : `${format.relative(time)} · ${format.timeOfDay(time)}`}
      </div>
    </div>
  );
}

function Deadlines({ order }: { order: OrderDetail }) {
  const words = useWords();
  const format = useFormat();
  const chance = order.win_probability;
  return (
    <div className="deadlines">
      <Deadline name={words.order.orderBy} order={order} time={order.order_by} none={order.parts.length ? words.order.noDate : words.order.noParts} />
      <Deadline name={words.order.startBy} order={order} time={order.start_by} none={words.order.noDate} />
      <div className="card deadline" data-tone={chance === null ? undefined : chanceTone(chance)}>
        <div className="name">{words.order.win}</div>
        <div className="figure">{chance === null ? "–" : format.percent(chance)}</div>
        <div className="sub">{words.order.winHelp}</div>
      </div>
    </div>
  );
}

function Entry({ entry }: { entry: AuditRow }) {
  const words = useWords();
  const format = useFormat();
  const detail = readDetail(entry.detail, format, words);
  return (
    <li>
      <span><b>{actionText(entry.action, words)}</b> <span className="muted">{entry.actor}</span></span>
      {detail && <span className="topic">{detail}</span>}
      <span className="muted small">
        {format.dateTime(entry.at)} · {words.order.hash} <code title={entry.hash}>{entry.hash.slice(0, 10)}</code>
      </span>
    </li>
  );
}

function Record({ order }: { order: OrderDetail }) {
  const words = useWords();
  const [whole, setWhole] = useState(false);
  const short = significant(order.history);
  const shown = whole ? [...order.history].reverse() : short;
  return (
    <Card title={words.order.record}>
      <ol className="timeline">{shown.map((entry) => <Entry key={entry.hash} entry={entry} />)}</ol>
      {short.length < order.history.length && (
        <Button variant="subtle" size="compact-sm" mt="sm" aria-expanded={whole} onClick={() => setWhole(!whole)}>
          {whole ? words.order.recordShort : words.order.recordWhole(order.history.length)}
        </Button>
      )}
    </Card>
  );
}

/** What the newest advice changed, and why the order is only a draft. */
function News({ order }: { order: OrderDetail }) {
  const { job: words } = useWords();
  return (
    <>
      {order.draft && order.status === "WAPPR" && <Notice tone="alert" title={words.draft[order.draft]} />}
      {order.changed && <Notice tone="normal" title={words.changed}>{withUnits(order.changed)}</Notice>}
    </>
  );
}

function About({ order }: { order: OrderDetail }) {
  const words = useWords();
  const format = useFormat();
  const { rul_p10_h: p10, rul_p50_h: p50, rul_p90_h: p90 } = order;
  const known = p10 !== null && p50 !== null && p90 !== null;
  return (
    <section className="card" aria-label={words.order.evidenceFacts}>
      <Facts facts={[
        { name: words.orders.asset, value: <Link href={`/assets/${order.asset}`}>{order.asset_name}</Link> },
        {
          name: words.order.life, help: words.common.lifeHelp, value: known ? `P50 ${format.life(p50)}` : words.fleet.noForecast,
          sub: known && words.fleet.lifeRange(format.life(p10), format.life(p90)),
        },
        { name: words.order.kind, value: words.kinds[order.kind], sub: <FailureMode code={order.failure_mode} /> },
        { name: words.order.verification, value: words.verifications[order.verification] ?? order.verification },
        ...(order.finding ? [{
          name: words.order.findingName, value: words.order.findings[order.finding], sub: order.fault_found && format.fault(order.fault_found),
        }] : []),
        ...(order.follows ? [{ name: words.codes.follows, value: <Link href={`/orders/${order.follows}`}>{order.follows}</Link> }] : []),
        ...(order.follow_ups.length > 0 ? [{
          name: words.codes.followUps, value: order.follow_ups.map((number) => <Link key={number} href={`/orders/${number}`}>{number} </Link>),
        }] : []),
        { name: words.order.created, value: format.shortDateTime(order.created_at), sub: format.since(order.created_at) },
        { name: words.order.updated, value: format.shortDateTime(order.updated_at), sub: `${words.order.revision} ${order.revision}` },
      ]} />
    </section>
  );
}

function Done({ order }: { order: OrderDetail }) {
  return (
    <>
      <ComparisonCard order={order} />
      <WorkCard order={order} />
      <ReportCard order={order} />
    </>
  );
}

function Order({ order }: { order: OrderDetail }) {
  const words = useWords();
  const begun = order.status === "INPRG" || order.status === "COMP";
  const dated = order.order_by !== null || order.start_by !== null || order.win_probability !== null;
  return (
    <div className="stack">
      <div>
        <div className="asset-title">
          <h1>{order.number}</h1>
          <StatusChip status={order.status} />
          <PriorityChip priority={order.priority} />
        </div>
        <p className="lead">{order.title}</p>
      </div>
      <News order={order} />
      {dated && <Deadlines order={order} />}
      <div className="order-grid">
        <OrderVerify order={order} />
        <OrderActions order={order} />
        <div className="stack order-main">
          {/* who works on it wants the steps first, who decides about it the reasons */}
          {begun && <Done order={order} />}
          <Card title={words.order.why}>
            {order.causes.length === 0 && <Empty inline title={words.order.noEvidence} />}
            {order.causes.map((cause) => <OrderCause key={cause.fault} cause={cause} />)}
          </Card>
          <PartsCard order={order} />
          {!begun && <Done order={order} />}
        </div>
        <div className="stack">
          <About order={order} />
          <DepartmentsCard order={order} />
          <Record order={order} />
        </div>
      </div>
    </div>
  );
}

export function OrderPage({ number }: { number: string }) {
  const words = useWords();
  useTitle(number);
  const order = useOrder(number);
  if (isMissing(order.error) && !order.data) return <NotFoundPage title={words.order.notFound} />;
  return (
    <>
      <Link href="/orders" className="crumb">← {words.order.back}</Link>
      <Answer query={order}>{(detail) => <Order order={detail} />}</Answer>
    </>
  );
}
