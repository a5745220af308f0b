/** The remaining life as it was forecast over time: a band from P10 to P90 and the line of P50. */

import { useMemo } from "react";
import type { HistoryPoint } from "../api/types";
import { useSiteFormat, type SiteFormat } from "../format/useFormat";
import { useWords } from "../i18n";
import type { Words } from "../i18n/en";
import { ChartCard, type NumberTable } from "./ChartCard";
import { line, timeChart, useColours, type Colours } from "./options";

const DAYS_FROM_H = 72; // below three days people count in hours

interface Forecast {
  at_ms: number;
  p10: number;
  p50: number;
  p90: number;
}

function forecastOf(point: HistoryPoint): Forecast | null {
  const { rul_p10_h: p10, rul_p50_h: p50, rul_p90_h: p90 } = point;
  return p10 === null || p50 === null || p90 === null ? null : { at_ms: point.at_ms, p10, p50, p90 };
}

/** The band is drawn as the unseen line of P10 with P90 - P10 stacked on it. */
function bandSeries(base: [number, number | null][], width: [number, number | null][], name: string, colours: Colours) {
  const unseen = { ...line("base", base, "transparent"), stack: "band", lineStyle: { opacity: 0 }, silent: true };
  const band = {
    ...line(name, width, colours.band), stack: "band", lineStyle: { opacity: 0 }, silent: true,
    areaStyle: { color: colours.band, opacity: 0.32 },
  };
  return [unseen, band];
}

function makeOption(history: HistoryPoint[], format: SiteFormat, words: Words, colours: Colours) {
  const forecasts = history.map(forecastOf);
  const highest = Math.max(...forecasts.map((f) => f?.p90 ?? -1));
  if (highest < 0) return null;
  const [size, unit] = highest >= DAYS_FROM_H ? [24, words.duration.days] : [1, words.duration.hours];
  const column = (pick: (f: Forecast) => number) =>
    history.map((p, i): [number, number | null] => {
      const forecast = forecasts[i];
      return [format.chartMs(p.at_ms), forecast ? pick(forecast) / size : null];
    });
  const tooltip = (i: number) => {
    const [point, forecast] = [history[i], forecasts[i]];
    if (!point || !forecast) return point ? format.dateTime(point.at_ms) : "";
    const row = (name: string, hours: number) => `${name}  ${format.life(hours)}`;
    const rows = [row(words.rul.p90, forecast.p90), row(words.rul.p50, forecast.p50), row(words.rul.p10, forecast.p10)];
    return [format.dateTime(point.at_ms), ...rows].join("\n");
  };
  return timeChart(
    {
      colours, day: words.chartDay, x: words.trend.siteTime(format.zone), y: { name: words.rul.axis(unit), min: 0 },
      legend: [words.rul.p50, words.rul.band], tooltip,
    },
    [
      ...bandSeries(column((f) => f.p10), column((f) => f.p90 - f.p10), words.rul.band, colours),
      { ...line(words.rul.p50, column((f) => f.p50), colours.line), lineStyle: { width: 2.2, color: colours.line } },
    ],
  );
}

function makeTable(history: HistoryPoint[], format: SiteFormat, words: Words): NumberTable {
  const rows = history.map(forecastOf).filter((f) => f !== null)
    .map((f) => [format.dateTime(f.at_ms), format.life(f.p10), format.life(f.p50), format.life(f.p90)]);
  return { columns: [words.common.time, words.rul.p10, words.rul.p50, words.rul.p90], rows: rows.reverse() };
}

export function LifeChart({ history }: { history: HistoryPoint[] }) {
  const words = useWords();
  const format = useSiteFormat();
  const colours = useColours();
  const option = useMemo(() => makeOption(history, format, words, colours), [history, format, words, colours]);
  const newest = history.findLast((point) => point.rul_p50_h !== null)?.rul_p50_h;
  return (
    <ChartCard
      title={words.rul.title} hint={words.rul.hint} option={option} empty={words.rul.empty}
      label={words.rul.about(typeof newest === "number" ? format.life(newest) : words.common.unknown)}
      table={() => makeTable(history, format, words)}
    />
  );
}
