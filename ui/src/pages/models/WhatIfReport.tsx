/** The report of a run: today's settings, the changed ones and what really happened, side by side, and order by order. */

import { Link } from "wouter";
import { useReport } from "../../api/models";
import type { OpenedOut, OrderChangeOut, VerdictsOut, WhatIfOut } from "../../api/modelTypes";
import { Card } from "../../components/Card";
import { Answer, Empty } from "../../components/Feedback";
import { Listing, type Column } from "../../components/Listing";
import { Notice } from "../../components/Notice";
import { useFormat } from "../../format/useFormat";
import { useWords } from "../../i18n";
import { Figure } from "./Figure";
import { CHANGE_TONES, isBetter, newsFirst } from "./rules";

interface Run {
  name: string;
  verdicts: VerdictsOut;
}

function useRunColumns(): Column<Run>[] {
  const { report } = useWords().models;
  const format = useFormat();
  return [
    { name: report.run, cell: (run) => <span className="strong">{run.name}</span> },
    { name: report.orders, cell: (run) => format.number(run.verdicts.orders), num: true },
    { name: report.confirmed, cell: (run) => format.number(run.verdicts.confirmed), num: true },
    { name: report.falseOrders, cell: (run) => format.number(run.verdicts.false), num: true },
    { name: report.missed, cell: (run) => format.number(run.verdicts.missed), num: true },
    { name: report.unknown, cell: (run) => format.number(run.verdicts.unknown), num: true },
    { name: report.precision, cell: (run) => <Figure of={run.verdicts.precision} as="share" plain /> },
    { name: report.warning, cell: (run) => <Figure of={run.verdicts.warning_days} as="days" plain /> },
  ];
}

function When({ order }: { order: OpenedOut | null }) {
  const { report } = useWords().models;
  const format = useFormat();
  if (!order) return <span className="muted">{report.noOrder}</span>;
  return <>{format.dateTime(order.opened_at)}<div className="sub muted small">{format.fault(order.fault, order.label)}</div></>;
}

function useChangeColumns(): Column<OrderChangeOut>[] {
  const { report } = useWords().models;
  const format = useFormat();
  return [
    { name: report.machine, cell: (row) => <Link href={`/assets/${encodeURIComponent(row.asset)}`}>{row.asset_name}</Link> },
    { name: report.what, cell: (row) => (
      <span className="chip" data-tone={CHANGE_TONES[row.what]}>
        {report.changes[row.what]}{row.moved_h !== 0 && ` ${format.life(Math.abs(row.moved_h))}`}
      </span>
    ) },
    { name: report.before, cell: (row) => <When order={row.before} /> },
    { name: report.after, cell: (row) => <When order={row.after} /> },
  ];
}

function Verdict({ told }: { told: WhatIfOut }) {
  const { report } = useWords().models;
  const better = isBetter(told.before, told.after);
  const tone = better === null ? "alert" : better ? "normal" : "alarm";
  return <Notice tone={tone} title={better === null ? report.undecided : better ? report.better : report.worse} />;
}

function Told({ told }: { told: WhatIfOut }) {
  const { report } = useWords().models;
  const format = useFormat();
  const runs: Run[] = [
    { name: report.before, verdicts: told.before }, { name: report.after, verdicts: told.after }, { name: report.real, verdicts: told.real },
  ];
  const runColumns = useRunColumns();
  const changeColumns = useChangeColumns();
  const changed = Object.entries(told.change).map(([name, value]) => `${name.replaceAll("_", " ")} ${String(value)}`);
  const what = [...changed, ...(told.model ? [told.model] : [])].join(", ");
  return (
    <>
      <Card title={report.title(what)} hint={report.span(format.day(told.since), format.day(told.until), format.number(told.assets.length))}>
        <Verdict told={told} />
        <Listing label={report.runs} rows={runs} columns={runColumns} keyOf={(run) => run.name} />
        {told.notes.map((note) => <p key={note} className="muted small">{note}</p>)}
      </Card>
      <Card title={report.orderByOrder}>
        {told.changes.length === 0 ? <Empty title={report.noChange} inline />
          : <Listing label={report.orderByOrder} rows={[...told.changes].sort(newsFirst)} columns={changeColumns}
              keyOf={(row) => `${row.asset} ${row.before?.opened_at} ${row.after?.opened_at}`} />}
      </Card>
    </>
  );
}

export function WhatIfReport({ sha256 }: { sha256: string }) {
  return <Answer query={useReport(sha256)}>{(told) => <Told told={told} />}</Answer>;
}
