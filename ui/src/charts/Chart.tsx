/** One ECharts canvas: drawn from options, resized with its box, named for screen readers. */

import { LineChart } from "echarts/charts";
import {
  GridComponent, LegendComponent, MarkAreaComponent, MarkLineComponent, TitleComponent, TooltipComponent,
} from "echarts/components";
import { init, use, type ComposeOption, type EChartsType } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import type { LineSeriesOption } from "echarts/charts";
import type { GridComponentOption, LegendComponentOption, TitleComponentOption, TooltipComponentOption } from "echarts/components";
import { useEffect, useRef } from "react";
import { useLanguage } from "../i18n";

use([
  LineChart, GridComponent, TitleComponent, TooltipComponent, LegendComponent, MarkLineComponent, MarkAreaComponent,
  CanvasRenderer,
]);

export type ChartOption = ComposeOption<
  LineSeriesOption | GridComponentOption | LegendComponentOption | TitleComponentOption | TooltipComponentOption
>;

interface Props {
  option: ChartOption;
  label: string;
}

export function Chart({ option, label }: Props) {
  const { language } = useLanguage();
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<EChartsType>(null);
  useEffect(() => {
    if (!box.current) return;
    const made = init(box.current, null, { renderer: "canvas", locale: language.toUpperCase() });
    chart.current = made;
    const watch = new ResizeObserver(() => made.resize());
    watch.observe(box.current);
    return () => {
      watch.disconnect();
      made.dispose();
      chart.current = null;
    };
  }, [language]);
  useEffect(() => {
    chart.current?.setOption(option, { notMerge: true });
  }, [option, language]);
  return <div ref={box} className="chart" role="img" aria-label={label} />;
}
