/** The parts of the asset page that are not charts: diagnosis, its orders, its signals. */

import { Button } from "@mantine/core";
import { Link } from "wouter";
import { useOrders } from "../api/queries";
import type { OrderRow } from "../api/orderTypes";
import type { HypothesisOut, SignalOut } from "../api/types";
import { drawable } from "../charts/TrendChart";
import { Breakable } from "../components/Breakable";
import { Card } from "../components/Card";
import { Evidence } from "../components/Evidence";
import { Answer, Empty } from "../components/Feedback";
import { DueDate, StatusChip } from "../components/Orders";
import { useFormat } from "../format/useFormat";
import { useWords } from "../i18n";
import { mostUrgentFirst } from "./ordersOrder";

function Hypothesis({ hypothesis }: { hypothesis: HypothesisOut }) {
  const format = useFormat();
  return (
    <article className="hypothesis">
      <div className="hypothesis-head">
        <div>
          <h3>{format.fault(hypothesis.fault, hypothesis.label)}</h3>
          <span className="muted small">{format.component(hypothesis.fault)} · {format.mode(hypothesis.failure_mode)}</span>
        </div>
        <span className="chance">{format.percent(hypothesis.probability)}</span>
      </div>
      <Evidence evidenceFor={hypothesis.evidence_for} evidenceAgainst={hypothesis.evidence_against} nextCheck={hypothesis.next_check} />
    </article>
  );
}

export function Diagnosis({ hypotheses }: { hypotheses: HypothesisOut[] }) {
  const words = useWords();
  const ranked = [...hypotheses].sort((a, b) => b.probability - a.probability);
  return (
    <Card title={words.diagnosis.title}>
      {ranked.length === 0 && <Empty inline title={words.diagnosis.empty} hint={words.diagnosis.emptyHint} />}
      {ranked.map((hypothesis) => <Hypothesis key={hypothesis.fault} hypothesis={hypothesis} />)}
    </Card>
  );
}

function MiniOrder({ order }: { order: OrderRow }) {
  const words = useWords();
  return (
    <li className="mini-order">
      <div className="row">
        <Link href={`/orders/${order.number}`} className="row-link">{order.number}</Link>
        <StatusChip status={order.status} />
      </div>
      <span>{order.title}</span>
      {order.start_by && (
        <div className="row">
          <span className="muted small">{words.orders.startBy}</span> <DueDate order={order} time={order.start_by} />
        </div>
      )}
    </li>
  );
}

export function AssetOrders({ asset }: { asset: string }) {
  const words = useWords();
  const orders = useOrders({ asset });
  return (
    <Card title={words.orders.ofAsset}>
      <Answer query={orders}>
        {(rows) => rows.length === 0
          ? <Empty inline title={words.orders.noneOfAsset} />
          : <ul>{[...rows].sort(mostUrgentFirst).map((order) => <MiniOrder key={order.id} order={order} />)}</ul>}
      </Answer>
    </Card>
  );
}

function Quality({ signal }: { signal: SignalOut }) {
  const words = useWords();
  if (signal.last_at === null) return <span className="muted">{words.signals.none}</span>;
  if (signal.quality.length === 0) return <span className="chip" data-tone="normal">{words.signals.good}</span>;
  return <>{signal.quality.map((flag) => <span key={flag} className="chip" data-tone="alert">{words.qualities[flag] ?? flag}</span>)}</>;
}

function LastValue({ signal }: { signal: SignalOut }) {
  const words = useWords();
  const format = useFormat();
  if (signal.last_value !== null) return <b>{format.quantity(signal.last_value, signal.unit)}</b>;
  return <span className="muted">{signal.kind === "waveform" ? words.signals.waveform : "–"}</span>;
}

function SignalRow({ signal, onShow }: { signal: SignalOut; onShow: (signal: string) => void }) {
  const words = useWords();
  const format = useFormat();
  const [first] = drawable(signal);
  const where = [words.quantities[signal.quantity] ?? signal.quantity, signal.component && format.component(signal.component)];
  return (
    <tr>
      <td>
        <span className="strong"><Breakable name={signal.name} /></span>
        <div className="sub">{where.filter(Boolean).join(" · ")}</div>
      </td>
      <td className="num nowrap">
        <LastValue signal={signal} />
        {signal.last_at && <div className="sub" title={format.dateTime(signal.last_at)}>{format.since(signal.last_at)}</div>}
      </td>
      <td><div className="row"><Quality signal={signal} /></div></td>
      <td className="num">
        {first && <Button variant="subtle" size="compact-sm" onClick={() => onShow(first)} aria-label={`${words.signals.show}: ${signal.name}`}>{words.signals.show}</Button>}
      </td>
    </tr>
  );
}

export function SignalTable({ signals, onShow }: { signals: SignalOut[]; onShow: (signal: string) => void }) {
  const words = useWords();
  return (
    <Card title={words.signals.title}>
      {signals.length === 0 ? <Empty inline title={words.trend.nothing} /> : (
        <div className="table-scroll" tabIndex={0} role="region" aria-label={words.signals.title}>
          <table className="table">
            <thead>
              <tr>
                <th scope="col">{words.signals.signal}</th>
                <th scope="col" className="num">{words.signals.last}</th>
                <th scope="col">{words.signals.quality}</th>
                <th scope="col"><span className="visually-hidden">{words.signals.show}</span></th>
              </tr>
            </thead>
            <tbody>{signals.map((signal) => <SignalRow key={signal.name} signal={signal} onShow={onShow} />)}</tbody>
          </table>
        </div>
      )}
    </Card>
  );
}
