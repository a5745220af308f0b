/** Numbers that arrive and that the plant file does not name: each can become a signal of a machine. */

import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import { ApiError } from "../../api/client";
import { useAssets } from "../../api/queries";
import { telemetry } from "../../api/telemetry";
import { TELEMETRY, usePlaces } from "../../api/telemetryQueries";
import type { AdoptedOut, PlaceRow } from "../../api/telemetryTypes";
import { Card } from "../../components/Card";
import { Dialog } from "../../components/Dialog";
import { Answer, Empty } from "../../components/Feedback";
import { Listing, type Column } from "../../components/Listing";
import { Notice, Notices } from "../../components/Notice";
import { useFormat } from "../../format/useFormat";
import { useWords } from "../../i18n";
import { AdoptForm } from "./AdoptForm";
import { useRuns } from "./useRuns";

function Guess({ row: { guess } }: { row: PlaceRow }) {
  const words = useWords();
  const format = useFormat();
  const { adopt } = words.telemetry;
  if (guess.quantity === null) return <span className="muted">{adopt.noGuess}</span>;
  return (
    <span title={adopt.because(guess.why)}>
      <span className="strong">{words.quantities[guess.quantity] ?? guess.quantity}</span>
      <div className="sub">{[guess.unit && format.unit(guess.unit), guess.asset].filter(Boolean).join(" · ")}</div>
    </span>
  );
}

function useColumns(onAdopt: (place: PlaceRow) => void): Column<PlaceRow>[] {
  const { adopt } = useWords().telemetry;
  const format = useFormat();
  const runs = useRuns();
  return [
    { name: adopt.place, wide: true, cell: (row) => (
      <>
        <code className="topic strong">{row.topic}</code>
        <div className="sub muted small">{row.field ? adopt.field(row.field) : adopt.wholePayload} · {adopt.from(row.source)}</div>
      </>
    ) },
    { name: adopt.newest, cell: (row) => (
      <>
        <span className="strong">{format.number(row.value)}</span>
        <div className="sub"><code className="preview short" title={row.sample}>{row.sample}</code></div>
      </>
    ) },
    { name: adopt.range, cell: (row) => `${format.number(row.low)} – ${format.number(row.high)}` },
    { name: adopt.seen, cell: (row) => <>{adopt.times(row.count, format.number(row.count))}<div className="sub">{format.since(row.last_at)}</div></> },
    { name: adopt.guess, cell: (row) => <Guess row={row} /> },
    { name: adopt.adopt, bare: true, cell: (row) => (
      <Button size="xs" variant="light" disabled={!runs} aria-label={`${adopt.adopt}: ${row.topic} ${row.field}`} onClick={() => onAdopt(row)}>{adopt.adopt}</Button>
    ) },
  ];
}

/** What was adopted just now, and the way back. */
function Adopted({ done, onClose }: { done: AdoptedOut; onClose: () => void }) {
  const { adopt } = useWords().telemetry;
  const format = useFormat();
  const cache = useQueryClient();
  const { data: assets } = useAssets();
  const [told, setTold] = useState<string | null>(null);
  const [undone, setUndone] = useState(false);
  const name = assets?.find((asset) => asset.id === done.asset)?.name ?? done.asset;
  const undo = async () => {
    try {
      await telemetry.giveUp(done);
      setUndone(true);
      setTold(null);
      await cache.invalidateQueries({ queryKey: TELEMETRY });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setTold(error.message);
    }
  };
  return (
    <Notice tone="normal" title={undone ? adopt.undone(done.signal) : adopt.done(done.signal, name)}>
      {!undone && adopt.replayed(done.replayed, format.number(done.replayed))}
      {told && <p className="late" role="alert">{adopt.failed}: {told}</p>}
      <div className="row">
        {!undone && <Link href={`/assets/${done.asset}`}>{adopt.show}</Link>}
        {!undone && <Button size="xs" variant="default" onClick={() => void undo()}>{adopt.undo}</Button>}
        <Button size="xs" variant="subtle" onClick={onClose}>{adopt.dismiss}</Button>
      </div>
    </Notice>
  );
}

export function AdoptSection() {
  const { adopt, sections } = useWords().telemetry;
  const cache = useQueryClient();
  const [place, setPlace] = useState<PlaceRow | null>(null);
  const [done, setDone] = useState<AdoptedOut | null>(null);
  const columns = useColumns(setPlace);
  const query = usePlaces();
  const finish = (adopted: AdoptedOut) => {
    setPlace(null);
    setDone(adopted);
    void cache.invalidateQueries({ queryKey: TELEMETRY });
  };
  return (
    <>
      <Notices>{done && <Adopted key={`${done.asset}|${done.signal}`} done={done} onClose={() => setDone(null)} />}</Notices>
      <Card title={sections.adopt} hint={adopt.hint}>
        <Answer query={query}>
          {(rows) => rows.length === 0 ? <Empty title={adopt.empty} hint={adopt.emptyHint} inline />
            : <Listing label={adopt.label} rows={rows} columns={columns} keyOf={(row) => `${row.topic}|${row.field}`} />}
        </Answer>
      </Card>
      <Dialog title={adopt.title} opened={place !== null} onClose={() => setPlace(null)}>
        {place && <AdoptForm place={place} onDone={finish} onClose={() => setPlace(null)} />}
      </Dialog>
    </>
  );
}
