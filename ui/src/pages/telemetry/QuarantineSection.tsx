/** Messages that were refused, each with its reason; they can be read again once the cause is mended. */

import { Button, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useState } from "react";
import { Link } from "wouter";
import { useQuarantine, useReasons } from "../../api/telemetryQueries";
import type { QuarantineRow, ReasonRow, ReplayOut } from "../../api/telemetryTypes";
import { Card } from "../../components/Card";
import { Dialog } from "../../components/Dialog";
import { Answer, Empty } from "../../components/Feedback";
import { Listing, type Column } from "../../components/Listing";
import { Notice, Notices } from "../../components/Notice";
import { When } from "../../components/When";
import { useFormat } from "../../format/useFormat";
import { useWords } from "../../i18n";
import { ReplayQuestion, type Asked } from "./ReplayQuestion";
import { useReason } from "./useReason";
import { useRuns } from "./useRuns";

function Preview({ row }: { row: QuarantineRow }) {
  const { quarantine } = useWords().telemetry;
  const format = useFormat();
  if (row.payload_bytes === 0) return <span className="muted">–</span>;
  return (
    <details className="payload">
      <summary><code className="preview short">{row.payload_preview}</code></summary>
      <pre className="json">{row.payload_preview}</pre>
      <span className="sub muted small">{quarantine.bytes(format.number(row.payload_bytes))}</span>
    </details>
  );
}

function Again({ row, onAsk }: { row: QuarantineRow; onAsk: (asked: Asked) => void }) {
  const { quarantine } = useWords().telemetry;
  const runs = useRuns();
  if (!row.can_replay) return <span className="muted small" title={quarantine.cannotHelp}>{quarantine.cannot}</span>;
  return (
    <Button size="xs" variant="default" disabled={!runs} aria-label={`${quarantine.again}: ${row.topic}`} onClick={() => onAsk({ row })}>
      {quarantine.again}
    </Button>
  );
}

function useColumns(onAsk: (asked: Asked) => void): Column<QuarantineRow>[] {
  const { quarantine, sections } = useWords().telemetry;
  const reason = useReason();
  return [
    { name: quarantine.topic, cell: (row) => (
      <>
        <code className="topic strong">{row.topic || "–"}</code>
        <div className="sub muted small">{row.source}</div>
      </>
    ) },
    { name: quarantine.reason, wide: true, cell: (row) => (
      <>
        <span className="chip" data-tone="alert" title={row.reason}>{reason(row.reason)}</span>
        <div className="sub small topic">{row.detail}</div>
        {row.reason === "unknown_topic" && <Link href="/telemetry/adopt" className="small">{sections.adopt}</Link>}
      </>
    ) },
    { name: quarantine.preview, wide: true, cell: (row) => <Preview row={row} /> },
    { name: quarantine.received, cell: (row) => <When time={row.received_at} /> },
    { name: quarantine.again, bare: true, cell: (row) => <Again row={row} onAsk={onAsk} /> },
  ];
}

/** Each reason with its count, as a filter. */
function Reasons({ rows, chosen, onChoose }: { rows: ReasonRow[]; chosen: string; onChoose: (reason: string) => void }) {
  const { quarantine } = useWords().telemetry;
  const format = useFormat();
  const reason = useReason();
  const chip = (value: string, text: string) => (
    <button key={value} type="button" className="chip choice" aria-pressed={chosen === value} onClick={() => onChoose(value)}>{text}</button>
  );
  return (
    <div className="row" role="group" aria-label={quarantine.byReason}>
      {chip("", quarantine.all(format.number(rows.reduce((sum, row) => sum + row.rows, 0))))}
      {rows.filter((row) => row.rows > 0).map((row) => chip(row.reason, `${reason(row.reason)} ${format.number(row.rows)}`))}
    </div>
  );
}

function Result({ told, onClose }: { told: ReplayOut; onClose: () => void }) {
  const { adopt, quarantine } = useWords().telemetry;
  const format = useFormat();
  const { asked, payload_cut: cut, missing } = told;
  return (
    <Notice tone="normal" title={asked > 0 ? quarantine.asked(asked, format.number(asked)) : quarantine.none}>
      {cut.length > 0 && <p>{quarantine.cut(cut.length, format.number(cut.length))}</p>}
      {missing.length > 0 && <p>{quarantine.gone(missing.length, format.number(missing.length))}</p>}
      <Button size="xs" variant="subtle" onClick={onClose}>{adopt.dismiss}</Button>
    </Notice>
  );
}

interface RefusedProps {
  reasons: ReasonRow[];
  onAsk: (asked: Asked) => void;
}

function Refused({ reasons, onAsk }: RefusedProps) {
  const { quarantine } = useWords().telemetry;
  const format = useFormat();
  const runs = useRuns();
  const [reason, setReason] = useState("");
  const [text, setText] = useState("");
  const [search] = useDebouncedValue(text.trim(), 300);
  const query = useQuarantine({ reason, search });
  const columns = useColumns(onAsk);
  const chosen = reasons.find((row) => row.reason === reason);
  const lost = reasons.reduce((sum, row) => sum + row.summarised, 0);
  const rows = query.data?.pages.flat() ?? [];
  return (
    <>
      <Reasons rows={reasons} chosen={reason} onChoose={setReason} />
      <div className="filters inside" role="search">
        <TextInput className="grow" type="search" aria-label={quarantine.search} placeholder={quarantine.search} maxLength={200}
          value={text} onChange={(event) => setText(event.currentTarget.value)} />
        {chosen && chosen.rows > 0 && (
          <Button variant="default" disabled={!runs} onClick={() => onAsk({ reason })}>{quarantine.againAll(format.number(chosen.rows))}</Button>
        )}
      </div>
      <Answer query={query}>
        {() => rows.length === 0 ? <Empty title={quarantine.noMatch} inline />
          : <Listing label={quarantine.label} rows={rows} columns={columns} keyOf={(row) => row.row} />}
      </Answer>
      {query.hasNextPage && (
        <Button className="older" variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>{quarantine.older}</Button>
      )}
      {lost > 0 && <p className="muted small">{quarantine.summarised(lost, format.number(lost))}</p>}
    </>
  );
}

export function QuarantineSection() {
  const { quarantine, sections } = useWords().telemetry;
  const [asked, setAsked] = useState<Asked | null>(null);
  const [told, setTold] = useState<ReplayOut | null>(null);
  const query = useReasons();
  const finish = (result: ReplayOut) => {
    setAsked(null);
    setTold(result);
  };
  return (
    <>
      <Notices>{told && <Result told={told} onClose={() => setTold(null)} />}</Notices>
      <Card title={sections.quarantine} hint={quarantine.hint}>
        <Answer query={query}>
          {(reasons) => reasons.length === 0 ? <Empty title={quarantine.empty} hint={quarantine.emptyHint} inline />
            : <Refused reasons={reasons} onAsk={setAsked} />}
        </Answer>
      </Card>
      <Dialog title={quarantine.title} opened={asked !== null} onClose={() => setAsked(null)}>
        {asked && <ReplayQuestion asked={asked} reasons={query.data ?? []} onDone={finish} onClose={() => setAsked(null)} />}
      </Dialog>
    </>
  );
}
