/** One signal, or one feature of a waveform, over time. */

import { NativeSelect } from "@mantine/core";
import { useMemo } from "react";
import { useTrend } from "../api/queries";
import type { SignalOut, Trend } from "../api/types";
import { useSiteFormat, type SiteFormat } from "../format/useFormat";
import { named } from "../format/units";
import { useWords } from "../i18n";
import type { Words } from "../i18n/en";
import { ChartCard, type NumberTable } from "./ChartCard";
import { line, timeChart, useColours, type Colours } from "./options";

/** What of a signal can be drawn over time: a scalar itself, a waveform by its features. */
export function drawable(signal: SignalOut): string[] {
  const own = signal.kind === "scalar" ? [signal.name] : [];
  return [...own, ...signal.features.map((f) => (f.includes(":") ? f : `${signal.name}:${f}`))];
}

function limits(trend: Trend, colours: Colours, words: Words) {
  const lines = [
    trend.low !== null && { yAxis: trend.low, label: { formatter: words.trend.low } },
    trend.high !== null && { yAxis: trend.high, label: { formatter: words.trend.high } },
  ].filter((one) => one !== false);
  return {
    silent: true, symbol: "none", data: lines, lineStyle: { color: colours.alert, type: "dashed" as const },
    label: { position: "insideEndTop" as const, color: colours.alert },
  };
}

function makeOption(trend: Trend, name: string, format: SiteFormat, words: Words, colours: Colours) {
  if (trend.value.length === 0) return null;
  const points = trend.at_ms.map((at, i): [number, number] => [format.chartMs(at), trend.value[i] ?? 0]);
  const tooltip = (i: number) =>
    `${format.dateTime(trend.at_ms[i] ?? 0)}\n${name}: ${format.quantity(trend.value[i] ?? 0, trend.unit)}`;
  return timeChart(
    { colours, day: words.chartDay, x: words.trend.siteTime(format.zone), y: { name: named(name, trend.unit) }, legend: [name], tooltip },
    [{ ...line(name, points, colours.line), markLine: limits(trend, colours, words) }],
  );
}

function makeTable(trend: Trend, name: string, format: SiteFormat, words: Words): NumberTable {
  const rows = trend.at_ms.map((at, i) => [format.dateTime(at), format.number(trend.value[i] ?? 0)]);
  return { columns: [words.common.time, named(name, trend.unit)], rows: rows.reverse() };
}

interface Props {
  asset: string;
  signals: SignalOut[];
  chosen: string | null;
  onChoose: (signal: string) => void;
  hours: number;
}

export function TrendChart({ asset, signals, chosen, onChoose, hours }: Props) {
  const words = useWords();
  const format = useSiteFormat();
  const colours = useColours();
  const { data: trend } = useTrend(asset, chosen, hours);
  const name = format.feature(trend?.signal ?? chosen ?? "");
  const option = useMemo(() => trend && makeOption(trend, name, format, words, colours), [trend, name, format, words, colours]);
  const newest = trend?.value.at(-1);
  const range = trend && trend.low !== null && trend.high !== null
    && words.trend.range(format.quantity(trend.low, trend.unit), format.quantity(trend.high, trend.unit));
  const groups = signals.filter((s) => drawable(s).length > 0).map((signal) => ({
    group: `${signal.name} (${words.quantities[signal.quantity] ?? signal.quantity})`,
    items: drawable(signal).map((value) => ({ value, label: format.feature(value) })),
  }));
  return (
    <ChartCard
      title={words.trend.title} hint={range} option={option ?? null}
      label={words.trend.about(name, newest === undefined ? words.common.unknown : format.quantity(newest, trend?.unit ?? ""))}
      table={() => (trend ? makeTable(trend, name, format, words) : { columns: [], rows: [] })}
      empty={groups.length ? words.trend.empty : words.trend.nothing}
      tools={groups.length > 0 && (
        <NativeSelect size="xs" aria-label={words.trend.pick} data={groups} value={chosen ?? ""}
          onChange={(event) => onChoose(event.currentTarget.value)} />
      )}
    />
  );
}
