/** The result of one step: a value, in order or not, or why it was left out. */

import { Button, Radio, Textarea, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { jobs } from "../../api/jobs";
import type { JobStepOut, OrderJobOut, OutcomeName } from "../../api/jobTypes";
import { Notice } from "../../components/Notice";
import { useFormat } from "../../format/useFormat";
import { useWords } from "../../i18n";
import { isOutside, limitsText, resultOf } from "./rules";
import { useSending } from "./useSending";

function outcomesOf(step: JobStepOut): OutcomeName[] {
  return step.kind === "quality" ? ["done", "failed", "skipped"] : ["done", "skipped"];
}

export function StepForm({ job, step, onDone }: { job: OrderJobOut; step: JobStepOut; onDone: () => void }) {
  const { job: words, common } = useWords();
  const format = useFormat();
  const [outcome, setOutcome] = useState<OutcomeName>("done");
  const [value, setValue] = useState("");
  const [note, setNote] = useState("");
  const [wrong, setWrong] = useState("");
  const { send, busy, trouble } = useSending(job.order);
  const names = { done: step.kind === "quality" ? words.inOrder : words.done, failed: words.notInOrder, skipped: words.leftOut };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const told = resultOf(step, outcome, value, note);
    if (typeof told === "string") return setWrong(told);
    if (await send(() => jobs.result(job, step.id, told))) onDone();
  };
  return (
    <form className="stack" noValidate onSubmit={(event) => void submit(event)}>
      <p>{step.text}</p>
      {trouble && <Notice tone="alarm" title={words.failed}>{trouble}</Notice>}
      <Radio.Group value={outcome} onChange={(chosen) => setOutcome(chosen as OutcomeName)}>
        <div className="stack">{outcomesOf(step).map((name) => <Radio key={name} value={name} label={names[name]} />)}</div>
      </Radio.Group>
      {step.kind === "measure" && outcome === "done" && (
        <TextInput size="md" inputMode="decimal" label={words.value(step.unit)} description={`${words.limits}: ${limitsText(step, format.quantity, words)}`}
          value={value} error={wrong === "value" && words.aNumber} onChange={(e) => { setValue(e.currentTarget.value); setWrong(""); }} data-autofocus />
      )}
      {outcome === "done" && step.kind === "measure" && isOutside(step, value) && <Notice tone="alert" title={words.outside} />}
      <Textarea size="md" label={outcome === "done" ? words.note : words.why} value={note} error={wrong === "note" && words.whyNeeded} maxLength={4000} autosize minRows={2}
        onChange={(e) => { setNote(e.currentTarget.value); setWrong(""); }} />
      <div className="actions">
        <Button type="submit" loading={busy}>{words.save}</Button>
        <Button variant="default" onClick={onDone}>{common.cancel}</Button>
      </div>
    </form>
  );
}
