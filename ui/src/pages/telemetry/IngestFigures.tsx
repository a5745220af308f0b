/** How the ingest process stands, and what its front door saw. */

import type { IngestStatus } from "../../api/telemetryTypes";
import { Card, Facts, type Fact } from "../../components/Card";
import { useFormat } from "../../format/useFormat";
import { useWords } from "../../i18n";
import { useReason } from "./useReason";

function useDoor(ingest: IngestStatus): Fact[] {
  const { overview } = useWords().telemetry;
  const format = useFormat();
  const reason = useReason();
  const refused = Object.entries(ingest.refused).filter(([, times]) => times);
  return [
    { name: overview.connections, value: format.number(ingest.connections) },
    { name: overview.messages, value: format.number(ingest.messages) },
    { name: overview.refused, value: refused.length === 0 ? overview.nobody
      : refused.map(([name, times]) => <div key={name}>{overview.times(format.number(times ?? 0))} <span className="sub">{reason(name)}</span></div>) },
    { name: overview.takeOvers, value: format.number(ingest.take_overs), help: overview.takeOversHelp },
    { name: overview.paced, value: format.number(ingest.paced), help: overview.pacedHelp },
    ...ingest.brokers.map((broker) => ({
      name: overview.broker(broker.name), value: overview.brokerFigures(format.number(broker.messages), format.number(broker.connections)),
    })),
  ];
}

export function IngestFigures({ ingest }: { ingest: IngestStatus }) {
  const { overview } = useWords().telemetry;
  const format = useFormat();
  const door = useDoor(ingest);
  if (!ingest.running) return null; // the banner has said it
  const process: Fact[] = [
    { name: overview.ingest, value: overview.running },
    { name: overview.lag, value: ingest.lag_bytes === 0 ? overview.noLag : format.bytes(ingest.lag_bytes) },
    { name: overview.journal, value: format.bytes(ingest.journal_bytes) },
    { name: overview.fsync, value: overview.milliseconds(format.number(ingest.fsync_p99_ms)) },
    { name: overview.acknowledge, value: overview.milliseconds(format.number(ingest.acknowledge_p99_ms)) },
  ];
  return (
    <>
      <Card title={overview.ingest}><Facts facts={process} /></Card>
      <Card title={overview.door}><Facts facts={door} /></Card>
    </>
  );
}
