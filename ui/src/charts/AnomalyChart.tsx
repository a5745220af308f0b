/** The anomaly score over time, with the limit at 0.5. */

import { useMemo } from "react";
import type { HistoryPoint } from "../api/types";
import { useSiteFormat, type SiteFormat } from "../format/useFormat";
import { useWords } from "../i18n";
import type { Words } from "../i18n/en";
import { ChartCard, type NumberTable } from "./ChartCard";
import { line, timeChart, useColours, type Colours } from "./options";

const LIMIT = 0.5;

function makeOption(history: HistoryPoint[], format: SiteFormat, words: Words, colours: Colours) {
  if (!history.some((point) => point.anomaly !== null)) return null;
  const points = history.map((p): [number, number | null] => [format.chartMs(p.at_ms), p.anomaly]);
  const tooltip = (i: number) => {
    const point = history[i];
    if (!point) return "";
    const score = point.anomaly === null ? words.common.none : format.number(point.anomaly);
    return `${format.dateTime(point.at_ms)}\n${words.anomaly.series}: ${score}\n${words.states[point.state]}`;
  };
  return timeChart(
    {
      colours, day: words.chartDay, x: words.trend.siteTime(format.zone), y: { name: words.anomaly.axis, min: 0, max: 1 },
      legend: [words.anomaly.series], tooltip,
    },
    [{
      ...line(words.anomaly.series, points, colours.line),
      markLine: {
        silent: true, symbol: "none", data: [{ yAxis: LIMIT }], lineStyle: { color: colours.alarm, type: "dashed" },
        label: { formatter: `${words.anomaly.limit} ${LIMIT}`, position: "insideStartTop", color: colours.alarm },
      },
      markArea: { silent: true, data: [[{ yAxis: LIMIT }, { yAxis: 1 }]], itemStyle: { color: colours.alarmSoft, opacity: 0.55 } },
    }],
  );
}

function makeTable(history: HistoryPoint[], format: SiteFormat, words: Words): NumberTable {
  const rows = history.map((p) => [
    format.dateTime(p.at_ms), p.anomaly === null ? "–" : format.number(p.anomaly),
    p.health === null ? "–" : format.number(Math.round(p.health)), words.states[p.state],
  ]);
  const columns = [words.common.time, words.anomaly.series, `${words.fleet.health} (0–100)`, words.fleet.state];
  return { columns, rows: rows.reverse() };
}

export function AnomalyChart({ history }: { history: HistoryPoint[] }) {
  const words = useWords();
  const format = useSiteFormat();
  const colours = useColours();
  const option = useMemo(() => makeOption(history, format, words, colours), [history, format, words, colours]);
  const newest = history.findLast((point) => point.anomaly !== null)?.anomaly;
  return (
    <ChartCard
      title={words.anomaly.title} hint={words.anomaly.hint} option={option} empty={words.anomaly.empty}
      label={words.anomaly.about(typeof newest === "number" ? format.number(newest) : words.common.unknown)}
      table={() => makeTable(history, format, words)}
    />
  );
}
