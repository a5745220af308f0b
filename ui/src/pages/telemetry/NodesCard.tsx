/** Sparkplug edge nodes and their devices, where there are any: who is alive, and whose births are missing. */

import { useNodes } from "../../api/telemetryQueries";
import type { NodeRow } from "../../api/telemetryTypes";
import { Card } from "../../components/Card";
import { Listing, type Column } from "../../components/Listing";
import { When } from "../../components/When";
import { useFormat } from "../../format/useFormat";
import { useWords } from "../../i18n";
import { nodesFirst } from "./rules";

const TONES: Record<NodeRow["state"], string> = { online: "normal", stale: "alert", offline: "alarm" };

function useColumns(): Column<NodeRow>[] {
  const { nodes } = useWords().telemetry;
  const format = useFormat();
  return [
    { name: nodes.node, cell: (row) => (
      <>
        <code className="topic strong">{[row.group, row.node, row.device].filter(Boolean).join("/")}</code>
        <div className="sub muted small">{row.device ? nodes.ofDevice : nodes.ofNode}</div>
      </>
    ) },
    { name: nodes.state, wide: true, cell: (row) => (
      <>
        <span className="chip" data-tone={TONES[row.state]}>{nodes.states[row.state].name}</span>
        <div className="sub">{nodes.states[row.state].text}</div>
      </>
    ) },
    { name: nodes.since, cell: (row) => <When time={row.since} /> },
    { name: nodes.rebirths, cell: (row) => (row.device ? "–" : format.number(row.rebirths)) },
  ];
}

export function NodesCard() {
  const { nodes } = useWords().telemetry;
  const columns = useColumns();
  const { data } = useNodes();
  if (!data?.length) return null;
  return (
    <Card title={nodes.title} hint={nodes.hint}>
      <Listing label={nodes.title} rows={[...data].sort(nodesFirst)} columns={columns} keyOf={(row) => `${row.group}/${row.node}/${row.device}`} />
    </Card>
  );
}
