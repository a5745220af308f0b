/** What the work took: hours, pieces, money, line by line; wrong lines are replaced by further ones, nothing is erased. */

import { Button, NativeSelect, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { jobs, useJob } from "../../api/jobs";
import type { LineKind, LineOut, OrderJobOut } from "../../api/jobTypes";
import { useMe } from "../../api/queries";
import type { OrderDetail } from "../../api/orderTypes";
import { Card, Facts } from "../../components/Card";
import { Dialog } from "../../components/Dialog";
import { Answer } from "../../components/Feedback";
import { Listing } from "../../components/Listing";
import { Notice } from "../../components/Notice";
import { useFormat } from "../../format/useFormat";
import { useWords } from "../../i18n";
import { correctionOf, emptyLine, type LineForm, lineOf, REPORTABLE } from "./rules";
import { useSending } from "./useSending";

function Form({ job, start, onDone }: { job: OrderJobOut; start: LineForm; onDone: () => void }) {
  const { job: words, common } = useWords();
  const [form, setForm] = useState(start);
  const [wrong, setWrong] = useState("");
  const { send, busy, trouble } = useSending(job.order);
  const set = (changed: Partial<LineForm>) => { setForm({ ...form, ...changed }); setWrong(""); };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const line = lineOf(form);
    if (typeof line === "string") return setWrong(line);
    if (await send(() => jobs.report(job, line))) onDone();
  };
  const field = (name: "what" | "quantity" | "price", label: string) => (
    <TextInput size="md" label={label} value={form[name]} error={wrong === name && words.wrong[name]} {...(name !== "what" && { inputMode: "decimal" })}
      onChange={(e) => set({ [name]: e.currentTarget.value })} />
  );
  return (
    <form className="stack" noValidate onSubmit={(event) => void submit(event)}>
      {form.corrects !== null && <p className="muted">{words.correctHint}</p>}
      {trouble && <Notice tone="alarm" title={words.failed}>{trouble}</Notice>}
      <NativeSelect size="md" label={words.kind} value={form.kind} disabled={form.corrects !== null} onChange={(e) => set({ kind: e.currentTarget.value as LineKind, what: "" })}
        data={REPORTABLE.map((kind) => ({ value: kind, label: words.kinds[kind] }))} />
      {form.kind !== "rating" && field("what", words.what[form.kind])}
      {field("quantity", words.quantity[form.kind])}
      {form.kind !== "rating" && field("price", `${words.price[form.kind]} (${job.costs.currency})`)}
      <TextInput size="md" label={words.note} value={form.note} onChange={(e) => set({ note: e.currentTarget.value })} maxLength={4000} />
      <div className="actions">
        <Button type="submit" loading={busy}>{words.save}</Button>
        <Button variant="default" onClick={onDone}>{common.cancel}</Button>
      </div>
    </form>
  );
}

function Costs({ job }: { job: OrderJobOut }) {
  const { job: words } = useWords();
  const format = useFormat();
  const { currency, labour, parts, other, total, planned, approved, approved_by: who } = job.costs;
  const money = (amount: number) => format.money(amount, currency);
  return (
    <Facts facts={[
      { name: words.soFar, value: money(total), sub: words.split(money(labour), money(parts), money(other)) },
      { name: words.planned, value: money(planned), sub: approved !== null && who !== null && words.approved(money(approved), who) },
    ]} />
  );
}

function useColumns(job: OrderJobOut, onCorrect: (line: LineOut) => void) {
  const { job: words, duration } = useWords();
  const format = useFormat();
  const amount = ({ kind, quantity, amount: money, currency }: LineOut) => {
    if (kind === "rating") return `${quantity} / 5`;
    const much = kind === "labour" || kind === "duration" ? format.quantity(quantity, duration.hours) : `${format.number(quantity)} ×`;
    return `${much} · ${format.money(money, currency || job.costs.currency)}`;
  };
  return [
    { name: words.kind, cell: (line: LineOut) => <><span className="strong">{words.kinds[line.kind]}</span><div className="muted small">{line.what}</div></> },
    { name: words.amount, num: true, cell: amount },
    { name: words.told, cell: (line: LineOut) => <span className="small">{words.by(line.by, format.shortDateTime(line.at))}{line.note && <div className="muted">{line.note}</div>}</span> },
    {
      name: "", bare: true, cell: (line: LineOut) => REPORTABLE.includes(line.kind)
        && <Button size="compact-xs" variant="subtle" onClick={() => onCorrect(line)}>{words.correct}</Button>,
    },
  ];
}

function Report({ job }: { job: OrderJobOut }) {
  const { job: words } = useWords();
  const me = useMe(true).data?.name ?? "";
  const [form, setForm] = useState<LineForm | null>(null);
  const columns = useColumns(job, (line) => setForm(correctionOf(line)));
  const lines = job.lines.filter(({ stands }) => stands);
  const begun = ["INPRG", "COMP", "CLOSE"].includes(job.status);
  return (
    <div className="stack">
      <Costs job={job} />
      {lines.length === 0 ? <p className="muted">{words.noLines}</p> : <Listing label={words.lines} rows={lines} columns={columns} keyOf={({ seq }) => seq} />}
      {begun && <div className="actions"><Button variant="default" size="sm" onClick={() => setForm(emptyLine(me))}>{words.add}</Button></div>}
      <Dialog title={form?.corrects != null ? words.correcting : words.add} opened={form !== null} onClose={() => setForm(null)}>
        {form && <Form job={job} start={form} onDone={() => setForm(null)} />}
      </Dialog>
    </div>
  );
}

export function ReportCard({ order }: { order: OrderDetail }) {
  const { job: words } = useWords();
  const query = useJob(order.id, order.revision);
  return <Card title={words.report}><Answer query={query}>{(job) => <Report job={job} />}</Answer></Card>;
}
