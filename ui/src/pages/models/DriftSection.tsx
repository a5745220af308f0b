/** Do the models still see what they learnt from? And which of them want to be trained again. */

import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ApiError } from "../../api/client";
import { models, MODELS, useDrift } from "../../api/models";
import type { ColumnDriftOut, DriftOut, DriftPage, RetrainingOut } from "../../api/modelTypes";
import { Card } from "../../components/Card";
import { Answer, Empty } from "../../components/Feedback";
import { Listing, type Column } from "../../components/Listing";
import { Notice, Notices } from "../../components/Notice";
import { When } from "../../components/When";
import { useFormat } from "../../format/useFormat";
import { useWords } from "../../i18n";
import { Figure } from "./Figure";

const SHIPPED_VERSION = null;

function Again({ task }: { task: RetrainingOut }) {
  const { drift } = useWords().models;
  const cache = useQueryClient();
  const [state, setState] = useState<"" | "busy" | "asked">("");
  const [trouble, setTrouble] = useState("");
  const ask = async () => {
    setState("busy");
    setTrouble("");
    try {
      await models.trainAgain(task.id);
      setState("asked");
      void cache.invalidateQueries({ queryKey: MODELS });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setState("");
      setTrouble(error.message);
    }
  };
  return (
    <Notices>
      {trouble && <Notice tone="alarm" title={drift.notAsked}>{trouble}</Notice>}
      {state === "asked" ? <span>{drift.asked}</span> : <Button size="xs" loading={state === "busy"} onClick={() => void ask()}>{drift.again}</Button>}
    </Notices>
  );
}

function Tasks({ rows }: { rows: RetrainingOut[] }) {
  const { drift } = useWords().models;
  const columns: Column<RetrainingOut>[] = [
    { name: drift.model, cell: (row) => <><span className="strong">{row.model}</span><div className="sub muted small">{row.asset_class}</div></> },
    { name: drift.reasons, cell: (row) => <ul className="losses small">{row.reasons.map((reason) => <li key={reason}>{reason}</li>)}</ul>, wide: true },
    { name: drift.since, cell: (row) => <When time={row.opened_at} /> },
    { name: drift.again, cell: (row) => <Again task={row} />, bare: true },
  ];
  return (
    <Card title={drift.tasks} hint={drift.tasksHint}>
      {rows.length === 0 ? <Empty title={drift.noTasks} inline /> : <Listing label={drift.tasks} rows={rows} columns={columns} keyOf={(row) => row.id} />}
    </Card>
  );
}

function useColumns(): Column<ColumnDriftOut>[] {
  const { drift } = useWords().models;
  const format = useFormat();
  const verdict = (row: ColumnDriftOut) => row.drifted === null
    ? <span className="muted">{drift.tooFew}</span>
    : <span className="chip" data-tone={row.drifted ? "alert" : "normal"}>{row.drifted ? drift.moved : drift.same}</span>;
  return [
    { name: drift.column, cell: (row) => format.feature(row.column) },
    { name: drift.verdict, cell: verdict },
    { name: drift.psi, cell: (row) => format.number(row.psi), num: true },
    { name: drift.ks, cell: (row) => format.number(row.ks), num: true },
    { name: drift.distance, cell: (row) => format.number(row.moved), num: true },
    { name: drift.shared, cell: (row) => format.percent(row.shared), num: true },
  ];
}

function Model({ of }: { of: DriftOut }) {
  const { drift } = useWords().models;
  const format = useFormat();
  const columns = useColumns();
  const name = of.version === SHIPPED_VERSION ? drift.shipped(of.asset_class) : `${of.name} · ${of.version}`;
  return (
    <Card title={name} hint={drift.span(format.day(of.since), format.day(of.at))}>
      {of.reasons.map((reason) => <Notice key={reason} tone="alert" title={reason} />)}
      {of.note && <p className="muted">{of.note}</p>}
      <p>{drift.coverage} <Figure of={of.coverage} as="share" /></p>
      {of.columns.length > 0 && <Listing label={name} rows={[...of.columns].sort((a, b) => b.psi - a.psi)} columns={columns} keyOf={(row) => row.column} />}
    </Card>
  );
}

function Looked({ page }: { page: DriftPage }) {
  const { drift } = useWords().models;
  return (
    <>
      <Tasks rows={page.tasks} />
      {page.looked_at === null ? <Card title={drift.title}><Empty title={drift.notLooked} hint={drift.notLookedHint} inline /></Card>
        : page.models.map((of) => <Model key={`${of.name} ${of.version} ${of.asset_class}`} of={of} />)}
    </>
  );
}

export function DriftSection() {
  return <Answer query={useDrift()}>{(page) => <Looked page={page} />}</Answer>;
}
