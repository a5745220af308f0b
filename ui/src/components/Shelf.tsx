/** What of a machine is silenced, until when and why; and the way to silence it, or to let it speak again. */

import { Button, NativeSelect, Textarea } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ApiError } from "../api/client";
import { shelf, shelfKey, useShelf } from "../api/shelf";
import type { ShelfOut, ShelvedOut } from "../api/roundTypes";
import { useFormat } from "../format/useFormat";
import { useWords } from "../i18n";
import { Dialog } from "./Dialog";
import { Notice } from "./Notice";

const HOURS = ["8", "24", "72", "168", "720"];
const WHOLE = "";

function useShelving(asset: string, onDone: () => void) {
  const cache = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState("");
  const take = async (step: () => Promise<ShelfOut>) => {
    setBusy(true);
    setTrouble("");
    try {
      cache.setQueryData(shelfKey(asset), await step());
      onDone();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setTrouble(error.message);
    } finally {
      setBusy(false);
    }
  };
  return { take, busy, trouble };
}

function Standing({ asset, row }: { asset: string; row: ShelvedOut }) {
  const { shelf: words } = useWords();
  const format = useFormat();
  const { take, busy, trouble } = useShelving(asset, () => undefined);
  return (
    <Notice tone="alert" title={words.standing(row.limit ?? words.whole, format.dateTime(row.until))}>
      {words.because(row.reason, row.by)}
      {trouble && <div role="alert">{trouble}</div>}
      <div className="actions"><Button size="xs" variant="default" loading={busy} onClick={() => void take(() => shelf.end(asset, row.limit))}>{words.end}</Button></div>
    </Notice>
  );
}

function Form({ of, onDone }: { of: ShelfOut; onDone: () => void }) {
  const { shelf: words, common } = useWords();
  const format = useFormat();
  const [limit, setLimit] = useState(WHOLE);
  const [hours, setHours] = useState("24");
  const [reason, setReason] = useState("");
  const { take, busy, trouble } = useShelving(of.asset, onDone);
  const wanted = { limit: limit === WHOLE ? null : limit, hours: Number(hours), reason: reason.trim() };
  return (
    <form className="stack" onSubmit={(event) => { event.preventDefault(); void take(() => shelf.put(of.asset, wanted)); }}>
      <p>{words.lead}</p>
      {trouble && <Notice tone="alarm" title={words.failed}>{trouble}</Notice>}
      <NativeSelect label={words.what} value={limit} onChange={(e) => setLimit(e.currentTarget.value)}
        data={[{ value: WHOLE, label: words.whole }, ...of.limits.map((name) => ({ value: name, label: name }))]} />
      <NativeSelect label={words.howLong} value={hours} onChange={(e) => setHours(e.currentTarget.value)}
        data={HOURS.map((value) => ({ value, label: format.life(Number(value)) }))} />
      <Textarea label={words.reason} required value={reason} onChange={(e) => setReason(e.currentTarget.value)} />
      <div className="actions">
        <Button type="submit" loading={busy} disabled={wanted.reason === ""}>{words.put}</Button>
        <Button variant="default" onClick={onDone}>{common.cancel}</Button>
      </div>
    </form>
  );
}

export function Shelf({ asset }: { asset: string }) {
  const { shelf: words } = useWords();
  const [open, setOpen] = useState(false);
  const { data } = useShelf(asset);
  if (!data) return null;
  return (
    <>
      {data.standing.map((row) => <Standing key={row.limit ?? WHOLE} asset={asset} row={row} />)}
      <div className="actions"><Button size="xs" variant="default" onClick={() => setOpen(true)}>{words.open}</Button></div>
      <Dialog title={words.title} opened={open} onClose={() => setOpen(false)}><Form of={data} onDone={() => setOpen(false)} /></Dialog>
    </>
  );
}
