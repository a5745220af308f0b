import { useWords } from "../../i18n";

/** The reason of a refusal in words; one that nobody translated shows its own name. */
export function useReason(): (reason: string) => string {
  const { reasons } = useWords().telemetry;
  return (reason) => reasons[reason] ?? reason.replaceAll("_", " ");
}
