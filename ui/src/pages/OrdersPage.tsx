/** The list of work orders: what has to be done, the soonest first. */

import { NativeSelect, SegmentedControl } from "@mantine/core";
import { Link, useSearchParams } from "wouter";
import { useOrders } from "../api/queries";
import type { KindName, OrderRow } from "../api/orderTypes";
import { Answer, Empty } from "../components/Feedback";
import { Chance, DueDate, OrderFaults, PriorityChip, StatusChip } from "../components/Orders";
import { useIsPhone } from "../components/useIsPhone";
import { useTitle } from "../components/useTitle";
import { useFormat } from "../format/useFormat";
import { useWords } from "../i18n";
import { mostUrgentFirst } from "./ordersOrder";

function OrderTable({ orders }: { orders: OrderRow[] }) {
  const words = useWords();
  const format = useFormat();
  const { number, asset, fault, status, priority, orderBy, startBy, win, p50 } = words.orders;
  return (
    <section className="card">
      <div className="table-scroll" tabIndex={0} role="region" aria-label={words.orders.scroll}>
        <table className="table">
          <thead>
            <tr>{[number, asset, `${fault} · ${words.orders.mode}`, status, priority, orderBy, startBy, win, p50].map((name) => <th key={name} scope="col">{name}</th>)}</tr>
          </thead>
          <tbody>
            {orders.map((order) => (
              <tr key={order.id} className="linked" data-order={order.number}>
                <td>
                  <Link href={`/orders/${order.number}`} className="row-link nowrap">{order.number}</Link>
                  <div className="sub">{words.kinds[order.kind]}</div>
                </td>
                <td className="machine strong">{order.asset_name}</td>
                <td><OrderFaults order={order} /></td>
                <td><StatusChip status={order.status} /></td>
                <td><PriorityChip priority={order.priority} short /></td>
                <td><DueDate order={order} time={order.order_by} /></td>
                <td><DueDate order={order} time={order.start_by} /></td>
                <td><Chance chance={order.win_probability} /></td>
                <td className="nowrap">{order.rul_p50_h === null ? <span className="muted">–</span> : format.life(order.rul_p50_h)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function OrderCard({ order }: { order: OrderRow }) {
  const words = useWords();
  const format = useFormat();
  return (
    <li className="item" data-order={order.number}>
      <div className="item-head">
        <div>
          <Link href={`/orders/${order.number}`} className="row-link">{order.number}</Link>
          <div className="muted small">{order.asset_name} · {words.kinds[order.kind]}</div>
        </div>
        <StatusChip status={order.status} />
      </div>
      <div className="item-head">
        <div><OrderFaults order={order} /></div>
        <PriorityChip priority={order.priority} />
      </div>
      <dl className="pairs">
        <div><dt>{words.orders.orderBy}</dt><dd><DueDate order={order} time={order.order_by} /></dd></div>
        <div><dt>{words.orders.startBy}</dt><dd><DueDate order={order} time={order.start_by} /></dd></div>
        <div><dt>{words.orders.win}</dt><dd><Chance chance={order.win_probability} /></dd></div>
        <div><dt>{words.orders.p50}</dt><dd>{order.rul_p50_h === null ? "–" : format.life(order.rul_p50_h)}</dd></div>
      </dl>
    </li>
  );
}

function Orders({ orders }: { orders: OrderRow[] }) {
  if (!useIsPhone()) return <OrderTable orders={orders} />;
  return <ul className="cards">{orders.map((order) => <OrderCard key={order.id} order={order} />)}</ul>;
}

const KINDS: readonly KindName[] = ["condition", "preventive", "corrective", "emergency", "inspection", "instrument"];

function useOrderFilter() {
  const [query, setQuery] = useSearchParams();
  const set = (key: string, value: string) =>
    setQuery((old) => {
      const next = new URLSearchParams(old);
      if (value) next.set(key, value);
      else next.delete(key);
      return next;
    }, { replace: true });
  return { all: query.get("show") === "all", kind: query.get("kind") ?? "", set };
}

export function OrdersPage() {
  const words = useWords();
  useTitle(words.orders.title);
  const { zone } = useFormat();
  const { all, kind, set } = useOrderFilter();
  const orders = useOrders(all ? {} : { open: true });
  const empty = (total: number) => (total > 0 ? words.orders.noMatch : all ? words.orders.noneAtAll : words.orders.empty);
  return (
    <>
      <div className="page-head">
        <div>
          <h1>{words.orders.title}</h1>
          <p className="lead">{words.common.zone(zone)}</p>
        </div>
      </div>
      <div className="filters">
        <SegmentedControl
          aria-label={words.orders.show} value={all ? "all" : "open"} onChange={(value) => set("show", value === "all" ? "all" : "")}
          data={[{ value: "open", label: words.orders.open }, { value: "all", label: words.orders.all }]}
        />
        <NativeSelect
          aria-label={words.orders.kind} value={kind} onChange={(event) => set("kind", event.currentTarget.value)}
          data={[{ value: "", label: words.orders.anyKind }, ...KINDS.map((value) => ({ value, label: words.kinds[value] }))]}
        />
      </div>
      <Answer query={orders}>
        {(rows) => {
          const shown = rows.filter((order) => !kind || order.kind === kind).sort(mostUrgentFirst);
          if (shown.length > 0) return <Orders orders={shown} />;
          return <section className="card"><Empty title={empty(rows.length)} hint={words.orders.emptyHint} /></section>;
        }}
      </Answer>
    </>
  );
}
