/** Words around ISO 14224 codes. The words of the codes themselves come from the server. */

import type { CodeKey } from "../pages/orderCodes";

export const codes = {
  lead: "Codes by ISO 14224. What the order knows is filled in.",
  tables: {
    failure_mode_found: "Failure mode", failure_mechanism: "Failure mechanism", failure_cause: "Failure cause",
    detection_method: "How was it noticed?", activity: "What was done?",
  } as Record<CodeKey, string>,
  names: {
    failure_mode_found: {}, failure_mechanism: {}, failure_cause: {}, detection_method: {}, activity: {},
  } as Record<CodeKey, Record<string, string>>,
  none: "Choose", choose: "Please choose one",
  stepsLeft: (n: number) => (n === 1 ? "One step is open: why was it not done?" : `${n} steps are open: why were they not done?`),
  sayWhy: "Please say why", follows: "Grew out of", followUps: "Followed by",
  approval: (who: string) => `Approval needed: ${who}.`,
};
