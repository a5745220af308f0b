import { useTelemetry } from "../../api/telemetryQueries";

/** May one adopt and replay now? Not while ingest is known to be away. */
export function useRuns(): boolean {
  return useTelemetry().data?.ingest.running ?? true;
}
