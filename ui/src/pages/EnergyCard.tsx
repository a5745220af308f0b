/** What running on as it is costs in energy; there only where a signal measures power or energy. */

import { useEnergy } from "../api/queries";
import type { EnergyOut, SignalOut } from "../api/types";
import { Card, Facts, type Fact } from "../components/Card";
import { Answer, Empty, isMissing } from "../components/Feedback";
import { useFormat, type Format } from "../format/useFormat";
import { useWords } from "../i18n";
import type { Words } from "../i18n/en";
import { changeOf, METERS, PER_MANY, perMany, rangeOf } from "./energyRules";

export const hasMeter = (signals: SignalOut[]) => signals.some((s) => s.kind === "scalar" && METERS.includes(s.quantity));

function sentence(energy: EnergyOut, words: Words["energy"], format: Format): string {
  const change = changeOf(energy);
  const { low, middle, high } = rangeOf(energy.extra_kwh_per_day, change);
  const [from, about, to] = [low, middle, high].map((value) => format.rounded(value, high - low));
  const range = words.range(from ?? "", to ?? "");
  if (change === "unsure") return words.unsure(`${range} kWh`);
  const told = words[change](`${about} kWh`, range);
  return energy.cost_per_day ? words.money(told, format.money(Math.abs(energy.cost_per_day.middle), energy.currency)) : told;
}

/** Use per unit of what it delivers, or per running hour where that is not measured. */
function used(energy: EnergyOut, words: Words["energy"], format: Format): Fact {
  const { per_output: now, expected_per_output: past, per_output_unit: unit } = energy;
  if (now === null || past === null || unit === null) {
    const kwh = (kw: number) => format.quantity(kw, "kWh");
    return { name: words.perHour, value: kwh(energy.actual_kw), sub: words.usedTo(kwh(energy.expected_kw)) };
  }
  const [per = "", of = ""] = unit.split("/");
  const many = perMany(now) ? PER_MANY : 1;
  const value = (one: number) => format.quantity(one * many, per);
  const name = words.perOutput(many > 1 ? format.quantity(many, of) : format.unit(of));
  return { name, value: value(now), sub: words.usedTo(value(past)) };
}

function Price({ energy }: { energy: EnergyOut }) {
  const words = useWords().energy;
  const format = useFormat();
  const facts = [used(energy, words, format), { name: words.running, value: format.life(energy.hours_per_day) }];
  const stretch = words.span(format.shortDateTime(energy.since), format.shortDateTime(energy.until));
  const past = words.span(format.day(energy.baseline_from), format.day(energy.baseline_until));
  return (
    <div className="stack">
      <p className={changeOf(energy) === "more" ? "strong" : undefined}>{sentence(energy, words, format)}</p>
      <Facts facts={facts} />
      <p className="muted small">{words.basis(stretch, past, format.percent(energy.level))}</p>
    </div>
  );
}

export function EnergyCard({ asset }: { asset: string }) {
  const words = useWords().energy;
  const energy = useEnergy(asset);
  if (isMissing(energy.error)) return null;
  return (
    <Card title={words.title} hint={words.hint}>
      <Answer query={energy}>
        {(told) => ("untold" in told ? <Empty inline title={words.untold} hint={told.untold} /> : <Price energy={told} />)}
      </Answer>
    </Card>
  );
}
