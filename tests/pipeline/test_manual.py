"""Readings that people enter: what the plant file takes, which rounds are due, what is asked back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forewarn.core.clock import US_PER_DAY, US_PER_HOUR
from forewarn.core.plant import Asset, Plant
from forewarn.core.readings import ByHand, SignalSpec, Track
from forewarn.ingest.identity import Identities
from forewarn.ingest.topics import TopicTable
from forewarn.pipeline.manual import (
    Round,
    doubts,
    due_since_us,
    look_back_us,
    remarks,
    rounds_of,
    same_time,
    scale_of,
    time_fault,
)
from forewarn.pipeline.plant_file import PlantFileError, parse_plant
from forewarn.pipeline.plant_units import UnitError
from forewarn.pipeline.recent import RecentReadings
from forewarn.pipeline.sensor_events import SensorWatch
from tests.conftest import ROOT

BASE = """\
plant: P
sites: {s: {}}
assets:
  p1:
    class: pump
    area: a
    signals:
      temp: {unit: degC, period_s: 60}
"""
DAY = US_PER_DAY
NOW = 1000 * DAY


def plant_of(*lines: str) -> Plant:
    return parse_plant(BASE + "".join(f"      {line}\n" for line in lines), "f")


def signals(*lines: str) -> dict[str, SignalSpec]:
    return {spec.signal: spec for spec in plant_of(*lines).signals}


def complaints(*lines: str) -> list[str]:
    with pytest.raises(PlantFileError) as refused:
        plant_of(*lines)
    return [line.removeprefix("f:9:") for line in refused.value.lines]


def only_asset(plant: Plant) -> Asset:
    (asset,) = plant.assets
    return asset


def spec_of(line: str) -> SignalSpec:
    return signals(f"x: {{entry: manual, {line}}}")["x"]


def track(*values: float) -> Track:
    """Weekly values, the last a day ago."""
    n = len(values)
    return Track.of([NOW - DAY - 7 * DAY * (n - 1 - i) for i in range(n)], list(values))


# ---- the plant file


def test_a_signal_that_is_entered_has_a_round_and_a_topic_that_nobody_can_publish_to() -> None:
    found = signals("iron: {entry: manual, round: oil, every: 30d, unit: ppm}", "hours: {entry: manual, unit: h}")
    assert found["iron"].by_hand == ByHand("oil", "ppm")
    assert (found["iron"].period_s, found["iron"].stuck_after_s) == (30 * 86_400.0, 0.0)
    assert found["iron"].topic == "$forewarn/manual/p1/iron"
    assert found["hours"].by_hand == ByHand("hours", "h")
    assert found["hours"].period_s is None
    assert found["temp"].by_hand is None
    assert len(TopicTable(list(found.values()), range(3))) == 3


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["x: {entry: manual, unit: h, topic: t}"], "42: assets.p1.signals.x.topic: what is entered by hand takes no "),
        (["x: {entry: manual, unit: h, field: t}"], "42: assets.p1.signals.x.field: what is entered by hand takes no "),
        (["x: {entry: manual, unit: g, kind: waveform}"], "41: assets.p1.signals.x.kind: a waveform cannot be entered"),
        (["x: {unit: h, every: 7d}"], "27: assets.p1.signals.x.every: only a signal with `entry: manual` has `every`"),
        (["x: {unit: h, round: oil}"], "27: assets.p1.signals.x.round: only a signal with `entry: manual` has `round`"),
        (["x: {entry: manuel, unit: h}"], "18: assets.p1.signals.x.entry: 'manuel' is none of manual (did you mean "),
        (["x: {entry: manual, unit: h, every: weekly}"], "42: assets.p1.signals.x.every: 'weekly' is not made of a "),
        (["x: {entry: manual, unit: h, every: 0d}"], "42: assets.p1.signals.x.every: a round is due after some time"),
        (
            ["x: {entry: manual, unit: h, every: 1d, period_s: 5}"],
            "56: assets.p1.signals.x.period_s: `every` says it already",
        ),
        (
            [
                "x: {entry: manual, unit: h, round: oil, every: 1d}",
                "z: {entry: manual, unit: h, round: oil, every: 2d}",
            ],
            "f:10:54: assets.p1.signals.z.every: round 'oil' is taken every 86400 s for p1/x, and every 172800 s for ",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place(lines: list[str], said: str) -> None:
    (told,) = complaints(*lines)
    assert told.startswith(said), told


def test_the_example_of_the_manual_is_a_sound_plant_with_three_rounds() -> None:
    text = (ROOT / "docs/howto/enter-readings-by-hand.md").read_text().split("```yaml\n")[1].split("```")[0]
    rounds = list(rounds_of(parse_plant(text).assets))
    assert [(one.name, len(one.signals), one.period_s) for one in rounds] == [
        ("hours", 1, 604_800.0), ("oil", 3, 2_592_000.0), ("walk", 2, 28_800.0),
    ]  # fmt: skip


# ---- due


def test_a_round_is_as_old_as_its_oldest_reading() -> None:
    one = Round("p1", "oil", (spec_of("unit: ppm"), signals("z: {entry: manual, unit: h}")["z"]), 86_400.0)
    assert due_since_us(one, {"x": NOW, "z": NOW - 2 * DAY}, NOW) == (True, NOW - DAY)
    assert due_since_us(one, {"x": NOW, "z": NOW - DAY}, NOW) == (True, NOW)
    assert due_since_us(one, {"x": NOW, "z": NOW - DAY + 1}, NOW) == (False, NOW + 1)
    assert due_since_us(one, {"x": NOW}, NOW) == (True, None), "nobody ever read one of them"
    assert due_since_us(Round("p1", "oil", one.signals, None), {}, NOW) == (False, None)


def test_an_overdue_round_blames_no_sensor() -> None:
    asset = only_asset(plant_of("iron: {entry: manual, every: 1d, unit: ppm, range: [0, 5]}"))
    old = [NOW - (200 - i) * DAY for i in range(8)]
    recent = {
        "iron": RecentReadings(old, [9.0] * 8, [1] * 8),
        "temp": RecentReadings([NOW - i * 60_000_000 for i in (2, 1, 0)], [50.0, 50.1, 50.2], [0] * 3),
    }
    assert SensorWatch().look(asset, recent, NOW) == ()


def test_a_reading_by_hand_does_not_accuse_the_sensors_of_a_machine_that_is_away() -> None:
    asset = only_asset(plant_of("iron: {entry: manual, every: 1d, unit: ppm}"))
    recent = {
        "iron": RecentReadings([NOW], [9.0], [0]),
        "temp": RecentReadings([NOW - 10 * DAY], [50.0], [0]),
    }
    assert SensorWatch().look(asset, recent, NOW) == ()


# ---- units


def test_a_value_is_in_the_unit_of_the_instrument_unless_another_is_named() -> None:
    gauge = spec_of("unit: psi")
    assert scale_of(gauge).unit == "psi"
    assert scale_of(gauge).conversion.apply(14.5037738) == pytest.approx(1.0)
    assert scale_of(gauge, "kPa").conversion.apply(100.0) == pytest.approx(1.0)
    oil = spec_of("unit: cSt")
    assert (oil.quantity, oil.unit, oil.conversion.apply(46.0)) == ("kinematic_viscosity", "mm^2/s", 46.0)
    sensor = signals("v: {unit: in/s pk}")["v"]
    assert scale_of(sensor).unit == "mm/s"
    assert scale_of(sensor, "in/s pk").conversion.apply(1.0) == pytest.approx(25.4)


@pytest.mark.parametrize(
    ("unit", "said"), [("degC", "no unit of pressure"), ("kPaa", "unknown unit"), ("bar rms", "no detection")]
)
def test_a_unit_of_something_else_is_refused(unit: str, said: str) -> None:
    with pytest.raises(UnitError, match=said):
        scale_of(spec_of("unit: psi"), unit)


def test_peak_is_not_taken_for_rms() -> None:
    with pytest.raises(UnitError, match="rms is not what the unit says: peak"):
        scale_of(spec_of("unit: mm/s rms"), "mm/s pk")


# ---- judged


def test_what_is_outside_the_range_is_asked_back_in_the_unit_that_was_read() -> None:
    gauge = spec_of("unit: psi, range: [0, 300]")
    scale = scale_of(gauge)
    value = scale.conversion.apply(310.0)
    assert doubts(gauge, value, NOW, track(), scale) == [
        "310 psi is outside what the plant file expects (0 to 300 psi)"
    ]
    assert doubts(gauge, scale.conversion.apply(299.0), NOW, track(), scale) == []


def test_a_meter_that_goes_back_is_asked_back_and_so_is_one_that_passes_a_later_reading() -> None:
    meter = spec_of("unit: h")
    (lower,) = doubts(meter, 90.0, NOW, track(80.0, 100.0), scale_of(meter))
    assert lower.startswith("90 h is less than the 100 h before")
    (higher,) = doubts(meter, 101.0, NOW - 2 * DAY, track(80.0, 100.0), scale_of(meter))
    assert higher == "101 h is more than the 100 h that was read later"
    assert doubts(meter, 90.0, NOW - 2 * DAY, track(80.0, 100.0), scale_of(meter)) == []


def test_a_temperature_may_go_down() -> None:
    spec = spec_of("unit: degC")
    assert doubts(spec, 20.0, NOW, track(80.0), scale_of(spec)) == []


def test_what_is_far_from_the_values_before_is_taken_with_a_remark() -> None:
    spec = spec_of("unit: bar, range: [0, 20]")
    known = track(5.0, 5.1, 4.9, 5.0, 5.2)
    assert remarks(spec, 5.4, NOW, known, scale_of(spec)) == []
    (said,) = remarks(spec, 9.0, NOW, known, scale_of(spec))
    assert said == "9 bar is far from the values before, of which the last is 5.2 bar"
    assert remarks(spec, 9.0, NOW, track(5.0), scale_of(spec)) == [], "one value before says little"
    assert remarks(spec, 16.0, NOW, track(5.0), scale_of(spec)) != []


def test_no_machine_runs_more_hours_than_have_passed() -> None:
    meter = spec_of("unit: h")
    known = Track.of([NOW - 10 * US_PER_HOUR], [100.0])
    assert remarks(meter, 110.0, NOW, known, scale_of(meter)) == []
    assert remarks(meter, 130.0, NOW, known, scale_of(meter)) == ["30 h more, in 10.0 h"]


@given(st.lists(st.floats(-1e6, 1e6), max_size=12), st.floats(-1e6, 1e6))
def test_a_value_like_one_before_is_never_far(known: list[float], value: float) -> None:
    spec = spec_of("unit: degC")
    assert remarks(spec, value, NOW, track(*known, *[value] * (len(known) + 1)), scale_of(spec)) == []


def test_times_ahead_and_times_that_are_not_kept_are_refused() -> None:
    assert time_fault(NOW + 59_000_000, NOW, DAY) is None
    assert time_fault(NOW - DAY, NOW, DAY) is None
    assert "120 s ahead" in (time_fault(NOW + 120_000_000, NOW, DAY) or "")
    assert "import" in (time_fault(NOW - DAY - 1, NOW, DAY) or "")


def test_only_the_same_instant_is_the_same_reading() -> None:
    known = track(5.0, 6.0)
    assert same_time(NOW - DAY, known) == 6.0
    assert same_time(NOW - DAY + 1, known) is None
    assert same_time(NOW - DAY - 1, known) is None


def test_how_far_back_is_compared_follows_the_period() -> None:
    assert look_back_us(spec_of("unit: h, every: 7d")) == 210 * DAY
    assert look_back_us(spec_of("unit: h")) == 400 * DAY
    assert look_back_us(signals()["temp"]) == DAY


def test_a_device_may_be_called_like_a_part_of_our_own_topics() -> None:
    found = list(signals("iron: {entry: manual, unit: ppm}").values())
    assert not Identities(found).contradicts("pm/v1/s/a/p1/temp", "manual")
    assert Identities(found).contradicts("other/topic", "p1")
