/** The next step of an order: asked twice, sent once, and refused when somebody else was faster. */

import { Button, Modal, Textarea } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, ApiError } from "../api/client";
import { applyOrder } from "../api/live";
import { idempotencyKey } from "../api/orders";
import { keys } from "../api/queries";
import type { ActionIn, OrderDetail, StatusName } from "../api/orderTypes";
import { Card } from "../components/Card";
import { StatusChip } from "../components/Orders";
import { useFormat } from "../format/useFormat";
import { useWords } from "../i18n";
import { OrderCodes, StepsLeft } from "./OrderCodes";
import { codesMissing, type CodesTold, codesToSend, stepsLeft } from "./orderCodes";
import { asksForFinding, NOT_TOLD, OrderFinding } from "./OrderFinding";

/** A step as the reader decided on it: on this version of the order, repeatable under this key. */
interface Intent {
  order: OrderDetail;
  status: StatusName;
  key: string;
}

type Outcome = { kind: "none" } | { kind: "stale"; now: OrderDetail } | { kind: "refused"; text: string } | { kind: "failed"; text: string };
const NOTHING: Outcome = { kind: "none" };

function useAct(onDone: (order: OrderDetail) => void) {
  const cache = useQueryClient();
  const [outcome, setOutcome] = useState<Outcome>(NOTHING);
  const [busy, setBusy] = useState(false);
  const keep = (order: OrderDetail) => {
    cache.setQueryData(keys.order(order.number), order);
    applyOrder(cache, order);
  };
  const explain = async (error: unknown, { order }: Intent): Promise<Outcome> => {
    if (!(error instanceof ApiError)) throw error;
    if (error.status !== 412) return { kind: error.status === 409 ? "refused" : "failed", text: error.message };
    const now = await api.order(order.id);
    keep(now);
    return { kind: "stale", now };
  };
  const act = async (intent: Intent, note: string, told: Partial<ActionIn>) => {
    setBusy(true);
    try {
      const done = await api.act(intent.order, { status: intent.status, note, ...told }, intent.key);
      keep(done);
      onDone(done);
    } catch (error) {
      setOutcome(await explain(error, intent));
    } finally {
      setBusy(false);
    }
  };
  return { act, busy, outcome, clear: () => setOutcome(NOTHING) };
}

function Version({ title, order }: { title: string; order: OrderDetail }) {
  const words = useWords();
  const format = useFormat();
  const last = order.history.at(-1);
  return (
    <div className="tight">
      <span className="muted small">{title}</span>
      <div><StatusChip status={order.status} /></div>
      <span className="small">{words.order.revision} {order.revision}</span>
      {last && <span className="muted small">{last.action} {words.order.by(last.actor, format.shortDateTime(last.at))}</span>}
    </div>
  );
}

function Stale({ seen, now }: { seen: OrderDetail; now: OrderDetail }) {
  const words = useWords();
  return (
    <div className="notice" role="alert">
      <b>{words.order.conflictTitle}</b>
      <span className="detail">{words.order.conflict}</span>
      <div className="versus">
        <Version title={words.order.youSaw} order={seen} />
        <Version title={words.order.itIs} order={now} />
      </div>
    </div>
  );
}

function Refusal({ title, text }: { title: string; text: string }) {
  return (
    <div className="notice" data-tone="alarm" role="alert">
      <b>{title}</b>
      <span className="detail">{text}</span>
    </div>
  );
}

function Buttons({ intent, outcome, busy, onSend, onRenew, onClose }: {
  intent: Intent;
  outcome: Outcome;
  busy: boolean;
  onSend: () => void;
  onRenew: (now: OrderDetail) => void;
  onClose: () => void;
}) {
  const words = useWords();
  const colour = intent.status === "CAN" ? { color: "red" } : {};
  const stillPossible = outcome.kind === "stale" && outcome.now.allowed_actions.includes(intent.status);
  return (
    <div className="row">
      {outcome.kind === "none" || outcome.kind === "failed"
        ? <Button {...colour} loading={busy} onClick={onSend} data-autofocus>{words.actions[intent.status]}</Button>
        : stillPossible && <Button onClick={() => onRenew(outcome.now)}>{words.order.useNew}</Button>}
      <Button variant="default" onClick={onClose}>{words.common.cancel}</Button>
    </div>
  );
}

