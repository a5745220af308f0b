/** Messages that were refused, each with its reason. */

import { TextInput } from "@mantine/core";
import { useState } from "react";
import { useQuarantine } from "../api/queries";
import type { QuarantineRow } from "../api/types";
import { Answer, Empty } from "../components/Feedback";
import { useIsPhone } from "../components/useIsPhone";
import { useTitle } from "../components/useTitle";
import { useFormat } from "../format/useFormat";
import { useWords } from "../i18n";

function matches(row: QuarantineRow, text: string): boolean {
  return [row.topic, row.reason, row.detail, row.source].join("\n").toLowerCase().includes(text.trim().toLowerCase());
}

function Reason({ row }: { row: QuarantineRow }) {
  return (
    <>
      <span className="chip" data-tone="alert">{row.reason.replaceAll("_", " ")}</span>
      <div className="sub muted small topic">{row.detail}</div>
    </>
  );
}

function Table({ rows }: { rows: QuarantineRow[] }) {
  const words = useWords();
  const format = useFormat();
  const { received, topic, reason, preview } = words.quarantine;
  return (
    <section className="card">
      <div className="table-scroll" tabIndex={0} role="region" aria-label={words.quarantine.title}>
        <table className="table">
          <thead><tr>{[received, topic, reason, preview].map((name) => <th key={name} scope="col">{name}</th>)}</tr></thead>
          <tbody>
            {rows.map((row, i) => (
              <tr key={i}>
                <td className="nowrap">{format.shortDateTime(row.received_at)}<div className="sub">{format.since(row.received_at)}</div></td>
                <td><code className="topic">{row.topic}</code><div className="sub">{row.source}</div></td>
                <td><Reason row={row} /></td>
                <td><code className="preview" title={row.payload_preview}>{row.payload_preview}</code></td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Cards({ rows }: { rows: QuarantineRow[] }) {
  const format = useFormat();
  return (
    <ul className="cards">
      {rows.map((row, i) => (
        <li key={i} className="item">
          <div>
            <code className="topic">{row.topic}</code>
            <div className="muted small">{format.shortDateTime(row.received_at)} · {row.source}</div>
          </div>
          <div><Reason row={row} /></div>
          <code className="topic small muted">{row.payload_preview}</code>
        </li>
      ))}
    </ul>
  );
}

export function QuarantinePage() {
  const words = useWords();
  const isPhone = useIsPhone();
  useTitle(words.quarantine.title);
  const quarantine = useQuarantine();
  const [text, setText] = useState("");
  return (
    <>
      <div className="page-head">
        <div>
          <h1>{words.quarantine.title}</h1>
          <p className="lead">{words.quarantine.lead}</p>
        </div>
      </div>
      <Answer query={quarantine}>
        {(rows) => {
          const shown = rows.filter((row) => matches(row, text));
          if (rows.length === 0) return <section className="card"><Empty title={words.quarantine.empty} hint={words.quarantine.emptyHint} /></section>;
          return (
            <>
              <div className="filters" role="search">
                <TextInput className="grow" type="search" aria-label={words.quarantine.search} placeholder={words.quarantine.search}
                  value={text} onChange={(event) => setText(event.currentTarget.value)} />
              </div>
              {shown.length === 0 && <section className="card"><Empty title={words.quarantine.noMatch} /></section>}
              {shown.length > 0 && (isPhone ? <Cards rows={shown} /> : <Table rows={shown} />)}
            </>
          );
        }}
      </Answer>
    </>
  );
}
