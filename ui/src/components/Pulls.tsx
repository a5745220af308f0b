import type { ContributionOut } from "../api/types";
import { useFormat } from "../format/useFormat";
import { useWords } from "../i18n";
import { Breakable } from "./Breakable";
import { Bar } from "./Machine";

/** Which features pull the anomaly score, each with its value now and its usual one. */
export function Pulls({ contributions }: { contributions: ContributionOut[] }) {
  const words = useWords();
  const format = useFormat();
  return (
    <ul className="pulls">
      {[...contributions].sort((a, b) => b.share - a.share).map((pull) => (
        <li key={pull.feature} className="pull">
          <div className="pull-head">
            <span className="strong"><Breakable name={format.feature(pull.feature)} /></span>
            <span className="strong">{format.percent(pull.share)}</span>
          </div>
          <Bar share={pull.share} tone="brand" />
          <span className="muted small">
            {words.pulls.versus(format.quantity(pull.value, pull.unit), format.quantity(pull.baseline, pull.unit))}
          </span>
        </li>
      ))}
    </ul>
  );
}
