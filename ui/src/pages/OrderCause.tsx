/** One fault on an order, with the evidence as it was frozen: in words first, every number behind a button. */

import { Button } from "@mantine/core";
import { useState } from "react";
import type { CauseOut, Json } from "../api/orderTypes";
import { Facts, type Fact } from "../components/Card";
import { Evidence } from "../components/Evidence";
import { FailureMode } from "../components/Explained";
import { Pulls } from "../components/Pulls";
import { withUnits } from "../format/units";
import { useFormat } from "../format/useFormat";
import { useWords } from "../i18n";
import { readEvidence } from "./frozenEvidence";

/** What the evidence says at its top level when it is not of the known shape. */
function looseFacts(evidence: { [key: string]: Json }): Fact[] {
  return Object.entries(evidence)
    .filter(([, value]) => value !== null && typeof value !== "object")
    .map(([key, value]) => ({ name: key.replaceAll("_", " "), value: String(value) }));
}

function useKnownFacts(cause: CauseOut): Fact[] {
  const words = useWords();
  const format = useFormat();
  const found = readEvidence(cause.evidence, cause.fault);
  const facts: (Fact | false)[] = [
    found.probability !== null && { name: words.orders.chance, value: format.percent(found.probability) },
    found.score !== null && { name: words.asset.anomaly, value: format.number(found.score), sub: words.asset.limit },
    found.health !== null && { name: `${words.asset.health} (0–100)`, value: format.number(Math.round(found.health)) },
    found.falseAlarmsPerYear !== null
      && { name: words.asset.model, value: found.model ?? words.common.unknown, sub: words.asset.falseAlarms(format.number(found.falseAlarmsPerYear)) },
    found.spanMs !== null
      && { name: words.order.dataSpan, value: `${format.shortDateTime(found.spanMs[0])} – ${format.shortDateTime(found.spanMs[1])}` },
  ];
  const known = facts.filter((fact) => fact !== false);
  return known.length > 0 ? known : looseFacts(cause.evidence);
}

function Raw({ evidence }: { evidence: CauseOut["evidence"] }) {
  const words = useWords();
  const [shown, setShown] = useState(false);
  return (
    <div>
      <Button variant="subtle" size="compact-sm" aria-expanded={shown} onClick={() => setShown(!shown)}>
        {shown ? words.order.hideRaw : words.order.raw}
      </Button>
      {shown && <pre className="json mono" tabIndex={0}>{JSON.stringify(evidence, null, 2)}</pre>}
    </div>
  );
}

export function OrderCause({ cause }: { cause: CauseOut }) {
  const words = useWords();
  const format = useFormat();
  const found = readEvidence(cause.evidence, cause.fault);
  const facts = useKnownFacts(cause);
  return (
    <article className="cause stack">
      <div>
        <h3>{format.fault(cause.fault, cause.label)} <span className="muted">{format.component(cause.fault)}</span></h3>
        <span className="muted small"><FailureMode code={cause.failure_mode} /> · {words.order.frozen(format.dateTime(cause.added_at))}</span>
      </div>
      {found.sensorProblems.map((text) => <div key={text} className="notice">{withUnits(text)}</div>)}
      <Evidence evidenceFor={found.evidenceFor} evidenceAgainst={found.evidenceAgainst} nextCheck={found.nextCheck} />
      {facts.length > 0 && <Facts facts={facts} />}
      {found.contributions.length > 0 && (
        <div className="tight">
          <h3 className="small muted">{words.pulls.title}</h3>
          <Pulls contributions={found.contributions} />
        </div>
      )}
      <Raw evidence={cause.evidence} />
    </article>
  );
}
