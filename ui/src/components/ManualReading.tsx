/** Rounds that are due, and the form in which a person enters what was read: made for a phone in the hall. */

import { Button, NativeSelect, Textarea, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { ApiError } from "../api/client";
import { idempotencyKey } from "../api/orders";
import { keys } from "../api/queries";
import { enterReadings, roundsKey, useRounds } from "../api/readings";
import type { ReadingsIn, ReadingsOut, RoundRow } from "../api/roundTypes";
import type { AssetDetail } from "../api/types";
import { useFormat } from "../format/useFormat";
import { useWords } from "../i18n";
import { Dialog } from "./Dialog";
import { Notice, Notices } from "./Notice";
import { fieldOfSignal, fieldsOfRound, instantOf, otherSignals, readingsOf, type Field } from "./readingRules";

const OTHER = "";

/** What became of the last attempt: what is wrong by field, what is to be confirmed, or what is stored. */
interface Outcome {
  errors: Record<string, string>;
  doubts: string[];
  whole: string | null;
  done: ReadingsOut | null;
}
const NOTHING: Outcome = { errors: {}, doubts: [], whole: null, done: null };

function refused(error: ApiError): Outcome {
  const { confirm, ...rest } = error.fields;
  if (confirm !== undefined) return { ...NOTHING, doubts: Object.values(rest) };
  const errors = Object.fromEntries(Object.entries(rest).map(([path, text]) => [path.replace(/^(values|units)\//, ""), text]));
  return { ...NOTHING, errors, whole: Object.keys(errors).length > 0 ? null : error.message };
}

/** Sends what was typed. The same attempt, repeated after a lost connection, keeps its key and is stored once. */
function useEntry(asset: string) {
  const cache = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [outcome, setOutcome] = useState(NOTHING);
  const [sent, setSent] = useState({ body: "", key: "" });
  const send = async (wanted: ReadingsIn) => {
    const body = JSON.stringify(wanted);
    const attempt = sent.body === body ? sent : { body, key: idempotencyKey() };
    setSent(attempt);
    setBusy(true);
    try {
      setOutcome({ ...NOTHING, done: await enterReadings(asset, wanted, attempt.key) });
      setSent({ body: "", key: "" }); // the same value, entered once more, is a new reading
      await Promise.all([roundsKey(asset), keys.asset(asset), ["trend", asset]].map((queryKey) => cache.invalidateQueries({ queryKey })));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setOutcome(refused(error));
    } finally {
      setBusy(false);
    }
  };
  return { send, busy, outcome, setOutcome };
}

function useHint(field: Field): string {
  const { readings } = useWords();
  const format = useFormat();
  const told = (value: number) => format.quantity(value, field.unit);
  const { low, high, last, lastAt } = field;
  const range = low !== null && high !== null ? readings.expected(format.number(low), told(high))
    : low !== null ? readings.from(told(low)) : high !== null ? readings.upTo(told(high)) : null;
  const before = last !== null && lastAt !== null ? readings.last(told(last), format.since(lastAt)) : readings.noLast;
  return [range, before].filter(Boolean).join(" · ");
}

interface ValueProps {
  field: Field;
  text: string;
  error: string | undefined;
  set: (text: string) => void;
}

function Value({ field, text, error, set }: ValueProps) {
  const format = useFormat();
  const hint = useHint(field);
  return (
    <TextInput label={`${field.name} (${format.unit(field.unit)})`} description={hint} value={text} error={error} inputMode="decimal" autoComplete="off"
      size="md" maxLength={30} rightSection={<span className="muted small nowrap">{format.unit(field.unit)}</span>} rightSectionWidth={64}
      onChange={(event) => set(event.currentTarget.value)} />
  );
}

interface ChoiceProps {
  asset: AssetDetail;
  rounds: RoundRow[];
  round: string;
  signal: string;
  onRound: (round: string) => void;
  onSignal: (signal: string) => void;
}

function Choice({ asset, rounds, round, signal, onRound, onSignal }: ChoiceProps) {
  const { readings } = useWords();
  const names = rounds.map((one) => ({ value: one.round, label: readings.round(one.round) }));
  const others = otherSignals(asset.signals, rounds).map(({ name }) => name);
  return (
    <>
      {rounds.length > 0 && (
        <NativeSelect size="md" label={readings.what} value={round} onChange={(event) => onRound(event.currentTarget.value)}
          data={[...names, ...(others.length > 0 ? [{ value: OTHER, label: readings.other }] : [])]} />
      )}
      {round === OTHER && (
        <NativeSelect size="md" label={readings.signal} value={signal} onChange={(event) => onSignal(event.currentTarget.value)}
          data={[{ value: "", label: readings.choose }, ...others]} />
      )}
    </>
  );
}

/** What is stored now, with what struck about it. */
function Stored({ done }: { done: ReadingsOut }) {
  const { readings } = useWords();
  const format = useFormat();
  const remarks = done.readings.flatMap(({ signal, remarks, already }) => [...(already ? [readings.already] : []), ...remarks].map((text) => `${signal}: ${text}`));
  return (
    <Notice tone="normal" title={readings.done(done.readings.length, format.dateTime(done.at))}>
      {remarks.length > 0 && <ul>{remarks.map((text) => <li key={text}>{text}</li>)}</ul>}
    </Notice>
  );
}

function Form({ asset, rounds, onClose }: { asset: AssetDetail; rounds: RoundRow[]; onClose: () => void }) {
  const { common, readings } = useWords();
  const format = useFormat();
  const [round, setRound] = useState(rounds[0]?.round ?? OTHER);
  const [signal, setSignal] = useState("");
  const [texts, setTexts] = useState<Record<string, string>>({});
  const [wall, setWall] = useState("");
  const [note, setNote] = useState("");
  const { send, busy, outcome, setOutcome } = useEntry(asset.id);
  const chosen = rounds.find((one) => one.round === round);
  const other = asset.signals.find((one) => one.name === signal);
  const fields = chosen ? fieldsOfRound(chosen) : other ? [fieldOfSignal(other)] : [];
  const change = (apply: () => void) => {
    apply();
    setOutcome(NOTHING); // a doubt is confirmed about what was read, not about what is typed now
  };
  const start = (next: () => void) => change(() => {
    next();
    setTexts({});
  });
  const submit = (confirm: boolean) => {
    const { wanted, wrong } = readingsOf(texts, instantOf(wall, format.zone), note, confirm);
    if (wrong.length > 0) setOutcome({ ...NOTHING, errors: Object.fromEntries(wrong.map((name) => [name, readings.noNumber])) });
    else if (Object.keys(wanted.values).length === 0) setOutcome({ ...NOTHING, whole: readings.nothing });
    else void send(wanted);
  };
  return (
    <form className="stack" noValidate onSubmit={(event: FormEvent) => { event.preventDefault(); submit(false); }}>
      {!outcome.done && (
        <>
          <Choice asset={asset} rounds={rounds} round={round} signal={signal}
            onRound={(next) => start(() => setRound(next))} onSignal={(next) => start(() => setSignal(next))} />
          {fields.map((field) => (
            <Value key={field.name} field={field} text={texts[field.name] ?? ""} error={outcome.errors[field.name]}
              set={(text) => change(() => setTexts({ ...texts, [field.name]: text }))} />
          ))}
          <TextInput type="datetime-local" size="md" label={readings.at} description={readings.atHelp(format.zone)} value={wall} error={outcome.errors["at"]}
            onChange={(event) => { const text = event.currentTarget.value; change(() => setWall(text)); }} />
          <Textarea size="md" label={readings.note} description={readings.noteHelp} value={note} autosize minRows={1} maxLength={2000}
            onChange={(event) => { const text = event.currentTarget.value; change(() => setNote(text)); }} />
        </>
      )}
      {outcome.whole && <Notice tone="alarm" title={readings.failed}>{outcome.whole}</Notice>}
      <Notices>
        {outcome.done && <Stored done={outcome.done} />}
        {outcome.doubts.length > 0 && (
          <Notice tone="alert" title={readings.doubtTitle}>
            {outcome.doubts.map((doubt) => <p key={doubt}>{doubt}</p>)}
          </Notice>
        )}
      </Notices>
      {outcome.done ? (
        <div className="actions">
          <Button onClick={onClose}>{readings.close}</Button>
          <Button variant="default" onClick={() => start(() => setNote(""))}>{readings.more}</Button>
        </div>
      ) : (
        <div className="actions">
          {outcome.doubts.length > 0
            ? <Button loading={busy} onClick={() => submit(true)}>{readings.confirm}</Button>
            : <Button type="submit" loading={busy}>{readings.store}</Button>}
          <Button variant="default" onClick={onClose}>{common.cancel}</Button>
        </div>
      )}
    </form>
  );
}

/** The button, with the rounds of this machine that are due beside it. */
export function ManualReading({ asset }: { asset: AssetDetail }) {
  const { readings } = useWords();
  const format = useFormat();
  const rounds = useRounds(asset.id).data ?? [];
  const [open, setOpen] = useState(false);
  const close = () => setOpen(false);
  if (rounds.length === 0 && otherSignals(asset.signals, rounds).length === 0) return null;
  return (
    <div className="row">
      <Button size="sm" variant={rounds.length > 0 ? "light" : "subtle"} onClick={() => setOpen(true)}>{readings.open}</Button>
      {rounds.filter((round) => round.due).map((round) => (
        <span key={round.round} className="chip wraps" data-tone="alert">
          {readings.due(round.round)}, {round.due_since ? readings.dueSince(format.shortDateTime(round.due_since)) : readings.never}
        </span>
      ))}
      <Dialog title={`${readings.title}: ${asset.name}`} opened={open} onClose={close}>
        <Form asset={asset} rounds={rounds} onClose={close} />
      </Dialog>
    </div>
  );
}
