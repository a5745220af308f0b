/** Asked twice before refused messages are read again: which ones, and what will happen to them. */

import { Button, Radio, Stack } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ApiError } from "../../api/client";
import { telemetry } from "../../api/telemetry";
import { TELEMETRY } from "../../api/telemetryQueries";
import type { QuarantineRow, ReasonRow, ReplayIn, ReplayOut } from "../../api/telemetryTypes";
import { Notice } from "../../components/Notice";
import { useFormat } from "../../format/useFormat";
import { useWords } from "../../i18n";
import { replayOf, type Scope } from "./rules";
import { useReason } from "./useReason";

/** From which row, or of which reason, somebody wants to go on. */
export type Asked = { row: QuarantineRow } | { reason: string };

function useReplay(onDone: (told: ReplayOut) => void) {
  const cache = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<string | null>(null);
  const send = async (wanted: Partial<ReplayIn>) => {
    setBusy(true);
    try {
      onDone(await telemetry.replay(wanted));
      void cache.invalidateQueries({ queryKey: TELEMETRY });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setTrouble(error.message);
    } finally {
      setBusy(false);
    }
  };
  return { send, busy, trouble };
}

interface ChoiceProps {
  row: QuarantineRow;
  rows: number;
  scope: Scope;
  onScope: (scope: Scope) => void;
}

function Choice({ row, rows, scope, onScope }: ChoiceProps) {
  const { quarantine, scopes } = useWords().telemetry;
  const format = useFormat();
  const reason = useReason();
  const label: Record<Scope, string> = {
    row: scopes.row("1", row.topic), reason: scopes.reason(format.number(rows), reason(row.reason)), topic: scopes.topic("", row.topic),
  };
  const offered = (["row", "reason", "topic"] as const).filter((value) => value !== "reason" || rows > 1);
  return (
    <Radio.Group label={quarantine.which} value={scope} onChange={(value) => onScope(value as Scope)}>
      <Stack gap={8} mt={6}>
        {offered.map((value) => <Radio key={value} value={value} label={<span className="topic">{label[value]}</span>} />)}
      </Stack>
    </Radio.Group>
  );
}

interface Props {
  asked: Asked;
  reasons: ReasonRow[];
  onDone: (told: ReplayOut) => void;
  onClose: () => void;
}

export function ReplayQuestion({ asked, reasons, onDone, onClose }: Props) {
  const words = useWords();
  const { adopt, quarantine, scopes } = words.telemetry;
  const format = useFormat();
  const reasonText = useReason();
  const [scope, setScope] = useState<Scope>("row");
  const { send, busy, trouble } = useReplay(onDone);
  const reason = "row" in asked ? asked.row.reason : asked.reason;
  const rows = reasons.find((row) => row.reason === reason)?.rows ?? 0;
  const wanted = "row" in asked ? replayOf(scope, asked.row) : { reason };
  return (
    <div className="stack">
      {"row" in asked ? <Choice row={asked.row} rows={rows} scope={scope} onScope={setScope} />
        : <p className="strong">{scopes.reason(format.number(rows), reasonText(reason))}</p>}
      <p>{quarantine.will}</p>
      {trouble && <Notice tone="alarm" title={adopt.failed}>{trouble}</Notice>}
      <div className="actions">
        <Button loading={busy} onClick={() => void send(wanted)}>{quarantine.again}</Button>
        <Button variant="default" onClick={onClose}>{words.common.cancel}</Button>
      </div>
    </div>
  );
}
