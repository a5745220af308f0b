import { Tooltip } from "@mantine/core";
import type { ReactNode } from "react";
import { useWords } from "../i18n";

/** A term of the trade with its meaning, for the mouse, the keyboard and the finger. */
export function Explained({ help, children }: { help: string; children: ReactNode }) {
  return (
    <Tooltip label={help} multiline w={260} events={{ hover: true, focus: true, touch: true }}>
      <span className="explained" tabIndex={0}>{children}<span className="visually-hidden"> ({help})</span></span>
    </Tooltip>
  );
}

/** A failure mode by its code and its word, and where such codes come from. */
export function FailureMode({ code }: { code: string }) {
  const words = useWords();
  const meaning = words.failureModes[code];
  return <Explained help={words.common.failureModeHelp}>{meaning ? `${code} · ${meaning}` : code}</Explained>;
}
