/** One part: how many pieces will be asked for, by whom and why, against what is there and what comes. */

import { Link } from "wouter";
import { type DemandTrace, type PartDemandDetail, type StockPart, usePartDemand, useStockPart } from "../../api/parts";
import { Card, Facts } from "../../components/Card";
import { Answer, Empty, isMissing } from "../../components/Feedback";
import { Bar } from "../../components/Machine";
import { useTitle } from "../../components/useTitle";
import { useFormat } from "../../format/useFormat";
import { useWords } from "../../i18n";
import { NotFoundPage } from "../NotFoundPage";
import { shareOf } from "./rules";

function Trace({ trace, share }: { trace: DemandTrace; share: number }) {
  const { parts: words } = useWords();
  const format = useFormat();
  return (
    <li className="pull">
      <div className="pull-head">
        <span className="strong">{trace.asset ? <Link href={`/assets/${trace.asset}`}>{trace.text}</Link> : trace.text}</span>
        <span className="strong nowrap">{words.pieces(format.number(Math.round(trace.pieces * 100) / 100))}</span>
      </div>
      <Bar share={share} tone="brand" />
      <span className="muted small">
        {words.causes[trace.kind]} · {words.chance(format.percent(trace.probability))}{trace.when && ` · ${words.about(format.day(trace.when))}`}
        {trace.why && <div>{trace.why}</div>}
      </span>
    </li>
  );
}

function Chances({ chances }: { chances: number[] }) {
  const { parts: words } = useWords();
  const format = useFormat();
  const last = chances.findLastIndex((chance) => chance >= 0.005);
  return (
    <div className="numbers-scroll" tabIndex={0} role="region" aria-label={words.chances}>
      <table className="table numbers">
        <thead><tr><th scope="col">{words.piecesHead}</th><th scope="col">{words.chanceHead}</th><th scope="col" className="num">%</th></tr></thead>
        <tbody>
          {chances.slice(0, last + 1).map((chance, n) => (
            <tr key={n}><td>{n}</td><td className="bar-cell"><Bar share={chance} tone="brand" /></td><td className="num">{format.percent(chance)}</td></tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Stock({ stock }: { stock: StockPart }) {
  const { parts: words } = useWords();
  const format = useFormat();
  return (
    <Card title={words.stock} hint={words.stockHint(stock.on_hand, stock.reserved, stock.unusable + stock.expired)}>
      <ul>
        {stock.balances.map(({ place, batch, quantity, expires }) => (
          <li key={`${place} ${batch}`} className="part"><div>{place} {batch && <code className="muted">{batch}</code>}{expires && <div className="muted small">{words.until(format.day(expires))}</div>}</div><b>{format.number(quantity)}</b></li>
        ))}
        {stock.coming.map(({ quantity, due, text }) => (
          <li key={text} className="part"><div>{text}<div className="muted small">{due ? words.due(format.day(due)) : words.noDate}</div></div><b>+{format.number(quantity)}</b></li>
        ))}
        {stock.reservations.filter(({ state }) => state === "held" || state === "waiting").map((one) => (
          <li key={one.id} className="part">
            <div><Link href={`/orders/${one.order}`}>{words.forOrder}</Link>{one.needed_by && <div className="muted small">{words.neededBy(format.day(one.needed_by))}</div>}</div>
            <span className="chip" data-tone={one.state === "held" ? "normal" : "alert"}>{words.reserved[one.state](one.left)}</span>
          </li>
        ))}
      </ul>
      {stock.balances.length + stock.coming.length === 0 && <p className="muted">{words.nothingThere}</p>}
    </Card>
  );
}

function Policy({ detail }: { detail: PartDemandDetail }) {
  const { parts: words } = useWords();
  const format = useFormat();
  const policy = detail.policy ?? detail.now;
  return (
    <Card title={words.policy} hint={detail.policy ? undefined : words.noPolicy}>
      <Facts facts={[
        { name: words.point, value: policy.reorder_point === null ? words.notKept : words.upTo(policy.reorder_point, policy.order_up_to) },
        { name: words.level, value: format.percent(policy.level), help: words.levelHelp },
        { name: words.leadTime, value: `${format.days(policy.lead.p50_days)} – ${format.days(policy.lead.p90_days)}`, sub: words.learnt(policy.lead.deliveries) },
        { name: words.price, value: format.money(policy.price, policy.currency) },
      ]} />
      <ul>{policy.reasons.map((text) => <li key={text} className="small">{text}</li>)}</ul>
    </Card>
  );
}

function Part({ detail }: { detail: PartDemandDetail }) {
  const { parts: words } = useWords();
  const format = useFormat();
  const stock = useStockPart(detail.part);
  return (
    <div className="stack">
      <div><h1>{detail.name || detail.part}</h1><p className="lead">{detail.text}</p></div>
      <div className="order-grid">
        <div className="stack order-main">
          <Card title={words.who} hint={words.whoHint(format.number(Math.round(detail.mean * 100) / 100), format.days(detail.window_days))}>
            {detail.traces.length === 0 && <Empty inline title={words.nobody} />}
            <ul className="pulls">{detail.traces.map((trace) => <Trace key={`${trace.kind} ${trace.asset} ${trace.cause}`} trace={trace} share={shareOf(trace, detail.traces)} />)}</ul>
          </Card>
          <Card title={words.chances} hint={words.chancesHint(format.days(detail.window_days))}><Chances chances={detail.chances} /></Card>
        </div>
        <div className="stack">
          {stock.data && <Stock stock={stock.data} />}
          <Policy detail={detail} />
        </div>
      </div>
    </div>
  );
}

export function PartPage({ part }: { part: string }) {
  const { parts: words } = useWords();
  useTitle(part);
  const query = usePartDemand(part);
  if (isMissing(query.error) && !query.data) return <NotFoundPage title={words.notFound} />;
  return (
    <>
      <Link href="/parts" className="crumb">← {words.title}</Link>
      <Answer query={query}>{(detail) => <Part detail={detail} />}</Answer>
    </>
  );
}
