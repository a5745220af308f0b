/** A chart with its title, and the numbers behind it for those who cannot or do not want to read a picture. */

import { Button } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { Card } from "../components/Card";
import { Empty } from "../components/Feedback";
import { useWords } from "../i18n";
import { Chart, type ChartOption } from "./Chart";

const MOST_ROWS = 200;

export interface NumberTable {
  columns: string[];
  rows: (string | number)[][];
}

function Numbers({ title, table }: { title: string; table: NumberTable }) {
  const words = useWords();
  const shown = table.rows.slice(0, MOST_ROWS);
  return (
    <div className="numbers-scroll" tabIndex={0} role="region" aria-label={`${title}: ${words.common.numbers}`}>
      <table className="table numbers">
        {shown.length < table.rows.length && <caption>{words.common.newest(shown.length, table.rows.length)}</caption>}
        <thead>
          <tr>{table.columns.map((column, i) => <th key={column} scope="col" className={i ? "num" : ""}>{column}</th>)}</tr>
        </thead>
        <tbody>
          {shown.map((row, r) => (
            <tr key={r}>{row.map((cell, i) => <td key={i} className={i ? "num" : ""}>{cell}</td>)}</tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface Props {
  title: string;
  hint?: ReactNode;
  tools?: ReactNode;
  label: string;
  option: ChartOption | null;
  table: () => NumberTable;
  empty: string;
  emptyHint?: string;
}

export function ChartCard({ title, hint, tools, label, option, table, empty, emptyHint }: Props) {
  const words = useWords();
  const [asNumbers, setAsNumbers] = useState(false);
  const toggle = option && (
    <Button variant="default" size="compact-sm" aria-pressed={asNumbers} onClick={() => setAsNumbers(!asNumbers)}>
      {asNumbers ? words.common.chart : words.common.numbers}
    </Button>
  );
  return (
    <Card title={title} hint={hint} tools={<>{tools}{toggle}</>}>
      {!option && <Empty title={empty} {...(emptyHint && { hint: emptyHint })} />}
      {option && (asNumbers ? <Numbers title={title} table={table()} /> : <Chart option={option} label={label} />)}
    </Card>
  );
}
