/** A look at the machine by two other methods, when somebody asks for it. */

import { Button } from "@mantine/core";
import { useSecondOpinion } from "../api/queries";
import type { IsolationOut, RobustTrendOut, SecondOpinionOut } from "../api/types";
import { Card } from "../components/Card";
import { Empty, Problem } from "../components/Feedback";
import { Bar } from "../components/Machine";
import { useFormat } from "../format/useFormat";
import { useWords } from "../i18n";

/** So many times the usual share is worth a colour. */
const STRIKING = 3;

function Outside({ isolation }: { isolation: IsolationOut }) {
  const words = useWords().opinion;
  const format = useFormat();
  const { share_outside: share, expected_share: expected } = isolation;
  return (
    <div className="tight">
      <div className="pull-head">
        <span className="strong">{words.outside}</span>
        <span className="strong nowrap">{format.percent(share)}</span>
      </div>
      <Bar share={share} tone={share > STRIKING * expected ? "alert" : "normal"} />
      <span className="muted small">{words.expected(format.percent(expected))}</span>
      <span className="muted small">{words.rows(isolation.newest_rows, isolation.baseline_rows, isolation.features)}</span>
    </div>
  );
}

function Direction({ trend }: { trend: RobustTrendOut }) {
  const words = useWords().opinion;
  if (!trend.excludes_zero) return <span className="chip" data-tone="quiet">{words.unsure}</span>;
  return <span className="chip" data-tone="brand">{trend.slope_per_day > 0 ? `↑ ${words.rising}` : `↓ ${words.falling}`}</span>;
}

function Trend({ trend }: { trend: RobustTrendOut }) {
  const words = useWords().opinion;
  const format = useFormat();
  const { unit } = trend;
  const sign = trend.slope_per_day > 0 ? "+" : "";
  return (
    <li className="pull">
      <div className="pull-head">
        <span className="strong">{format.feature(trend.feature)}</span>
        <Direction trend={trend} />
      </div>
      <span>{sign}{words.perDay(format.quantity(trend.slope_per_day, unit))}</span>
      <span className="muted small">{words.interval(format.number(trend.low_per_day), format.quantity(trend.high_per_day, unit))}</span>
    </li>
  );
}

function Opinion({ opinion }: { opinion: SecondOpinionOut }) {
  const words = useWords().opinion;
  if (opinion.isolation === null) {
    return <Empty inline title={words.warmingUp} hint={words.warmingHint(opinion.rows, opinion.needed_rows)} />;
  }
  return (
    <div className="stack">
      <Outside isolation={opinion.isolation} />
      <div className="stack">
        <h3 className="muted">{words.trends}</h3>
        {opinion.trends.length === 0 && <Empty inline title={words.noTrend} />}
        <ul className="pulls">{opinion.trends.map((trend) => <Trend key={trend.feature} trend={trend} />)}</ul>
      </div>
    </div>
  );
}

export function SecondOpinion({ asset }: { asset: string }) {
  const words = useWords().opinion;
  const format = useFormat();
  const { data, error, isFetching, refetch } = useSecondOpinion(asset);
  const button = (
    <Button variant="default" size="xs" loading={isFetching} onClick={() => void refetch()}>
      {data ? words.again : words.ask}
    </Button>
  );
  return (
    <Card title={words.title} hint={data ? words.asked(format.since(data.at)) : words.hint} tools={button}>
      {data && <Opinion opinion={data} />}
      {!data && error && <Problem error={error} />}
    </Card>
  );
}
