/** Every part: what is expected to be asked for, what is there, what comes, and who asks for most of it. */

import { TextInput } from "@mantine/core";
import { useState } from "react";
import { Link } from "wouter";
import { type PartDemandRow, useDemand } from "../../api/parts";
import { Card } from "../../components/Card";
import { Answer, Empty } from "../../components/Feedback";
import { Listing } from "../../components/Listing";
import { useFormat } from "../../format/useFormat";
import { useWords } from "../../i18n";
import { matching, supplyOf, urgentFirst } from "./rules";

const TONE = { missing: "alarm", low: "alert", enough: "normal", none: "quiet" };

function Supply({ row }: { row: PartDemandRow }) {
  const { parts: words } = useWords();
  const supply = supplyOf(row);
  return <span className="chip" data-tone={TONE[supply]}>{words.supply[supply]}</span>;
}

function Rows({ rows }: { rows: PartDemandRow[] }) {
  const { parts: words } = useWords();
  const format = useFormat();
  return (
    <Listing label={words.sections.demand} rows={rows} keyOf={({ part }) => part} columns={[
      { name: words.part, cell: (row: PartDemandRow) => <><Link href={`/parts/${encodeURIComponent(row.part)}`}>{row.name || row.part}</Link><div className="muted small"><code>{row.part}</code></div></> },
      { name: "", bare: true, cell: (row) => <Supply row={row} /> },
      { name: words.available, num: true, cell: (row) => <>{format.number(row.available)}<div className="muted small">{words.onHand(row.on_hand)}</div></> },
      { name: words.coming, num: true, cell: (row) => format.number(row.on_order) },
      { name: words.expected, num: true, cell: (row) => <>{format.number(Math.round(row.mean * 10) / 10)}<div className="muted small">P50 {row.p50} · P90 {row.p90}</div></> },
      { name: words.within, cell: (row) => format.days(row.window_days) },
      { name: words.point, num: true, cell: (row) => (row.reorder_point === null ? "–" : words.upTo(row.reorder_point, row.order_up_to ?? 0)) },
      { name: words.mostly, wide: true, cell: (row) => row.main_cause || <span className="muted">{words.nobody}</span> },
    ]} />
  );
}

export function DemandSection() {
  const { parts: words } = useWords();
  const query = useDemand();
  const [text, setText] = useState("");
  return (
    <Card title={words.sections.demand} hint={words.demandHint}>
      <div className="filters"><TextInput className="grow" placeholder={words.find} aria-label={words.find} value={text} onChange={(e) => setText(e.currentTarget.value)} /></div>
      <Answer query={query}>
        {(rows) => {
          const shown = urgentFirst(matching(rows, text));
          if (rows.length === 0) return <Empty title={words.none} hint={words.noneHint} />;
          return shown.length === 0 ? <Empty title={words.noMatch} /> : <Rows rows={shown} />;
        }}
      </Answer>
    </Card>
  );
}