function Confirm({ start, onClose }: { start: Intent; onClose: () => void }) {
  const words = useWords();
  const [intent, setIntent] = useState(start);
  const [note, setNote] = useState("");
  const [told, setTold] = useState(NOT_TOLD);
  const [chosen, setChosen] = useState<CodesTold>({});
  const [why, setWhy] = useState("");
  const [tried, setTried] = useState(false);
  const { act, busy, outcome, clear } = useAct(onClose);
  const renew = (now: OrderDetail) => {
    setIntent({ order: now, status: intent.status, key: idempotencyKey() });
    clear();
  };
  const { order, status } = intent;
  const left = stepsLeft(order, status);
  const send = () => {
    setTried(true);
    if (codesMissing(order, status, told, chosen).length > 0 || (left.length > 0 && !why.trim())) return;
    const skipped = left.length > 0 && { skipped: Object.fromEntries(left.map(([step]) => [step, why])) };
    void act(intent, note, { ...told, ...codesToSend(order, status, told, chosen), ...skipped });
  };
  return (
    <div className="stack">
      <div className="row">
        <StatusChip status={intent.order.status} /> <span aria-hidden="true">→</span> <StatusChip status={intent.status} />
      </div>
      {outcome.kind === "stale" && <Stale seen={intent.order} now={outcome.now} />}
      {outcome.kind === "stale" && !outcome.now.allowed_actions.includes(intent.status) && <p>{words.order.gone}</p>}
      {outcome.kind === "refused" && <Refusal title={words.order.notAllowedTitle} text={outcome.text} />}
      {outcome.kind === "failed" && <Refusal title={words.order.failedTitle} text={outcome.text} />}
      {asksForFinding(intent.order, intent.status) && <OrderFinding order={intent.order} told={told} onTell={setTold} />}
      <OrderCodes {...{ order, status, told, chosen, tried }} onChoose={setChosen} />
      <StepsLeft {...{ order, status, why, tried }} onWhy={setWhy} />
      <Textarea label={words.order.note} value={note} onChange={(e) => setNote(e.currentTarget.value)} maxLength={4000} rows={3} />
      <Buttons {...{ intent, outcome, busy, onClose }} onSend={send} onRenew={renew} />
    </div>
  );
}

/** The way forward comes first, giving up comes last. */
const FORWARD: Partial<Record<StatusName, StatusName>> = { WAPPR: "APPR", INPRG: "COMP", COMP: "CLOSE" };

function inOrder({ status, allowed_actions: allowed }: OrderDetail): StatusName[] {
  const rank = (action: StatusName) => (action === (FORWARD[status] ?? "INPRG") ? 0 : action === "CAN" ? 2 : 1);
  return [...allowed].sort((a, b) => rank(a) - rank(b));
}

export function OrderActions({ order }: { order: OrderDetail }) {
  const words = useWords();
  const [intent, setIntent] = useState<Intent | null>(null);
  const decide = (status: StatusName) => setIntent({ order, status, key: idempotencyKey() });
  const close = () => setIntent(null);
  return (
    <Card title={words.order.next}>
      {order.allowed_actions.length === 0 && <p className="muted">{words.order.final}</p>}
      {order.needs_approval && <p className="muted">{words.codes.approval(order.needs_approval)}</p>}
      <div className="actions">
        {inOrder(order).map((status, i) => (
          <Button key={status} onClick={() => decide(status)}
            {...(status === "CAN" ? { variant: "subtle", color: "red" } : { variant: i === 0 ? "filled" : "default" })}>
            {words.actions[status]}
          </Button>
        ))}
      </div>
      <Modal opened={intent !== null} onClose={close} centered title={intent && <b>{words.order.confirm(words.actions[intent.status])}</b>}
        closeButtonProps={{ "aria-label": words.common.close }}>
        {intent && <Confirm key={intent.key} start={intent} onClose={close} />}
      </Modal>
    </Card>
  );
}
