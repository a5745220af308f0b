import { useMediaQuery } from "@mantine/hooks";

/** Cards in place of tables. Known before the first drawing, so that nothing jumps. */
export function useIsPhone(): boolean {
  return useMediaQuery("(max-width: 760px)", false, { getInitialValueInEffect: false });
}
