/** What planners ask first: can the advices be believed, do they come in time, and what was missed? */

import { Link } from "wouter";
import { useScorecard } from "../../api/models";
import type { MissOut, ScoreOut, ScorecardOut } from "../../api/modelTypes";
import { Card, Facts } from "../../components/Card";
import { Answer, Empty } from "../../components/Feedback";
import { Listing, type Column } from "../../components/Listing";
import { Notice } from "../../components/Notice";
import { When } from "../../components/When";
import { useFormat } from "../../format/useFormat";
import { useWords } from "../../i18n";
import { Figure } from "./Figure";
import { LessonsCard } from "./LessonsCard";
import { IN_TIME_DAYS, KEPT_TONES, keepsRate } from "./rules";

/** The set rate beside the measured one: a promise that anybody can check. */
function Rate({ score }: { score: ScoreOut }) {
  const { scorecard } = useWords().models;
  const format = useFormat();
  const kept = keepsRate(score);
  return (
    <>
      <Figure of={score.false_alarms_per_year} as="rate" />
      {score.set_rate !== null && (
        <div className="sub small">
          {scorecard.set(format.number(score.set_rate))}
          {kept !== null && <> <span className="chip wraps" data-tone={KEPT_TONES[kept]}>{scorecard.rate[kept]}</span></>}
        </div>
      )}
    </>
  );
}

function Total({ card }: { card: ScorecardOut }) {
  const { scorecard, units } = useWords().models;
  const format = useFormat();
  const { total } = card;
  const facts = [
    { name: scorecard.precision, value: <Figure of={total.precision} as="share" />, help: scorecard.help.precision },
    { name: scorecard.recall, value: <Figure of={total.recall} as="share" />, help: scorecard.help.recall },
    { name: scorecard.warning, value: <Figure of={total.warning_days} as="days" />, help: scorecard.help.warning(IN_TIME_DAYS) },
    { name: scorecard.inTime(IN_TIME_DAYS), value: <Figure of={total.in_time} as="share" />, help: scorecard.help.inTime },
    { name: scorecard.falseAlarms, value: <Rate score={total} />, help: scorecard.help.falseAlarms },
    ...(total.net === null ? [] : [{ name: scorecard.net, value: format.number(Math.round(total.net)), help: scorecard.help.net }]),
  ];
  const watched = format.number(Math.round(total.asset_years * 10) / 10);
  return (
    <Card title={scorecard.title} hint={scorecard.span(format.day(card.since), format.day(card.until), `${watched} ${units.assetYears}`)}>
      <Facts facts={facts} large />
    </Card>
  );
}

function useScoreColumns(first: string): Column<ScoreOut>[] {
  const { scorecard } = useWords().models;
  const format = useFormat();
  return [
    { name: first, cell: (row) => <span className="strong">{row.of || scorecard.unnamed}</span> },
    { name: scorecard.orders, cell: (row) => format.number(row.orders), num: true },
    { name: scorecard.precision, cell: (row) => <Figure of={row.precision} as="share" /> },
    { name: scorecard.recall, cell: (row) => <Figure of={row.recall} as="share" /> },
    { name: scorecard.warning, cell: (row) => <Figure of={row.warning_days} as="days" /> },
    { name: scorecard.falseAlarms, cell: (row) => <Rate score={row} />, wide: true },
  ];
}

function Scores({ title, first, rows }: { title: string; first: string; rows: ScoreOut[] }) {
  const columns = useScoreColumns(first);
  if (rows.length === 0) return null;
  return <Card title={title}><Listing label={title} rows={rows} columns={columns} keyOf={(row) => row.of} /></Card>;
}

function Misses({ rows }: { rows: MissOut[] }) {
  const { scorecard } = useWords().models;
  const columns: Column<MissOut>[] = [
    { name: scorecard.machine, cell: (row) => <Link href={`/assets/${encodeURIComponent(row.asset)}`}>{row.asset}</Link> },
    { name: scorecard.order, cell: (row) => <Link href={`/orders/${encodeURIComponent(row.number)}`}>{row.number}</Link> },
    { name: scorecard.assetClass, cell: (row) => row.asset_class },
    { name: scorecard.when, cell: (row) => <When time={row.at} /> },
  ];
  return (
    <Card title={scorecard.misses} hint={scorecard.missesHint}>
      {rows.length === 0 ? <Empty title={scorecard.noMisses} inline />
        : <Listing label={scorecard.misses} rows={rows} columns={columns} keyOf={(row) => row.number} />}
    </Card>
  );
}

function Filled({ card }: { card: ScorecardOut }) {
  const { scorecard } = useWords().models;
  return (
    <>
      {card.waiting > 0 && <Notice tone="alert" title={scorecard.waiting(card.waiting)}>{scorecard.waitingHint}</Notice>}
      {card.empty ? <Card title={scorecard.title}><Empty title={scorecard.empty} hint={scorecard.emptyHint} /></Card> : <Total card={card} />}
      <Scores title={scorecard.byClass} first={scorecard.assetClass} rows={card.by_class} />
      <Scores title={scorecard.byModel} first={scorecard.model} rows={card.by_model} />
      <Misses rows={card.misses} />
      <LessonsCard />
    </>
  );
}

export function ScorecardSection() {
  return <Answer query={useScorecard()}>{(card) => <Filled card={card} />}</Answer>;
}
