/** What would have been opened, had the settings or the model been others? A run over history; nothing is changed by it. */

import { Button, NativeSelect, NumberInput, Progress } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useSearch } from "wouter";
import { ApiError } from "../../api/client";
import { isRunning, models, MODELS, useJobs, useScorecard, useVersions } from "../../api/models";
import type { JobOut } from "../../api/modelTypes";
import { Card } from "../../components/Card";
import { Answer, Empty } from "../../components/Feedback";
import { Listing, type Column } from "../../components/Listing";
import { Notice } from "../../components/Notice";
import { When } from "../../components/When";
import { useFormat } from "../../format/useFormat";
import { useWords } from "../../i18n";
import { WhatIfReport } from "./WhatIfReport";

const SPANS = ["30", "90", "180", "365"];
const DAY_MS = 86_400_000;
const TODAY = "";
const AS_TODAY = { until: null, every_h: 24, threshold: null, policy: {}, asset_class: "", assets: [] };

function useAsk(onAsked: (job: JobOut) => void) {
  const cache = useQueryClient();
  const format = useFormat();
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState("");
  const send = async (days: number, rate: number | null, model: string) => {
    setBusy(true);
    setTrouble("");
    try {
      const since = new Date(format.nowMs - days * DAY_MS).toISOString();
      onAsked(await models.whatIf({ ...AS_TODAY, since, false_alarms: rate, model }));
      void cache.invalidateQueries({ queryKey: [...MODELS, "jobs"] });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setTrouble(error.message);
    } finally {
      setBusy(false);
    }
  };
  return { send, busy, trouble };
}

function Form({ onAsked }: { onAsked: (job: JobOut) => void }) {
  const { whatif } = useWords().models;
  const format = useFormat();
  const versions = useVersions().data ?? [];
  const today = useScorecard().data?.total.set_rate ?? null;
  const [days, setDays] = useState("90");
  const [rate, setRate] = useState<number | string>("");
  const [model, setModel] = useState(TODAY);
  const { send, busy, trouble } = useAsk(onAsked);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void send(Number(days), typeof rate === "number" ? rate : null, model);
  };
  const choices = [{ value: TODAY, label: whatif.modelToday }, ...versions.map((v) => ({ value: `${v.name}:${v.version}`, label: `${v.name} · ${v.version}` }))];
  return (
    <Card title={whatif.title} hint={whatif.hint}>
      <form className="stack" onSubmit={submit}>
        {trouble && <Notice tone="alarm" title={whatif.failed}>{trouble}</Notice>}
        <NativeSelect label={whatif.span} data={SPANS.map((value) => ({ value, label: whatif.lastDays(value) }))} value={days} onChange={(e) => setDays(e.currentTarget.value)} />
        <NumberInput label={whatif.rate} description={today === null ? whatif.rateHint : `${whatif.rateHint} ${whatif.rateToday(format.number(today))}`}
          value={rate} onChange={setRate} min={0.001} max={1000} allowNegative={false} placeholder={whatif.asToday} />
        <NativeSelect label={whatif.model} data={choices} value={model} onChange={(e) => setModel(e.currentTarget.value)} />
        <div className="actions"><Button type="submit" loading={busy} disabled={typeof rate !== "number" && model === TODAY}>{whatif.run}</Button></div>
      </form>
    </Card>
  );
}

function State({ job }: { job: JobOut }) {
  const { whatif } = useWords().models;
  const format = useFormat();
  if (!isRunning(job)) return <>{whatif.states[job.state]}{job.problem && <div className="sub late small">{job.problem}</div>}</>;
  return (
    <div className="stack" role="status">
      <span>{whatif.states[job.state]} {format.percent(job.progress)} <span className="muted small">{job.doing}</span></span>
      <Progress value={100 * job.progress} aria-label={whatif.states[job.state]} />
    </div>
  );
}

function useColumns(onOpen: (sha256: string) => void): Column<JobOut>[] {
  const { whatif } = useWords().models;
  return [
    { name: whatif.asked, cell: (job) => <When time={job.created_at} /> },
    { name: whatif.kind, cell: (job) => whatif.kinds[job.kind] },
    { name: whatif.state, cell: (job) => <State job={job} />, wide: true },
    { name: whatif.result, bare: true, cell: (job) => (
      isRunning(job) ? <Button size="xs" variant="default" onClick={() => void models.cancel(job)}>{whatif.cancel}</Button>
        : job.report ? <Button size="xs" variant="default" onClick={() => onOpen(job.report ?? "")}>{whatif.open}</Button> : <span>{job.trained ?? ""}</span>
    ) },
  ];
}

export function WhatIfSection() {
  const { whatif } = useWords().models;
  const named = new URLSearchParams(useSearch()).get("report");
  const [shown, setShown] = useState<string | null>(named);
  const [asked, setAsked] = useState<string | null>(null);
  const jobs = useJobs();
  const columns = useColumns((sha256) => { setAsked(null); setShown(sha256); });
  const report = jobs.data?.find((job) => job.id === asked)?.report ?? shown;
  return (
    <>
      <Form onAsked={(job) => setAsked(job.id)} />
      <Card title={whatif.runs}>
        <Answer query={jobs}>
          {(rows) => rows.length === 0 ? <Empty title={whatif.none} hint={whatif.noneHint} inline />
            : <Listing label={whatif.runs} rows={rows} columns={columns} keyOf={(job) => job.id} />}
        </Answer>
      </Card>
      {report && <WhatIfReport key={report} sha256={report} />}
    </>
  );
}
