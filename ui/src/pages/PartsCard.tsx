/** The parts of an order: what is needed and there, what is put aside or missing, and handing it out. */

import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { Link } from "wouter";
import { isOpen } from "../api/orders";
import { type OrderStock, partKeys, parts as stock, useOrderStock } from "../api/parts";
import type { OrderDetail, PartLineOut } from "../api/orderTypes";
import { Card } from "../components/Card";
import { Notice } from "../components/Notice";
import { useFormat } from "../format/useFormat";
import { useWords } from "../i18n";
import { useSending } from "./job/useSending";

interface Kept {
  held: number;
  waiting: number;
  inHand: number;
}

function keptOf(part: string, told: OrderStock | undefined): Kept {
  const sum = (state: string) =>
    (told?.reservations ?? []).filter((one) => one.state === state && (one.substitute_for ?? one.part) === part).reduce((all, { left }) => all + left, 0);
  return { held: sum("held"), waiting: sum("waiting"), inHand: told?.in_hand[part] ?? 0 };
}

function Chip({ line, kept }: { line: PartLineOut; kept: Kept }) {
  const { order: words, parts: more } = useWords();
  const missing = Math.max(0, line.quantity - line.on_hand);
  if (kept.waiting > 0) return <span className="chip" data-tone="alarm">{more.missing(kept.waiting)}</span>;
  if (kept.inHand > 0) return <span className="chip" data-tone="normal">{more.inHand(kept.inHand)}</span>;
  if (kept.held > 0) return <span className="chip" data-tone="normal">{more.held(kept.held)}</span>;
  return <span className="chip" data-tone={missing ? "alert" : "normal"}>{missing ? words.toOrder(missing) : words.inStock}</span>;
}

function Part({ line, kept, children }: { line: PartLineOut; kept: Kept; children: React.ReactNode }) {
  const { order: words } = useWords();
  const format = useFormat();
  return (
    <li className="part">
      <div>
        <Link href={`/parts/${encodeURIComponent(line.part)}`} className="strong">{line.name}</Link> <code className="muted">{line.part}</code>
        <div className="muted small">
          {words.need(line.quantity, line.on_hand)} · {words.leadText(format.days(line.lead_p50_days), format.days(line.lead_p90_days))}
        </div>
      </div>
      <div className="row"><Chip line={line} kept={kept} />{children}</div>
    </li>
  );
}

export function PartsCard({ order }: { order: OrderDetail }) {
  const { order: words, parts: more } = useWords();
  const cache = useQueryClient();
  const told = useOrderStock(order.id, order.revision, order.parts.length > 0).data;
  const { send, busy, trouble } = useSending(order.id);
  const take = (step: () => Promise<unknown>) => void send(step).then(() => cache.invalidateQueries({ queryKey: partKeys.order(order.id) }));
  const asked = told?.reservations.some(({ state }) => state === "held" || state === "waiting");
  return (
    <Card title={words.parts} tools={told && !asked && isOpen(order) && (
      <Button size="compact-sm" variant="default" loading={busy} onClick={() => take(() => stock.reserve(order.id))}>{more.putAside}</Button>
    )}>
      {order.parts.length === 0 && <p className="muted">{words.noPartsLong}</p>}
      {trouble && <Notice tone="alarm" title={more.failed}>{trouble}</Notice>}
      <ul>
        {order.parts.map((line) => {
          const kept = keptOf(line.part, told);
          return (
            <Part key={line.part} line={line} kept={kept}>
              {kept.held > 0 && isOpen(order) && order.status !== "WAPPR" && (
                <Button size="compact-sm" loading={busy} onClick={() => take(() => stock.issue(order.id, line.part, kept.held))}>{more.issue}</Button>
              )}
            </Part>
          );
        })}
      </ul>
    </Card>
  );
}
