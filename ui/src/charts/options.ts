/** What every chart shares: colours of the theme, axes with names, a tooltip that writes no styles into the page. */

import { useComputedColorScheme } from "@mantine/core";
import { useMemo } from "react";
import type { ChartOption } from "./Chart";

export interface Colours {
  text: string;
  muted: string;
  grid: string;
  surface: string;
  line: string;
  band: string;
  alarm: string;
  alarmSoft: string;
  alert: string;
  normal: string;
  brand: string;
}

function readColours(): Colours {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(`--fw-${name}`).trim();
  return {
    text: colour("text"), muted: colour("muted"), grid: colour("grid"), surface: colour("surface"), line: colour("line"),
    band: colour("band"), alarm: colour("alarm"), alarmSoft: colour("alarm-soft"), alert: colour("alert"),
    normal: colour("normal"), brand: colour("brand"),
  };
}

/** The colours of the page as it is now, light or dark. */
export function useColours(): Colours {
  const scheme = useComputedColorScheme("light", { getInitialValueInEffect: false });
  return useMemo(readColours, [scheme]);
}

export interface Axis {
  name: string;
  min?: number;
  max?: number;
}

const axisText = (colours: Colours) => ({ color: colours.muted, fontSize: 11.5 });

function yAxis({ min, max }: Axis, colours: Colours) {
  return {
    type: "value" as const, scale: min === undefined, ...(min !== undefined && { min }), ...(max !== undefined && { max }),
    axisLabel: axisText(colours), axisLine: { show: false }, axisTick: { show: false },
    splitLine: { lineStyle: { color: colours.grid } },
  };
}

function xAxis(name: string, colours: Colours) {
  return {
    name, nameLocation: "middle" as const, nameGap: 28, nameTextStyle: axisText(colours),
    axisLine: { lineStyle: { color: colours.grid } }, axisTick: { show: false }, splitLine: { show: false },
  };
}

/** A tick of the time axis says its day, or its clock time within a day. */
const timeLabels = (day: string) => ({
  year: "{yyyy}", month: day, day, hour: "{HH}:{mm}", minute: "{HH}:{mm}", second: "{HH}:{mm}:{ss}",
});

interface Frame {
  colours: Colours;
  x: string;
  y: Axis;
  legend: string[];
  tooltip: (place: number, series: number) => string;
}

interface Hovered {
  dataIndex: number;
  seriesIndex: number;
}

function frame({ colours, y, legend, tooltip }: Frame) {
  return {
    animation: false,
    useUTC: true, // times are shifted to the site's zone beforehand
    // the name of the y axis stands above it as a title: an axis name is cut off at the edge of the canvas
    title: { text: y.name, left: 0, top: 20, textStyle: { ...axisText(colours), fontWeight: 400 as const } },
    grid: { left: 8, right: 18, top: 48, bottom: 26, outerBoundsMode: "same" as const, outerBoundsContain: "axisLabel" as const },
    legend: {
      data: legend, top: 0, right: 0, itemWidth: 18, itemHeight: 8, icon: "roundRect", textStyle: { color: colours.muted, fontSize: 12 },
    },
    tooltip: {
      trigger: "axis" as const, renderMode: "richText" as const, confine: true, backgroundColor: colours.surface,
      borderColor: colours.grid, textStyle: { color: colours.text, fontSize: 12 },
      axisPointer: { lineStyle: { color: colours.muted } },
      formatter: (hovered: unknown) => {
        const [first] = (Array.isArray(hovered) ? hovered : [hovered]) as Hovered[];
        return first ? tooltip(first.dataIndex, first.seriesIndex) : "";
      },
    },
    yAxis: yAxis(y, colours),
  };
}

/** A chart over plant time. */
export function timeChart(parts: Frame & { day: string }, series: ChartOption["series"]): ChartOption {
  return {
    ...frame(parts),
    xAxis: {
      ...xAxis(parts.x, parts.colours), type: "time",
      axisLabel: { ...axisText(parts.colours), formatter: timeLabels(parts.day), hideOverlap: true },
    },
    series,
  } as ChartOption;
}

/** A chart over a number, from 0 to `xMax`. */
export function valueChart(parts: Frame, xMax: number, series: ChartOption["series"]): ChartOption {
  return {
    ...frame(parts),
    xAxis: { ...xAxis(parts.x, parts.colours), type: "value", min: 0, max: xMax, axisLabel: { ...axisText(parts.colours), hideOverlap: true, showMaxLabel: false } },
    series,
  } as ChartOption;
}

export function line(name: string, data: [number, number | null][], colour: string) {
  return {
    type: "line" as const, name, data, showSymbol: data.length < 3, symbolSize: 5, connectNulls: false,
    lineStyle: { width: 1.6, color: colour }, itemStyle: { color: colour },
  };
}
