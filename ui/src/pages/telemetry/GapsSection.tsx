/** Messages that senders numbered and nobody received. */

import { useGaps } from "../../api/telemetryQueries";
import type { GapRow } from "../../api/telemetryTypes";
import { Card } from "../../components/Card";
import { Answer, Empty } from "../../components/Feedback";
import { Listing, type Column } from "../../components/Listing";
import { When } from "../../components/When";
import { useFormat } from "../../format/useFormat";
import { useWords } from "../../i18n";

function useColumns(): Column<GapRow>[] {
  const { gaps } = useWords().telemetry;
  const format = useFormat();
  return [
    { name: gaps.stream, cell: (row) => (
      <>
        <code className="topic strong">{row.stream}</code>
        {row.boot && <div className="sub muted small">{gaps.boot} <code>{row.boot}</code></div>}
      </>
    ) },
    { name: gaps.missing, cell: (row) => <span className="strong">{gaps.messages(row.missing, format.number(row.missing))}</span> },
    { name: gaps.numbers, cell: (row) => row.first === row.last ? gaps.one(String(row.first)) : gaps.range(String(row.first), String(row.last)) },
    { name: gaps.noticed, cell: (row) => <When time={row.noticed_at} /> },
  ];
}

export function GapsSection() {
  const { gaps, sections } = useWords().telemetry;
  const columns = useColumns();
  const query = useGaps();
  return (
    <Card title={sections.gaps} hint={query.data?.length ? <><b>{gaps.todoTitle}:</b> {gaps.todo}</> : undefined}>
      <Answer query={query}>
        {(rows) => rows.length === 0 ? <Empty title={gaps.empty} hint={gaps.emptyHint} inline />
          : <Listing label={gaps.label} rows={rows} columns={columns} keyOf={(row) => `${row.stream}|${row.boot}|${row.first}`} />}
      </Answer>
    </Card>
  );
}
