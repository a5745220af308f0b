/** The formats of `times` and `units`, bound to the reader's language, the site's zone and the plant's clock. */

import { useMemo } from "react";
import { useOverview } from "../api/queries";
import type { Rul } from "../api/types";
import { useWords } from "../i18n";
import type { Words } from "../i18n/en";
import * as times from "./times";
import * as units from "./units";

type Time = string | number;

function lifeOf(rul: Rul, hours: number, words: Words): string {
  const text = times.life(hours, words.duration);
  return hours >= rul.horizon_h ? words.fleet.moreThan(text) : text;
}

const plain = (name: string) => name.replaceAll("_", " ");

function featureName(name: string, words: Words): string {
  const [, low, high] = /^band_(\d+)_(\d+|up)$/.exec(name) ?? [];
  return low && high ? words.band(low, high) : (words.features[name] ?? plain(name));
}

/** `vib_de:rms` -> `vib_de · RMS`; a signal without a feature keeps its name. */
function featureText(feature: string, words: Words): string {
  const [signal = feature, name] = feature.split(":");
  return name === undefined ? signal : `${signal} · ${featureName(name, words)}`;
}

/** Everything that does not move with the clock: charts hang on it and are not drawn anew every second. */
function makeSiteFormat(words: Words, zone: string) {
  const language = words.locale;
  return {
    zone,
    dateTime: (time: Time) => times.dateTime(time, language, zone),
    shortDateTime: (time: Time) => times.shortDateTime(time, language, zone),
    day: (time: Time) => times.day(time, language, zone),
    timeOfDay: (time: Time) => times.timeOfDay(time, language, zone),
    life: (hours: number) => times.life(hours, words.duration),
    lifeOf: (rul: Rul, hours: number) => lifeOf(rul, hours, words),
    seconds: (seconds: number) => times.seconds(seconds, words.duration),
    bytes: (count: number) => units.bytes(count, language),
    days: (days: number) => times.life(days * 24, words.duration),
    /** A moment as a chart draws it: shifted so that its UTC reads as the time of the site. */
    chartMs: (ms: number) => ms + times.zoneOffsetMs(ms, zone),
    number: (value: number) => units.number(value, language),
    rounded: (value: number, width: number) => units.rounded(value, width, language),
    money: (value: number, currency: string) => units.money(value, currency, language),
    unit: units.unitText,
    quantity: (value: number, unit: string) => units.quantity(value, unit, language),
    percent: units.percent,
    /** `de_bearing:outer_race_spall` -> the mechanism in the reader's language. */
    fault: (fault: string, label: string | null = null) => {
      const [component = "", mechanism = ""] = fault.split(":");
      return words.mechanisms[mechanism] ?? label ?? plain(mechanism || component);
    },
    /** `de_bearing:outer_race_spall` -> `de bearing`; a sensor keeps its name as the signals are named. */
    component: (fault: string) => (fault.endsWith(":sensor_fault") ? (fault.split(":")[0] ?? "") : plain(fault.split(":")[0] ?? "")),
    feature: (feature: string) => featureText(feature, words),
    mode: (code: string) => (words.failureModes[code] ? `${code} · ${words.failureModes[code]}` : code),
  };
}

function makeFormat(site: SiteFormat, words: Words, nowMs: number, rate: number) {
  return {
    ...site,
    nowMs,
    clockRate: rate > 1 ? times.clockRate(rate, words.duration) : null,
    relative: (time: Time) => times.relative(time, nowMs, words.duration),
    /** How long ago something happened; a clock that runs ahead of this page's never makes it lie in the future. */
    since: (time: Time) => times.relative(Math.min(times.milliseconds(time), nowMs), nowMs, words.duration),
    isPast: (time: Time) => times.milliseconds(time) < nowMs,
  };
}

export type SiteFormat = ReturnType<typeof makeSiteFormat>;
export type Format = ReturnType<typeof makeFormat>;

export function useSiteFormat(): SiteFormat {
  const words = useWords();
  const { data } = useOverview();
  const zone = times.knownZone(data?.timezone ?? "UTC");
  return useMemo(() => makeSiteFormat(words, zone), [words, zone]);
}

export function useFormat(): Format {
  const words = useWords();
  const site = useSiteFormat();
  const { data } = useOverview();
  const now = data ? Date.parse(data.now) : Date.now();
  return makeFormat(site, words, now, data?.clock_rate ?? 1);
}
