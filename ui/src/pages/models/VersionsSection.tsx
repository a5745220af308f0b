/** Every version of every model: which one decides, how well each did on machines it had not seen, and the next step. */

import { Button } from "@mantine/core";
import { useState } from "react";
import { useVersions } from "../../api/models";
import type { ModelRow } from "../../api/modelTypes";
import { Card } from "../../components/Card";
import { Answer, Empty } from "../../components/Feedback";
import { Listing, type Column } from "../../components/Listing";
import { When } from "../../components/When";
import { useFormat } from "../../format/useFormat";
import { useWords } from "../../i18n";
import { inUseFirst, STAGE_TONES } from "./rules";
import { VersionCard } from "./VersionCard";

const SHOWN_METRICS = 4;

export function Metrics({ of, most = SHOWN_METRICS }: { of: ModelRow; most?: number }) {
  const { versions } = useWords().models;
  const format = useFormat();
  const shown = Object.entries(of.metrics).slice(0, most);
  if (shown.length === 0) return <span className="muted">{versions.noFigures}</span>;
  return (
    <ul className="losses small">
      {shown.map(([name, value]) => <li key={name}>{versions.metrics[name] ?? name.replaceAll("_", " ")}: <b>{format.number(value)}</b></li>)}
    </ul>
  );
}

export function Stage({ of }: { of: ModelRow }) {
  const { versions } = useWords().models;
  return (
    <>
      <span className="chip" data-tone={STAGE_TONES[of.stage]} title={versions.stageHelp[of.stage]}>{versions.stages[of.stage]}</span>
      {of.failed && <div className="sub late small">{versions.failed(of.failed)}</div>}
    </>
  );
}

function useColumns(onOpen: (row: ModelRow) => void): Column<ModelRow>[] {
  const { versions } = useWords().models;
  const format = useFormat();
  return [
    { name: versions.model, cell: (row) => (
      <>
        <span className="strong">{row.name} · {row.version}</span>
        <div className="sub muted small">{versions.tasks[row.task] ?? row.task}, {row.kind}{row.asset_class && `, ${row.asset_class}`}</div>
      </>
    ) },
    { name: versions.stage, cell: (row) => <Stage of={row} /> },
    { name: versions.figures, cell: (row) => <Metrics of={row} />, wide: true },
    { name: versions.taught, cell: (row) => versions.taughtBy(format.number(row.rows), format.number(row.assets)) },
    { name: versions.trained, cell: (row) => <When time={row.trained_at} /> },
    { name: versions.more, cell: (row) => <Button size="xs" variant="default" onClick={() => onOpen(row)}>{versions.card}</Button>, bare: true },
  ];
}

export function VersionsSection() {
  const { sections, versions } = useWords().models;
  const [open, setOpen] = useState<ModelRow | null>(null);
  const columns = useColumns(setOpen);
  return (
    <>
      <Card title={sections.versions} hint={versions.hint}>
        <Answer query={useVersions()}>
          {(rows) => rows.length === 0 ? <Empty title={versions.empty} hint={versions.emptyHint} inline />
            : <Listing label={sections.versions} rows={[...rows].sort(inUseFirst)} columns={columns} keyOf={(row) => `${row.name}:${row.version}`} />}
        </Answer>
      </Card>
      <VersionCard of={open} onClose={() => setOpen(null)} />
    </>
  );
}
