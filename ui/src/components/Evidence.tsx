/** What speaks for and against a fault, in sentences with their numbers. */

import type { EvidenceOut } from "../api/types";
import { withUnits } from "../format/units";
import { useFormat } from "../format/useFormat";
import { useWords } from "../i18n";

function Observation({ evidence, speaksFor }: { evidence: EvidenceOut; speaksFor: boolean }) {
  const words = useWords();
  const format = useFormat();
  const hasNumbers = /\d/.test(evidence.text); // a sentence that brings its numbers needs them no second time
  return (
    <li>
      <span className="sign" data-for={speaksFor} aria-hidden="true">{speaksFor ? "+" : "−"}</span>
      <span>
        {withUnits(evidence.text)}
        {!hasNumbers && (
          <span className="muted small"> {format.feature(evidence.feature)} {format.quantity(evidence.value, evidence.unit)},{" "}
            {words.diagnosis.baseline(format.quantity(evidence.baseline, evidence.unit))}</span>
        )}
      </span>
    </li>
  );
}

function Side({ title, list, speaksFor }: { title: string; list: EvidenceOut[]; speaksFor: boolean }) {
  if (list.length === 0) return null;
  return (
    <div className="tight">
      <h3 className="small muted">{title}</h3>
      <ul className="evidence">{list.map((e, i) => <Observation key={`${e.feature}${i}`} evidence={e} speaksFor={speaksFor} />)}</ul>
    </div>
  );
}

interface Props {
  evidenceFor: EvidenceOut[];
  evidenceAgainst: EvidenceOut[];
  nextCheck: string;
}

export function Evidence({ evidenceFor, evidenceAgainst, nextCheck }: Props) {
  const words = useWords();
  return (
    <>
      <Side title={words.diagnosis.for} list={evidenceFor} speaksFor />
      <Side title={words.diagnosis.against} list={evidenceAgainst} speaksFor={false} />
      {nextCheck && <div className="next-check"><b>{words.diagnosis.next}:</b> {nextCheck}</div>}
    </>
  );
}
