/** What was found, against what the order had advised. Nothing is chosen beforehand: a habit would teach nothing. */

import { NativeSelect, Radio } from "@mantine/core";
import type { ActionIn, FindingName, OrderDetail, StatusName } from "../api/orderTypes";
import { useFormat } from "../format/useFormat";
import { useWords } from "../i18n";
import { weighedFaults } from "./frozenEvidence";

const FINDINGS: FindingName[] = ["confirmed", "partly", "not_found"];

export type Told = Pick<ActionIn, "finding" | "fault_found">;
export const NOT_TOLD: Told = {};

/** Only a condition order has advised something that can be found or not. */
export const asksForFinding = (order: OrderDetail, status: StatusName) => order.kind === "condition" && status === "COMP";

/** A named fault goes with a finding that leaves room for it. */
export function withFinding(told: Told, finding: FindingName): Told {
  return finding === "confirmed" || !told.fault_found ? { finding } : { finding, fault_found: told.fault_found };
}

export function OrderFinding({ order, told, onTell }: { order: OrderDetail; told: Told; onTell: (told: Told) => void }) {
  const words = useWords();
  const format = useFormat();
  const others = weighedFaults(order.causes).filter((fault) => !order.faults.includes(fault));
  const [advised = ""] = order.faults;
  return (
    <div className="stack">
      <Radio.Group label={words.order.finding(format.fault(advised))} description={words.order.findingHelp} value={told.finding ?? null}
        onChange={(finding) => onTell(withFinding(told, finding as FindingName))}>
        <div className="stack findings">
          {FINDINGS.map((finding) => <Radio key={finding} value={finding} label={words.order.findings[finding]} />)}
        </div>
      </Radio.Group>
      {told.finding && told.finding !== "confirmed" && others.length > 0 && (
        <NativeSelect label={words.order.faultFound} value={told.fault_found ?? ""}
          onChange={(e) => onTell({ finding: told.finding ?? null, ...(e.currentTarget.value && { fault_found: e.currentTarget.value }) })}
          data={[{ value: "", label: words.order.faultUntold }, ...others.map((fault) => ({ value: fault, label: format.fault(fault) }))]} />
      )}
    </div>
  );
}
