"""`limits` of the plant file: units, groups, and every mistake at its line."""

from __future__ import annotations

from dataclasses import replace

import pytest

from forewarn.core.plant_limits import Bound, PlantLimit
from forewarn.pipeline.plant_file import PlantFileError, parse_plant

PLANT = """
plant: P
sites: {w: {}}
assets:
  p1:
    class: pump
    area: a
    signals:
      temp: {unit: degF, limits: {hot: {alert: 185, alarm: 212, for: 10min, hysteresis: 9}}}
      flow: {unit: m^3/h, limits: {low: {alarm: 10, direction: below}}}
      vib: {unit: m/s^2, kind: waveform}
    limits:
      starved: {any_of: [{signal: flow, below: 20}, {signal: temp, above: 212}], state: alert, for: 30s}
"""


def test_limits_come_in_canonical_units_those_of_signals_first() -> None:
    (asset,) = parse_plant(PLANT).assets
    found = [
        replace(one, any_of=tuple(replace(b, level=round(b.level, 9)) for b in one.any_of)) for one in asset.limits
    ]
    assert found == [
        PlantLimit("hot", "alert", (Bound("temp", 85.0, 1, 5.0),), 600.0),
        PlantLimit("hot", "alarm", (Bound("temp", 100.0, 1, 5.0),), 600.0),
        PlantLimit("low", "alarm", (Bound("flow", 10.0, -1),), 0.0),
        PlantLimit("starved", "alert", (Bound("flow", 20.0, -1), Bound("temp", 100.0)), 30.0),
    ]


@pytest.mark.parametrize(
    ("written", "instead", "told"),
    [
        ("alarm: 212", "alarm: 100", "alarm 100 is not beyond alert 185 (above)"),
        ("{alarm: 10, direction: below}", "{direction: below}", "a limit says `alert`, `alarm` or both"),
        ("signal: flow, below", "signal: flaw, below", "unknown signal 'flaw' (did you mean flow?)"),
        ("below: 20", "below: 20, above: 30", "exactly one of `above` and `below` is the level"),
        ("kind: waveform", "kind: waveform, limits: {high: {alarm: 3}}", "vib is a waveform: limits are for values"),
        ("starved:", "low:", "two limits are called 'low'"),
    ],
)
def test_a_mistake_is_told(written: str, instead: str, told: str) -> None:
    text = PLANT.replace(written, instead).replace("state: alert", "state: alarm")
    with pytest.raises(PlantFileError) as refused:
        parse_plant(text)
    assert told in str(refused.value)
