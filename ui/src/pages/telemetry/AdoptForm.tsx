/** The form that makes a number a signal: filled in by a guess, checked here for its shape and by the server for its sense. */

import { Button, Checkbox, NativeSelect, TextInput } from "@mantine/core";
import { useId, useState, type FormEvent } from "react";
import { ApiError } from "../../api/client";
import { useAssets } from "../../api/queries";
import { telemetry } from "../../api/telemetry";
import type { AdoptedOut, PlaceRow } from "../../api/telemetryTypes";
import { Notice } from "../../components/Notice";
import { useFormat } from "../../format/useFormat";
import { useWords } from "../../i18n";
import { prefilled, QUANTITIES, unfit, unitExamples, type Form } from "./rules";

type Errors = Partial<Record<keyof Form, string>>;

/** What was wrong with the last attempt; `whole` when no single field can mend it. */
interface Refusal {
  errors: Errors;
  whole: string | null;
}
const NOTHING: Refusal = { errors: {}, whole: null };

function refusalOf(error: ApiError): Refusal {
  const { asset, signal, unit, quantity, ...rest } = error.fields;
  const errors: Errors = { ...(asset && { asset }), ...(signal && { signal }), ...(unit && { unit }), ...(quantity && { quantity }) };
  const others = Object.values(rest);
  const named = Object.keys(errors).length + others.length > 0;
  return { errors, whole: named ? (others[0] ?? null) : error.message };
}

function useAdoption(place: PlaceRow, onDone: (done: AdoptedOut) => void) {
  const { missing } = useWords().telemetry.adopt;
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState(NOTHING);
  const send = async (form: Form, replay: boolean) => {
    const wrong = unfit(form);
    setRefusal({ errors: Object.fromEntries(wrong.map((name) => [name, missing[name]])), whole: null });
    if (wrong.length > 0) return;
    setBusy(true);
    try {
      const { topic, field } = place;
      onDone(await telemetry.adopt({ topic, field, ...form, unit: form.unit.trim(), quantity: form.quantity || null, component: null, replay }));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setRefusal(refusalOf(error));
    } finally {
      setBusy(false);
    }
  };
  return { send, busy, refusal };
}

interface FieldsProps {
  form: Form;
  errors: Errors;
  set: (change: Partial<Form>) => void;
}

function Fields({ form, errors, set }: FieldsProps) {
  const words = useWords();
  const { adopt } = words.telemetry;
  const { data: assets } = useAssets();
  const list = useId();
  const machines = (assets ?? []).map(({ id, name }) => ({ value: id, label: `${name} (${id})` }));
  const examples = unitExamples(form.quantity);
  return (
    <>
      <NativeSelect label={adopt.asset} value={form.asset} error={errors.asset} data-autofocus
        data={[{ value: "", label: adopt.chooseAsset }, ...machines]} onChange={(e) => set({ asset: e.currentTarget.value })} />
      <TextInput label={adopt.signal} description={adopt.signalHelp} value={form.signal} error={errors.signal} maxLength={64}
        autoComplete="off" spellCheck={false} onChange={(e) => set({ signal: e.currentTarget.value })} />
      <NativeSelect label={adopt.quantity} value={form.quantity} error={errors.quantity}
        data={[{ value: "", label: adopt.fromUnit }, ...QUANTITIES.map((value) => ({ value, label: words.quantities[value] ?? value }))]}
        onChange={(e) => set({ quantity: e.currentTarget.value })} />
      <TextInput label={adopt.unit} description={adopt.unitHelp(examples.slice(0, 4).join(", "))} value={form.unit} error={errors.unit}
        list={list} maxLength={40} autoComplete="off" spellCheck={false} onChange={(e) => set({ unit: e.currentTarget.value })} />
      <datalist id={list}>{examples.map((unit) => <option key={unit} value={unit} />)}</datalist>
    </>
  );
}

function Seen({ place }: { place: PlaceRow }) {
  const { adopt } = useWords().telemetry;
  const format = useFormat();
  return (
    <div>
      <code className="topic strong">{place.topic}</code>
      <div className="muted small">
        {place.field ? adopt.field(place.field) : adopt.wholePayload} · {format.number(place.low)} – {format.number(place.high)}
      </div>
    </div>
  );
}

interface Props {
  place: PlaceRow;
  onDone: (done: AdoptedOut) => void;
  onClose: () => void;
}

export function AdoptForm({ place, onDone, onClose }: Props) {
  const words = useWords();
  const { adopt } = words.telemetry;
  const [form, setForm] = useState(() => prefilled(place));
  const [replay, setReplay] = useState(true);
  const { send, busy, refusal } = useAdoption(place, onDone);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void send(form, replay);
  };
  return (
    <form className="stack" onSubmit={submit} noValidate>
      <Seen place={place} />
      <Fields form={form} errors={refusal.errors} set={(change) => setForm({ ...form, ...change })} />
      <Checkbox label={adopt.replay} checked={replay} onChange={(e) => setReplay(e.currentTarget.checked)} />
      {refusal.whole && <Notice tone="alarm" title={adopt.refused}>{refusal.whole}</Notice>}
      <div className="actions">
        <Button type="submit" loading={busy}>{adopt.adopt}</Button>
        <Button variant="default" onClick={onClose}>{words.common.cancel}</Button>
      </div>
    </form>
  );
}
