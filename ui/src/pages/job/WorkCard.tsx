/** What is to do on an order and what became of each step; the technician tells it here, with one tap where one is enough. */

import { Button } from "@mantine/core";
import { useState } from "react";
import { Link } from "wouter";
import { jobs, useJob } from "../../api/jobs";
import type { JobStepOut, OrderJobOut } from "../../api/jobTypes";
import { useMe } from "../../api/queries";
import type { OrderDetail } from "../../api/orderTypes";
import { Card } from "../../components/Card";
import { Dialog } from "../../components/Dialog";
import { Answer } from "../../components/Feedback";
import { Notice } from "../../components/Notice";
import { useFormat } from "../../format/useFormat";
import { useWords } from "../../i18n";
import { limitsText, mayConfirm, stateOf, type StepState } from "./rules";
import { StepForm } from "./StepForm";
import { useSending } from "./useSending";

const TONE: Record<StepState, string> = { open: "quiet", done: "normal", bad: "alarm", skipped: "alert", unsigned: "alert" };

function Before({ job }: { job: OrderJobOut }) {
  const { job: words } = useWords();
  const { loto, permits, notes } = job.safety;
  const safety = [loto && words.loto, permits.length > 0 && words.permits(permits.join(", ")), notes].filter(Boolean);
  const skills = job.skills.map(({ skill, level }) => `${skill} (${words.level(level)})`).join(", ");
  return (
    <>
      {safety.length > 0 && <Notice tone="alert" title={safety.join(". ")} />}
      {skills && <p className="small"><span className="muted">{words.skills}:</span> {skills}</p>}
      {job.tools.length > 0 && <p className="small"><span className="muted">{words.tools}:</span> {job.tools.join(", ")}</p>}
    </>
  );
}

// "optional" tells steps apart; where a plan requires none, it would only talk people out of locking the machine out.
function Asked({ step, apart }: { step: JobStepOut; apart: boolean }) {
  const { job: words } = useWords();
  const format = useFormat();
  const told = [
    step.kind === "measure" && `${words.limits}: ${limitsText(step, format.quantity, words)}`,
    apart && !step.required && words.optional,
    step.sign_off && !step.result?.signed_by && words.needsConfirm,
  ].filter(Boolean);
  return told.length > 0 && <div className="muted small">{told.join(" · ")}</div>;
}

function Found({ step }: { step: JobStepOut }) {
  const { job: words } = useWords();
  const format = useFormat();
  const { result } = step;
  if (!result) return null;
  return (
    <div className="small">
      {result.value !== null && <b>{format.quantity(result.value, result.unit || step.unit)} · </b>}
      <span className="muted">{words.by(result.by, format.shortDateTime(result.at))}{result.signed_by && ` · ${words.signed(result.signed_by)}`}</span>
      {result.note && <div>{result.note}</div>}
      {step.follow_up_order && <div>{words.followUp}: <Link href={`/orders/${step.follow_up_order}`}>{step.follow_up_order}</Link></div>}
    </div>
  );
}

function Buttons({ job, step, onOpen, sending }: { job: OrderJobOut; step: JobStepOut; onOpen: () => void; sending: ReturnType<typeof useSending> }) {
  const { job: words } = useWords();
  const me = useMe(true).data?.name ?? "";
  if (job.status !== "INPRG") return null;
  if (mayConfirm(step, me)) {
    return <Button size="xs" loading={sending.busy} onClick={() => void sending.send(() => jobs.signOff(job, step.id))}>{words.confirm}</Button>;
  }
  if (step.result) return null;
  const opens = { task: words.done, measure: words.tell, quality: words.checked }[step.kind];
  return (
    <div className="row">
      <Button size="xs" loading={sending.busy}
        onClick={() => (step.kind === "task" ? void sending.send(() => jobs.result(job, step.id, { outcome: "done" })) : onOpen())}>{opens}</Button>
      {step.kind === "task" && <Button size="xs" variant="subtle" onClick={onOpen}>{words.other}</Button>}
    </div>
  );
}

function Steps({ job }: { job: OrderJobOut }) {
  const { job: words } = useWords();
  const [open, setOpen] = useState<string | null>(null);
  const sending = useSending(job.order);
  const step = job.steps.find(({ id }) => id === open);
  return (
    <div className="stack">
      <Before job={job} />
      {sending.trouble && <Notice tone="alarm" title={words.failed}>{sending.trouble}</Notice>}
      {job.steps.length === 0 && <p className="muted">{words.noSteps}</p>}
      <ol className="steps">
        {job.steps.map((one) => (
          <li key={one.id} data-step={one.id}>
            <div className="step">
              <div>
                {one.text} {one.result && <span className="chip" data-tone={TONE[stateOf(one)]}>{words.states[stateOf(one)]}</span>}
                <Asked step={one} apart={job.steps.some(({ required }) => required)} />
                <Found step={one} />
              </div>
              <Buttons {...{ job, step: one, sending }} onOpen={() => setOpen(one.id)} />
            </div>
          </li>
        ))}
      </ol>
      {job.steps.length > 0 && !["INPRG", "COMP", "CLOSE", "CAN"].includes(job.status) && <p className="muted small">{words.notYet}</p>}
      <Dialog title={words.tell} opened={step !== undefined} onClose={() => setOpen(null)}>
        {step && <StepForm key={step.id} job={job} step={step} onDone={() => setOpen(null)} />}
      </Dialog>
    </div>
  );
}

export function WorkCard({ order }: { order: OrderDetail }) {
  const { job: words, duration } = useWords();
  const format = useFormat();
  const query = useJob(order.id, order.revision);
  const told = query.data?.steps.filter(({ result }) => result).length ?? 0;
  const hours = words.hours(format.quantity(order.repair_hours, duration.hours));
  const all = query.data?.steps.length ?? 0;
  return (
    <Card title={words.title} hint={all > 0 ? `${hours} · ${words.progress(told, all)}` : hours}>
      <Answer query={query}>{(job) => <Steps job={job} />}</Answer>
    </Card>
  );
}
