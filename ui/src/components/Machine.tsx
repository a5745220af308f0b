/** Pieces that say one thing of a machine, shared by the board and the asset page. */

import { Link } from "wouter";
import type { OrderRow } from "../api/orderTypes";
import type { AssetRow, Rul, SensorProblemOut, State } from "../api/types";
import { useFormat } from "../format/useFormat";
import { useWords } from "../i18n";

type Tone = "alarm" | "alert" | "normal" | "warming_up" | "brand";

/** A bar of a share in [0, 1]. Drawn as SVG: the policy allows no style attributes. */
export function Bar({ share, tone, className = "bar" }: { share: number; tone: Tone; className?: string }) {
  const width = 100 * Math.min(1, Math.max(0, share));
  return (
    <svg className={className} viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
      <rect className="track" width="100" height="8" />
      <rect className="fill" data-tone={tone} width={width} height="8" />
    </svg>
  );
}

/** The colour of a health figure; a machine in alarm or alert is never drawn as sound, however high its figure. */
export function healthTone(health: number, state: State): Tone {
  if (health < 40) return "alarm";
  return health < 70 || state === "alarm" || state === "alert" ? "alert" : "normal";
}

/** Health 0-100 as bar and figure; while there is none, how far the learning has come. */
export function Health({ asset }: { asset: AssetRow }) {
  const words = useWords();
  const format = useFormat();
  if (asset.health === null) {
    if (asset.state !== "warming_up" || asset.warming_up_share === null) return <span className="muted">–</span>;
    const share = format.percent(asset.warming_up_share);
    return (
      <div className="learning" role="img" aria-label={`${asset.name}: ${words.fleet.learning(share)}`}>
        <Bar share={asset.warming_up_share} tone="warming_up" />
        <span className="small muted">{words.fleet.learning(share)}</span>
      </div>
    );
  }
  const figure = String(Math.round(asset.health));
  return (
    <span className="health" role="img" aria-label={words.fleet.healthOf(asset.name, figure)}>
      <Bar share={asset.health / 100} tone={healthTone(asset.health, asset.state)} />
      <b>{figure}</b>
    </span>
  );
}

export function LikelyFault({ asset }: { asset: AssetRow }) {
  const format = useFormat();
  if (asset.fault === null) return <span className="muted">–</span>;
  return (
    <div>
      <span className="strong">{format.fault(asset.fault, asset.fault_label)}</span>
      <div className="sub">
        {[asset.fault_probability !== null && format.percent(asset.fault_probability), format.component(asset.fault)]
          .filter(Boolean).join(" · ")}
      </div>
    </div>
  );
}

export function Life({ rul }: { rul: Rul | null }) {
  const words = useWords();
  const format = useFormat();
  if (rul === null) return <span className="muted">–</span>;
  return (
    <span className="life">
      <span className="muted small">P50 </span>
      <b>{format.lifeOf(rul, rul.p50_h)}</b>
      <span className="range">{words.fleet.lifeRange(format.lifeOf(rul, rul.p10_h), format.lifeOf(rul, rul.p90_h))}</span>
    </span>
  );
}

/** When the work of an order has to start, in a line beside its number. */
function StartBy({ order }: { order: OrderRow }) {
  const words = useWords();
  const format = useFormat();
  if (order.start_by === null) return null;
  const date = format.shortDateTime(order.start_by);
  if (!format.isPast(order.start_by)) {
    return <span className="muted small">{words.fleet.startBy(date)} <span className="nowrap">{format.relative(order.start_by)}</span></span>;
  }
  return <span className="small"><span className="late">{words.orders.now}</span> <span className="muted">{words.orders.lateSince(date)}</span></span>;
}

/** The open orders of a machine; `orders`: what is known of all open ones, by number. */
export function OrderChips({ numbers, orders }: { numbers: string[]; orders: ReadonlyMap<string, OrderRow> }) {
  return (
    <>
      {numbers.map((number) => {
        const order = orders.get(number);
        return (
          <div key={number} className="due">
            <Link href={`/orders/${number}`} className="chip above" data-tone="brand">{number}</Link>
            {order && <StartBy order={order} />}
          </div>
        );
      })}
    </>
  );
}

export function SensorChip({ problems }: { problems: SensorProblemOut[] }) {
  const words = useWords();
  if (problems.length === 0) return null;
  const told = problems.map((p) => `${p.signal}: ${p.text}`).join("\n");
  const [first] = problems;
  const text = problems.length === 1 && first
    ? `${first.signal} ${words.problemKinds[first.kind] ?? first.kind}`
    : words.fleet.sensorProblems(problems.length);
  return <span className="chip above" data-tone="alert" title={told}>{text}</span>;
}
