/** The ISO 14224 codes that a repair is completed with. What the order knows is filled in; the rest is chosen. */

import { NativeSelect, Textarea } from "@mantine/core";
import { useCodes } from "../api/queries";
import type { OrderDetail, StatusName } from "../api/orderTypes";
import { useWords } from "../i18n";
import type { Told } from "./OrderFinding";
import { codesAsked, codesMissing, type CodesTold, codesToSend, stepsLeft } from "./orderCodes";

interface Props {
  order: OrderDetail;
  status: StatusName;
  told: Told;
  chosen: CodesTold;
  onChoose: (chosen: CodesTold) => void;
  /** Somebody tried to send: say what is missing. */
  tried: boolean;
}

export function OrderCodes({ order, status, told, chosen, onChoose, tried }: Props) {
  const { codes: words } = useWords();
  const { data: tables } = useCodes();
  const asked = codesAsked(order, status, told);
  const value = codesToSend(order, status, told, chosen);
  const missing = tried ? codesMissing(order, status, told, chosen) : [];
  if (asked.length === 0) return null;
  return (
    <div className="stack">
      <span className="muted small">{words.lead}</span>
      {asked.map((key) => (
        <NativeSelect key={key} label={words.tables[key]} value={value[key] ?? ""} error={missing.includes(key) && words.choose}
          onChange={(e) => onChoose({ ...chosen, [key]: e.currentTarget.value })}
          data={[
            { value: "", label: words.none },
            ...Object.entries(tables?.[key] ?? {}).map(([code, english]) => ({ value: code, label: `${code} ${words.names[key][code] ?? english}` })),
          ]} />
      ))}
    </div>
  );
}

/** Open steps of the job plan: completing the order says why they were not done. */
export function StepsLeft({ order, status, why, onWhy, tried }: Pick<Props, "order" | "status" | "tried"> & { why: string; onWhy: (why: string) => void }) {
  const { codes: words } = useWords();
  const left = stepsLeft(order, status);
  if (left.length === 0) return null;
  return (
    <Textarea label={words.stepsLeft(left.length)} description={left.map(([, text]) => text).join("; ")} value={why} rows={2} maxLength={4000}
      error={tried && !why.trim() && words.sayWhy} onChange={(e) => onWhy(e.currentTarget.value)} />
  );
}
