/** A figure with what it rests on: the interval, and how many cases were counted. */

import type { EstimateOut } from "../../api/modelTypes";
import { useFormat } from "../../format/useFormat";
import { useWords } from "../../i18n";
import { isKnown } from "./rules";

type As = "share" | "days" | "rate" | "number";

function useText(as: As): (value: number) => string {
  const format = useFormat();
  const { models } = useWords();
  if (as === "share") return format.percent;
  if (as === "days") return (value) => `${format.number(Math.round(value * 10) / 10)} ${models.units.days}`;
  return (value) => format.number(Math.round(value * 100) / 100);
}

export function Figure({ of, as, plain = false }: { of: EstimateOut; as: As; plain?: boolean }) {
  const { models } = useWords();
  const format = useFormat();
  const text = useText(as);
  if (!isKnown(of)) return <span className="muted">{models.nothingCounted}</span>;
  const counted = as === "share" ? models.ofCases(format.number(of.count), format.number(of.total))
    : as === "rate" ? models.inYears(format.number(of.count), format.number(Math.round(of.total * 10) / 10)) : models.cases(format.number(of.count));
  return (
    <>
      <span className="strong">{text(of.value)}</span>
      {!plain && (
        <div className="sub muted small">
          {counted}
          {of.low !== null && of.high !== null && <>, <span title={models.interval}>{models.between(text(of.low), text(of.high))}</span></>}
        </div>
      )}
    </>
  );
}
