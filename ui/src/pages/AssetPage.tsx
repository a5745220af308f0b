/** One machine: how it is, what is wrong, how long it lasts, and what that rests on. */

import { SegmentedControl } from "@mantine/core";
import { useState } from "react";
import { Link } from "wouter";
import { useAsset, useHistory } from "../api/queries";
import type { AssetDetail, SignalOut } from "../api/types";
import { AnomalyChart } from "../charts/AnomalyChart";
import { LifeChart } from "../charts/LifeChart";
import { SpectrumChart } from "../charts/SpectrumChart";
import { drawable, TrendChart } from "../charts/TrendChart";
import { Card, Facts, type Fact } from "../components/Card";
import { FailureMode } from "../components/Explained";
import { Answer, Empty, isMissing } from "../components/Feedback";
import { Health } from "../components/Machine";
import { ManualReading } from "../components/ManualReading";
import { Pulls } from "../components/Pulls";
import { Shelf } from "../components/Shelf";
import { StateBadge } from "../components/State";
import { useTitle } from "../components/useTitle";
import { withUnits } from "../format/units";
import { useFormat } from "../format/useFormat";
import { useWords } from "../i18n";
import { AssetOrders, Diagnosis, SignalTable } from "./AssetParts";
import { EnergyCard, hasMeter } from "./EnergyCard";
import { NotFoundPage } from "./NotFoundPage";
import { SecondOpinion } from "./SecondOpinion";

const SPANS_H = { day: 24, week: 168, month: 720, quarter: 2160 } as const;
type SpanName = keyof typeof SPANS_H;

function useFacts(asset: AssetDetail): Fact[] {
  const words = useWords();
  const format = useFormat();
  const { rul } = asset;
  const range = rul && `${words.fleet.lifeRange(format.lifeOf(rul, rul.p10_h), format.lifeOf(rul, rul.p90_h))}, ${words.common.operating}`;
  const chance = asset.fault_probability;
  const fault = asset.fault && [chance !== null && format.percent(chance), format.component(asset.fault)].filter(Boolean).join(" · ");
  return [
    { name: `${words.asset.health} (0–100)`, value: <Health asset={asset} /> },
    {
      name: words.asset.likely,
      value: asset.fault ? format.fault(asset.fault, asset.fault_label) : words.asset.noFault,
      sub: fault && <>{fault}{asset.failure_mode && <> · <FailureMode code={asset.failure_mode} /></>}</>,
    },
    {
      name: words.asset.life, help: words.common.lifeHelp,
      value: rul ? format.lifeOf(rul, rul.p50_h) : words.fleet.noForecast, sub: range,
    },
    {
      name: words.asset.anomaly, value: asset.anomaly === null ? "–" : format.number(asset.anomaly), sub: words.asset.limit,
    },
  ];
}

function Header({ asset }: { asset: AssetDetail }) {
  const words = useWords();
  const format = useFormat();
  const facts = useFacts(asset);
  const place = [asset.site, asset.area, asset.asset_class, words.fleet.criticality(asset.criticality)];
  return (
    <section className="card stack" aria-label={asset.name}>
      <div className="asset-head">
        <div>
          <div className="asset-title">
            <h1>{asset.name}</h1>
            <StateBadge state={asset.state} />
          </div>
          <p className="muted">{place.join(" · ")}</p>
        </div>
        <p className="muted small">
          {asset.assessed_at ? words.fleet.assessed(format.since(asset.assessed_at)) : words.fleet.notAssessed}
        </p>
      </div>
      <Facts facts={facts} large />
      <ManualReading asset={asset} />
      <Shelf asset={asset.id} />
      {asset.sensor_problems.map((problem) => (
        <div key={`${problem.signal}${problem.kind}`} className="notice">
          <b>{words.asset.sensorTrouble}: {problem.signal} {words.problemKinds[problem.kind] ?? problem.kind}</b>
          <span className="detail">{withUnits(problem.text)}</span>
          <span className="muted small">{words.asset.since(format.dateTime(problem.since))} ({format.since(problem.since)})</span>
        </div>
      ))}
    </section>
  );
}

