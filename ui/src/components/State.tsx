/** The state of a machine: a word, a colour and a shape, so that no one has to rely on colour alone. */

import type { State } from "../api/types";
import { useWords } from "../i18n";

export const STATES: readonly State[] = ["alarm", "alert", "offline", "warming_up", "normal"];

const SHAPES: Record<State, string> = {
  alarm: "M8 1.5 15 14H1L8 1.5Zm-.9 4.7.2 4h1.4l.2-4H7.1ZM8 11a.95.95 0 1 0 0 1.9A.95.95 0 0 0 8 11Z",
  alert: "M8 .8 15.2 8 8 15.2.8 8 8 .8Zm-.9 3.7.2 4.2h1.4l.2-4.2H7.1ZM8 9.6a1 1 0 1 0 0 2 1 1 0 0 0 0-2Z",
  offline: "M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1ZM4 7.2v1.6h8V7.2H4Z",
  warming_up: "M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1Zm-.8 3v4.4l3.2 2 .8-1.3-2.4-1.5V4H7.2Z",
  normal: "M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1Zm3 4.2L7 9.4 5 7.5l-1.1 1.1L7 11.7l5.1-5.3L11 5.2Z",
};

export function StateGlyph({ state, size = 14 }: { state: State; size?: number }) {
  return (
    <svg className="glyph" data-state={state} width={size} height={size} viewBox="0 0 16 16" aria-hidden="true">
      <path d={SHAPES[state]} fill="currentColor" fillRule="evenodd" />
    </svg>
  );
}

export function StateBadge({ state }: { state: State }) {
  const words = useWords();
  return (
    <span className="state" data-state={state} title={words.stateHelp[state]}>
      <StateGlyph state={state} />
      {words.states[state]}
    </span>
  );
}
