/** Sensors that cannot be believed, by their state of NAMUR NE 107. */

import { SegmentedControl } from "@mantine/core";
import { useState } from "react";
import { Link } from "wouter";
import { useAssets } from "../../api/queries";
import { useSensorEvents } from "../../api/telemetryQueries";
import type { SensorEventRow } from "../../api/telemetryTypes";
import { Breakable } from "../../components/Breakable";
import { Card } from "../../components/Card";
import { Answer, Empty } from "../../components/Feedback";
import { Listing, type Column } from "../../components/Listing";
import { SensorStatus } from "../../components/SensorStatus";
import { When } from "../../components/When";
import { withUnits } from "../../format/units";
import { useFormat } from "../../format/useFormat";
import { useWords } from "../../i18n";
import { openFirst } from "./rules";

function useColumns(): Column<SensorEventRow>[] {
  const words = useWords();
  const { sensors } = words.telemetry;
  const format = useFormat();
  const { data: assets } = useAssets();
  const nameOf = (id: string) => assets?.find((asset) => asset.id === id)?.name ?? id;
  return [
    { name: sensors.status, cell: (row) => <SensorStatus status={row.ne107} /> },
    { name: sensors.sensor, wide: true, cell: (row) => (
      <>
        <span className="strong"><Breakable name={row.signal} /></span>
        <div className="sub"><Link href={`/assets/${row.asset}`}>{nameOf(row.asset)}</Link></div>
      </>
    ) },
    { name: sensors.problem, wide: true, cell: (row) => (
      <>
        <span className="strong">{words.problemKinds[row.kind] ?? row.kind}</span>
        <div className="sub">{withUnits(row.text)}</div>
      </>
    ) },
    { name: sensors.since, cell: (row) => <When time={row.since} /> },
    { name: sensors.until, cell: (row) => (row.until ? format.shortDateTime(row.until) : <span className="late">{sensors.still}</span>) },
  ];
}

export function SensorsSection() {
  const { sections, sensors } = useWords().telemetry;
  const [show, setShow] = useState("open");
  const columns = useColumns();
  const query = useSensorEvents(show === "open");
  const tools = (
    <SegmentedControl aria-label={sensors.show} value={show} onChange={setShow}
      data={[{ value: "open", label: sensors.open }, { value: "all", label: sensors.all }]} />
  );
  return (
    <Card title={sections.sensors} hint={sensors.hint} tools={tools}>
      <Answer query={query}>
        {(rows) => rows.length === 0 ? <Empty title={show === "open" ? sensors.empty : sensors.none} hint={sensors.emptyHint} inline />
          : <Listing label={sensors.label} rows={[...rows].sort(openFirst)} columns={columns} keyOf={(row) => `${row.asset}|${row.signal}|${row.kind}|${row.since}`} />}
      </Answer>
    </Card>
  );
}
