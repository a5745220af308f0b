/** Telemetry at a glance: what wants attention, the books, and how ingest stands. */

import { Link } from "wouter";
import { useGaps, usePlaces, useReasons, useSensorEvents, useSources, useTelemetry } from "../../api/telemetryQueries";
import { useOverview } from "../../api/queries";
import type { TelemetryOverview } from "../../api/telemetryTypes";
import { Card } from "../../components/Card";
import { Answer, Empty, Loading } from "../../components/Feedback";
import { useFormat } from "../../format/useFormat";
import { useWords } from "../../i18n";
import { BooksBalance } from "./BooksBalance";
import { IngestFigures } from "./IngestFigures";
import { wanted, type Known, type Want } from "./rules";

function useKnown(overview: TelemetryOverview): Known | null {
  const [sources, gaps, sensors] = [useSources().data, useGaps().data, useSensorEvents(true).data];
  const [places, reasons] = [usePlaces().data, useReasons().data];
  if (!sources || !gaps || !sensors || !places || !reasons) return null;
  return { overview, sources, gaps, sensors, places, reasons };
}

function Wanted({ want }: { want: Want }) {
  const { telemetry } = useWords();
  const format = useFormat();
  const what = want.kind === "refused" ? (telemetry.reasons[want.what] ?? want.what.replaceAll("_", " ")) : want.what;
  const { title, hint } = telemetry.wants[want.kind](want.count, format.number(want.count), what);
  const away = want.section === "overview";
  return (
    <li className="want" data-tone={want.tone} data-want={want.kind}>
      <div>
        {away ? <b>{title}</b> : <Link href={`/telemetry/${want.section}`} className="row-link">{title}</Link>}
        <div className="sub muted small topic">{hint}</div>
      </div>
      {want.at && <span className="muted small nowrap">{format.since(want.at)}</span>}
    </li>
  );
}

function Wants({ overview }: { overview: TelemetryOverview }) {
  const { telemetry } = useWords();
  const format = useFormat();
  const { data: plant } = useOverview();
  const known = useKnown(overview);
  const list = known && wanted(known, format.nowMs, plant?.clock_rate ?? 1);
  return (
    <Card title={telemetry.overview.wants}>
      {list === null && <Loading />}
      {list?.length === 0 && <Empty title={telemetry.overview.nothing} hint={telemetry.overview.nothingHint} inline />}
      {list && list.length > 0 && <ul>{list.map((want) => <Wanted key={want.kind} want={want} />)}</ul>}
    </Card>
  );
}

export function OverviewSection() {
  const overview = useTelemetry();
  return (
    <Answer query={overview}>
      {(data) => (
        <>
          <Wants overview={data} />
          <BooksBalance books={data.books} />
          <IngestFigures ingest={data.ingest} />
        </>
      )}
    </Answer>
  );
}
