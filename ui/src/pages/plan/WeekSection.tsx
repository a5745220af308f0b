/** Who does what in the coming days; a new plan is proposed first, with its reasons, and put into force by a second click. */

import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import { ApiError } from "../../api/client";
import { plan, planKeys, type Proposal, type Span, type Standing, usePeople, useSchedule } from "../../api/plan";
import { useOrders } from "../../api/queries";
import { Card, Facts } from "../../components/Card";
import { Answer, Empty } from "../../components/Feedback";
import { Notice } from "../../components/Notice";
import { useFormat } from "../../format/useFormat";
import { useWords } from "../../i18n";
import { byDay, type Crewed, weekFrom, withCrews } from "./rules";

function Job({ job }: { job: Crewed }) {
  const { plan: words } = useWords();
  const format = useFormat();
  return (
    <li className="part">
      <div>
        <Link href={`/orders/${job.number}`}>{job.number}</Link> {job.title}
        {job.reason && <div className="muted small">{job.reason}</div>}
      </div>
      <div className="end">
        <span className="strong nowrap">{format.timeOfDay(job.from)} – {format.timeOfDay(job.to)}</span>
        <div className="small">{job.crew.map(({ person, seen }) => <span key={person} title={seen ? words.seen : words.unseen}>{person}{seen ? " ✓" : ""} </span>)}</div>
      </div>
    </li>
  );
}

function Days({ jobs }: { jobs: Crewed[] }) {
  const format = useFormat();
  return byDay(jobs, format.day, format.nowMs).map(([day, rows]) => (
    <section key={day} aria-label={day}>
      <h3>{day}</h3>
      <ul>{rows.map((job) => <Job key={`${job.order} ${job.from}`} job={job} />)}</ul>
    </section>
  ));
}

function usePlanning() {
  const { plan: words } = useWords();
  const cache = useQueryClient();
  const [proposal, setProposal] = useState<{ span: Span; told: Proposal } | null>(null);
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState("");
  const take = async (step: () => Promise<void>) => {
    setBusy(true);
    setTrouble("");
    try {
      await step();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 412) setProposal(null);
      setTrouble(error.status === 412 ? words.stale : error.message);
    } finally {
      setBusy(false);
    }
  };
  const propose = (span: Span) => take(async () => setProposal({ span, told: await plan.propose(span) }));
  const publish = () => take(async () => {
    if (proposal === null) return;
    cache.setQueryData(planKeys.schedule, await plan.publish(proposal.span, proposal.told));
    await cache.invalidateQueries({ queryKey: ["orders"] });
    setProposal(null);
  });
  return { proposal, busy, trouble, propose, publish, drop: () => setProposal(null) };
}

function Proposed({ told, names }: { told: Proposal; names: (order: string) => { number: string; title: string } }) {
  const { plan: words } = useWords();
  const format = useFormat();
  const jobs = told.assignments.map(({ crew, ...row }) => ({ ...row, ...names(row.order), crew: crew.map((person) => ({ person, seen: false })) }));
  return (
    <div className="stack">
      <Facts facts={[
        { name: words.jobs, value: format.number(told.assignments.length), sub: told.left_out.length > 0 && words.leftOut(told.left_out.length) },
        { name: words.lateness, value: format.number(Math.round(told.lateness)), sub: words.greedy(format.number(Math.round(told.greedy_lateness))), help: words.latenessHelp },
        { name: words.gap, value: told.gap === null ? words.noGap : format.percent(told.gap), sub: words.took(format.seconds(told.seconds)) },
      ]} />
      {told.changes.length > 0 && <Notice tone="alert" title={words.changes}><ul>{told.changes.map((text) => <li key={text}>{text}</li>)}</ul></Notice>}
      <Days jobs={jobs} />
      {told.left_out.length > 0 && (
        <section aria-label={words.left}>
          <h3>{words.left}</h3>
          <ul>{told.left_out.map(({ order, reason }) => <li key={order} className="part"><div><Link href={`/orders/${names(order).number}`}>{names(order).number}</Link> {names(order).title}<div className="muted small">{reason}</div></div></li>)}</ul>
        </section>
      )}
    </div>
  );
}

function Week({ standing }: { standing: Standing }) {
  const { plan: words, common } = useWords();
  const format = useFormat();
  const people = usePeople();
  const orders = useOrders({ open: true });
  const { proposal, busy, trouble, propose, publish, drop } = usePlanning();
  const names = (order: string) => orders.data?.find(({ id, number }) => order === id || order === number) ?? { number: order, title: "" };
  const coming = standing.assignments.filter(({ to }) => !format.isPast(to));
  if (people.data?.length === 0) return <Empty title={words.noPeople} hint={words.noPeopleHint} />;
  return (
    <div className="stack">
      {trouble && <Notice tone="alarm" title={words.failed}>{trouble}</Notice>}
      <div className="actions">
        {proposal === null
          ? <Button loading={busy} onClick={() => void propose(weekFrom(format.nowMs))}>{words.propose}</Button>
          : <><Button loading={busy} onClick={() => void publish()}>{words.publish}</Button><Button variant="default" onClick={drop}>{common.cancel}</Button></>}
        {busy && proposal === null && <span className="muted small" role="status">{words.working}</span>}
      </div>
      {proposal !== null ? <Proposed told={proposal.told} names={names} />
        : coming.length === 0 ? <Empty title={words.nothingPlanned} hint={words.nothingPlannedHint} />
        : <Days jobs={withCrews(coming)} />}
    </div>
  );
}

export function WeekSection() {
  const { plan: words } = useWords();
  const query = useSchedule();
  return <Card title={words.sections.week} hint={words.weekHint}><Answer query={query}>{(standing) => <Week standing={standing} />}</Answer></Card>;
}