/** The feature that pulls the score most is the one to look at first. */
function firstToShow(asset: AssetDetail): string | null {
  const all = asset.signals.flatMap(drawable);
  const pulling = [...asset.contributions].sort((a, b) => b.share - a.share).map((pull) => pull.feature);
  return pulling.find((feature) => all.includes(feature)) ?? all[0] ?? null;
}

function SpanPicker({ span, onSpan }: { span: SpanName; onSpan: (span: SpanName) => void }) {
  const words = useWords();
  return (
    <SegmentedControl
      aria-label={words.asset.span} value={span} onChange={(value) => onSpan(value as SpanName)} size="xs"
      data={Object.keys(SPANS_H).map((name) => ({ value: name, label: words.asset.spans[name as SpanName] }))}
    />
  );
}

function waveforms(signals: SignalOut[]): string[] {
  return signals.filter((signal) => signal.kind === "waveform").map((signal) => signal.name);
}

function Charts({ asset, chosen, onChoose }: { asset: AssetDetail; chosen: string | null; onChoose: (s: string) => void }) {
  const [span, setSpan] = useState<SpanName>("month");
  const history = useHistory(asset.id, SPANS_H[span]);
  const waves = waveforms(asset.signals);
  return (
    <div className="stack asset-charts">
      <div className="row"><SpanPicker span={span} onSpan={setSpan} /></div>
      <TrendChart asset={asset.id} signals={asset.signals} chosen={chosen} onChoose={onChoose} hours={SPANS_H[span]} />
      <Answer query={history}>
        {(points) => <><AnomalyChart history={points} /><LifeChart history={points} /></>}
      </Answer>
      {waves.length > 0 && <SpectrumChart asset={asset.id} names={waves} />}
    </div>
  );
}

function Side({ asset }: { asset: AssetDetail }) {
  const words = useWords();
  const format = useFormat();
  const rate = asset.false_alarm_rate_per_year;
  const hint = [asset.model, rate !== null && words.asset.falseAlarms(format.number(rate))].filter(Boolean).join(", ");
  return (
    <div className="stack asset-side">
      <AssetOrders asset={asset.id} />
      <Diagnosis hypotheses={asset.diagnosis} />
      <Card title={words.pulls.title} hint={hint}>
        {asset.contributions.length === 0 ? <Empty inline title={words.pulls.empty} /> : <Pulls contributions={asset.contributions} />}
      </Card>
      {hasMeter(asset.signals) && <EnergyCard asset={asset.id} />}
      <SecondOpinion asset={asset.id} />
    </div>
  );
}

function Machine({ asset }: { asset: AssetDetail }) {
  const [picked, setPicked] = useState<string | null>(null);
  const [first] = useState(() => firstToShow(asset)); // fixed, or the chart would change under the reader
  const show = (signal: string) => {
    setPicked(signal);
    window.scrollTo({ top: 0, behavior: "smooth" });
  };
  return (
    <div className="stack">
      <Header asset={asset} />
      <div className="asset-grid">
        <Side asset={asset} />
        <Charts asset={asset} chosen={picked ?? first ?? firstToShow(asset)} onChoose={setPicked} />
      </div>
      <SignalTable signals={asset.signals} onShow={show} />
    </div>
  );
}

export default function AssetPage({ id }: { id: string }) {
  const words = useWords();
  const asset = useAsset(id);
  useTitle(asset.data?.name ?? id);
  if (isMissing(asset.error) && !asset.data) return <NotFoundPage title={words.asset.notFound} hint={words.asset.notFoundHint} />;
  return (
    <>
      <Link href="/" className="crumb">← {words.asset.back}</Link>
      <Answer query={asset}>{(detail) => <Machine asset={detail} />}</Answer>
    </>
  );
}
