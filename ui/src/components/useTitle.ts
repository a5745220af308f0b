import { useDocumentTitle } from "@mantine/hooks";

/** Names the tab after what it shows. */
export function useTitle(what: string): void {
  useDocumentTitle(`${what} · Forewarn`);
}
