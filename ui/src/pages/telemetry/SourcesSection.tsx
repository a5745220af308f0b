/** Every sender with what it may rely on, in words before codes. */

import { useOverview } from "../../api/queries";
import { useSources } from "../../api/telemetryQueries";
import type { SourceRow } from "../../api/telemetryTypes";
import { Card } from "../../components/Card";
import { Answer, Empty } from "../../components/Feedback";
import { Listing, type Column } from "../../components/Listing";
import { When } from "../../components/When";
import { useFormat } from "../../format/useFormat";
import { useWords } from "../../i18n";
import { NodesCard } from "./NodesCard";
import { clockIsOff, LEVEL_TONES, weakestFirst } from "./rules";

function Sender({ row }: { row: SourceRow }) {
  const { sources } = useWords().telemetry;
  const way = { "front door": sources.door, manual: sources.manual }[row.via];
  return (
    <div className="sender">
      <code className="topic strong">{way ? row.source : row.via}</code>
      <div className="sub muted small">{way ?? sources.broker}</div>
    </div>
  );
}

function PromiseOf({ row }: { row: SourceRow }) {
  const { levels, sources } = useWords().telemetry;
  const { level } = row.promise;
  return (
    <>
      <span className="chip wraps" data-tone={LEVEL_TONES[level]}>{levels[level].name}</span>
      <div className="sub muted small">{levels[level].text} <span className="nowrap" title={sources.level(level)}>({level})</span></div>
    </>
  );
}

function Losses({ row }: { row: SourceRow }) {
  const { sources, told } = useWords().telemetry;
  if (row.promise.losses.length === 0) return <span className="muted">{row.promise.level === "D3" ? sources.nothing : sources.onItsWay}</span>;
  return <ul className="losses small">{row.promise.losses.map((loss) => <li key={loss}>{told(loss)}</li>)}</ul>;
}

function Messages({ row }: { row: SourceRow }) {
  const { sources } = useWords().telemetry;
  const format = useFormat();
  const share = (part: number, name: string) => part > 0 && <div className="sub">{format.percent(part / row.messages)} {name}</div>;
  return (
    <>
      <span className="strong">{format.number(row.messages)}</span>
      {share(row.qos0, sources.qos0)}
      {share(row.without_time, sources.noTime)}
      {share(row.without_sequence, sources.noSequence)}
    </>
  );
}

function Clock({ row }: { row: SourceRow }) {
  const words = useWords();
  const { sources } = words.telemetry;
  const format = useFormat();
  const { data } = useOverview();
  const rate = data?.clock_rate ?? 1;
  if (row.clock_error_s === null) return <span className="muted">{row.without_time > 0 ? sources.noClock : words.common.unknown}</span>;
  const size = Math.abs(row.clock_error_s);
  if (size < Math.max(1, rate)) return <span>{sources.exact}</span>;
  const duration = format.seconds(size);
  return <span className={clockIsOff(row, rate) ? "late" : undefined}>{row.clock_error_s > 0 ? sources.behind(duration) : sources.ahead(duration)}</span>;
}

function useColumns(): Column<SourceRow>[] {
  const { sources } = useWords().telemetry;
  return [
    { name: sources.source, cell: (row) => <Sender row={row} /> },
    { name: sources.promise, cell: (row) => <PromiseOf row={row} />, wide: true },
    { name: sources.losses, cell: (row) => <Losses row={row} />, wide: true },
    { name: sources.messages, cell: (row) => <Messages row={row} />, wide: true },
    { name: sources.clock, cell: (row) => <Clock row={row} /> },
    { name: sources.heard, cell: (row) => <When time={row.last_at} /> },
  ];
}

export function SourcesSection() {
  const { sections, sources } = useWords().telemetry;
  const columns = useColumns();
  const query = useSources();
  return (
    <>
      <Card title={sections.sources} hint={sources.hint}>
        <Answer query={query}>
          {(rows) => rows.length === 0 ? <Empty title={sources.empty} hint={sources.emptyHint} inline />
            : <Listing label={sources.label} rows={[...rows].sort(weakestFirst)} columns={columns} keyOf={(row) => row.source} />}
        </Answer>
      </Card>
      <NodesCard />
    </>
  );
}
