/** The status of a sensor by NAMUR NE 107: a word, a colour and its own shape. */

import { useWords } from "../i18n";

const TONES: Record<string, string> = {
  failure: "alarm", function_check: "alert", out_of_specification: "alert", maintenance_required: "warming_up", good: "normal",
};

/** Cross, wrench, question mark and oil can are the symbols of the recommendation, drawn simply. */
const SHAPES: Record<string, string> = {
  failure: "M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1ZM5.5 4.4 4.4 5.5 6.9 8l-2.5 2.5 1.1 1.1L8 9.1l2.5 2.5 1.1-1.1L9.1 8l2.5-2.5-1.1-1.1L8 6.9 5.5 4.4Z",
  function_check: "M8 1 15.4 14.4H.6L8 1Zm-1.6 11h3.2v-1.3H8.7V6.6H6.6v1.3h.8v2.8h-1V12ZM8 4.1a.9.9 0 1 0 0 1.8.9.9 0 0 0 0-1.8Z",
  out_of_specification: "M8 .8 15.2 8 8 15.2.8 8 8 .8Zm-.9 3.7.2 4.2h1.4l.2-4.2H7.1ZM8 9.6a1 1 0 1 0 0 2 1 1 0 0 0 0-2Z",
  maintenance_required: "M2 1.5h12a.5.5 0 0 1 .5.5v12a.5.5 0 0 1-.5.5H2a.5.5 0 0 1-.5-.5V2a.5.5 0 0 1 .5-.5ZM7.2 4v4.7l3.3 2 .8-1.3-2.5-1.5V4H7.2Z",
  good: "M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1Zm3 4.2L7 9.4 5 7.5l-1.1 1.1L7 11.7l5.1-5.3L11 5.2Z",
};

export function SensorStatus({ status }: { status: string }) {
  const { ne107, ne107Help } = useWords().telemetry.sensors;
  return (
    <span className="state" data-state={TONES[status] ?? "offline"} title={ne107Help[status]}>
      <svg className="glyph" width={14} height={14} viewBox="0 0 16 16" aria-hidden="true">
        <path d={SHAPES[status]} fill="currentColor" fillRule="evenodd" />
      </svg>
      {ne107[status] ?? status}
    </span>
  );
}
