/** The newest spectrum of a waveform, with the frequencies where a fault would show. */

import { NativeSelect, SegmentedControl } from "@mantine/core";
import { useMemo, useState } from "react";
import { useSpectrum } from "../api/queries";
import type { Spectrum, SpectrumKind, Tone } from "../api/types";
import { useSiteFormat, type SiteFormat } from "../format/useFormat";
import { named } from "../format/units";
import { useWords } from "../i18n";
import type { Words } from "../i18n/en";
import { ChartCard, type NumberTable } from "./ChartCard";
import { line, useColours, valueChart, type Colours } from "./options";

const ROOM_BESIDE_TONES = 1.6;

function tonesMark(tones: Tone[], colours: Colours) {
  // neighbours stand at different heights, or their names would cover one another
  const data = [...tones].sort((a, b) => a.hz - b.hz).map((tone, i) => ({
    xAxis: tone.hz,
    label: { formatter: tone.name, distance: [0, -14 - 13 * (i % 3)] as [number, number] },
  }));
  return {
    silent: true, symbol: "none", data, lineStyle: { color: colours.alert, type: "dashed" as const, width: 1 },
    label: { position: "end" as const, color: colours.alert, fontSize: 11, fontWeight: 600, backgroundColor: colours.surface, padding: [0, 3] },
  };
}

/** The stretch that matters: around the tones, unless the reader wants everything. */
function visibleHz(spectrum: Spectrum, whole: boolean): number {
  const end = spectrum.frequency_hz.at(-1) ?? 0;
  const highest = Math.max(0, ...spectrum.tones.map((tone) => tone.hz));
  return whole || highest === 0 ? end : Math.min(end, highest * ROOM_BESIDE_TONES);
}

function makeOption(spectrum: Spectrum, whole: boolean, format: SiteFormat, words: Words, colours: Colours) {
  const end = visibleHz(spectrum, whole);
  const points = spectrum.frequency_hz.map((hz, i): [number, number] => [hz, spectrum.amplitude[i] ?? 0]).filter(([hz]) => hz <= end);
  if (points.length === 0) return null;
  const name = words.spectrum[spectrum.kind];
  const tooltip = (i: number) => {
    const [hz, amplitude] = points[i] ?? [0, 0];
    return `${format.quantity(hz, "Hz")}\n${name}: ${format.quantity(amplitude, spectrum.unit)}`;
  };
  return valueChart(
    { colours, x: words.spectrum.frequency, y: { name: named(name, spectrum.unit), min: 0 }, legend: [name], tooltip },
    end,
    [{ ...line(name, points, colours.line), lineStyle: { width: 1.2, color: colours.line }, markLine: tonesMark(spectrum.tones, colours) }],
  );
}

function nearest(spectrum: Spectrum, hz: number): number {
  const distance = (i: number) => Math.abs((spectrum.frequency_hz[i] ?? Infinity) - hz);
  const best = spectrum.frequency_hz.reduce((found, _, i) => (distance(i) < distance(found) ? i : found), 0);
  return spectrum.amplitude[best] ?? 0;
}

/** The tones first, then the highest lines of the spectrum. */
function makeTable(spectrum: Spectrum, format: SiteFormat, words: Words): NumberTable {
  const tones = spectrum.tones.map((t) => [t.name, format.number(t.hz), format.number(nearest(spectrum, t.hz))]);
  const lines = spectrum.frequency_hz.map((hz, i) => ({ hz, amplitude: spectrum.amplitude[i] ?? 0 }))
    .sort((a, b) => b.amplitude - a.amplitude).map(({ hz, amplitude }) => ["", format.number(hz), format.number(amplitude)]);
  return {
    columns: [words.spectrum.tones, words.spectrum.hz, named(words.spectrum[spectrum.kind], spectrum.unit)],
    rows: [...tones, ...lines],
  };
}

function Tools({ names, name, kind, whole, onName, onKind, onWhole }: {
  names: string[];
  name: string;
  kind: SpectrumKind;
  whole: boolean;
  onName: (name: string) => void;
  onKind: (kind: SpectrumKind) => void;
  onWhole: (whole: boolean) => void;
}) {
  const words = useWords();
  return (
    <>
      {names.length > 1 && (
        <NativeSelect size="xs" aria-label={words.spectrum.signal} data={names} value={name} onChange={(e) => onName(e.currentTarget.value)} />
      )}
      <SegmentedControl
        size="xs" aria-label={words.spectrum.kind} value={kind} onChange={(value) => onKind(value as SpectrumKind)}
        data={[{ value: "envelope", label: words.spectrum.envelope }, { value: "amplitude", label: words.spectrum.amplitude }]}
      />
      <SegmentedControl
        size="xs" aria-label={words.spectrum.range} value={whole ? "full" : "tones"} onChange={(value) => onWhole(value === "full")}
        data={[{ value: "tones", label: words.spectrum.nearTones }, { value: "full", label: words.spectrum.full }]}
      />
    </>
  );
}

export function SpectrumChart({ asset, names }: { asset: string; names: string[] }) {
  const words = useWords();
  const format = useSiteFormat();
  const colours = useColours();
  const [name, setName] = useState(names[0] ?? "");
  const [kind, setKind] = useState<SpectrumKind>("envelope");
  const [whole, setWhole] = useState(false);
  const { data: spectrum } = useSpectrum(asset, name, kind);
  const option = useMemo(
    () => spectrum && makeOption(spectrum, whole, format, words, colours), [spectrum, whole, format, words, colours],
  );
  return (
    <ChartCard
      title={words.spectrum.title} hint={spectrum && `${name}, ${words.spectrum.taken(format.dateTime(spectrum.at))}`}
      option={option ?? null} empty={words.spectrum.empty} emptyHint={words.spectrum.emptyHint}
      label={words.spectrum.about(name, spectrum?.tones.map((t) => `${t.name} ${format.quantity(t.hz, "Hz")}`).join(", ") ?? "")}
      table={() => (spectrum ? makeTable(spectrum, format, words) : { columns: [], rows: [] })}
      tools={<Tools {...{ names, name, kind, whole }} onName={setName} onKind={setKind} onWhole={setWhole} />}
    />
  );
}
