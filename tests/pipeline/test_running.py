"""When an asset ran, for how many hours, and what of it is stored."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forewarn.core.clock import US_PER_DAY, US_PER_HOUR, US_PER_S
from forewarn.core.plant import Asset, RunRule
from forewarn.core.readings import Readings, SignalSpec, Track
from forewarn.core.running import RunningState
from forewarn.ingest.store.memory import MemoryStore
from forewarn.pipeline.derived import DerivedSeries
from forewarn.pipeline.explain import explain
from forewarn.pipeline.plant_file import PlantFileError, parse_plant
from forewarn.pipeline.running import (
    Known,
    hours_between,
    known_of,
    known_series,
    run_series,
    running_of,
    state_at,
)
from forewarn.pipeline.running_stage import RunningStage
from tests.pipeline.machines import Works

MINUTE_US = 60 * US_PER_S
SIGNAL = RunRule("signal", "run", resolution_s=1_800.0)
LOAD = RunRule("load", "run", above=5.0, resolution_s=1_800.0)
METER = RunRule("counter", "run", resolution_s=7_200.0)
START_US = 1_790_000_000_000_000 // US_PER_DAY * US_PER_DAY


def asset(rule: RunRule | None = SIGNAL) -> Asset:
    spec = SignalSpec("p1", "run", "run_state", "state", "t")
    return Asset("p1", "Pump", "pump", "s", "a", signals=(spec,), running=rule)


def slow_hours(known: Known, edges: list[int]) -> tuple[list[float], list[float]]:
    """The obvious way: every interval against every slot."""
    run, sure = [], []
    for begin, end in pairwise(edges):
        overlaps = [max(min(b, end) - max(a, begin), 0) for a, b in zip(known.start, known.stop, strict=True)]
        run.append(sum(o * s for o, s in zip(overlaps, known.share, strict=True)) / US_PER_HOUR)
        sure.append(sum(overlaps) / US_PER_HOUR)
    return run, sure


gaps_min = st.lists(st.integers(1, 90), min_size=1, max_size=40)


@given(gaps_min, st.data())
def test_hours_are_those_of_the_obvious_way(gaps: list[int], data: st.DataObject) -> None:
    at = START_US + np.cumsum([0, *gaps]) * MINUTE_US
    value = data.draw(st.lists(st.floats(0, 10), min_size=len(at), max_size=len(at)))
    rule = data.draw(st.sampled_from([SIGNAL, LOAD, METER]))
    known = known_of(rule, Track.of(at.tolist(), np.cumsum(value).tolist() if rule is METER else value))
    edges = [START_US + hour * US_PER_HOUR for hour in range(-1, 62)]
    run, sure = hours_between(known, np.array(edges))
    slow_run, slow_sure = slow_hours(known, edges)
    assert run == pytest.approx(slow_run, abs=1e-9)
    assert sure == pytest.approx(slow_sure, abs=1e-9)
    assert (run <= sure + 1e-9).all()


def test_a_machine_runs_from_one_reading_to_the_next_unless_they_are_too_far_apart() -> None:
    track = Track.of([START_US + m * MINUTE_US for m in (0, 20, 40, 300, 320)], [1, 1, 0, 1, 0])
    known = known_of(SIGNAL, track)
    run, sure = hours_between(known, np.array([START_US, START_US + US_PER_DAY]))
    assert (run[0], sure[0]) == (pytest.approx(1.0), pytest.approx(1.0))  # 0-40 and 300-320 run; 40-300 unknown


def test_a_load_runs_from_its_limit_on() -> None:
    track = Track.of([START_US + m * MINUTE_US for m in (0, 10, 20, 30)], [4.9, 5.0, 12.0, 0.0])
    assert known_of(LOAD, track).share.tolist() == [0.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("values", "hours", "sure"),
    [
        ([100, 101, 102], 2.0, 2.0),
        ([100, 100.5, 100.5], 0.5, 2.0),
        ([100, 100, 101], 1.0, 2.0),
        ([99_999, 0.4, 1.4], 1.4, 2.0),  # rolled over, or reset: counts from 0
        ([100, 900, 900.5], 0.5, 1.0),  # set by hand: not known
        ([100, 50, 51], 1.0, 1.0),  # set back by hand
    ],
)
def test_a_meter_counts_by_itself(values: list[float], hours: float, sure: float) -> None:
    track = Track.of([START_US + h * US_PER_HOUR for h in range(3)], values)
    run, known = hours_between(known_of(METER, track), np.array([START_US, START_US + US_PER_DAY]))
    assert (run[0], known[0]) == (pytest.approx(hours), pytest.approx(sure))


def test_a_coarse_meter_shows_its_hour_late_and_it_is_moved_back() -> None:
    """A meter of whole hours, read every ten minutes: the hour falls into the time before its step."""
    track = Track.of([START_US + 10 * m * MINUTE_US for m in range(13)], [7.0] * 12 + [8.0])
    edges = np.array([START_US, START_US + US_PER_HOUR, START_US + 2 * US_PER_HOUR])
    assert hours_between(known_of(METER, track), edges)[0] == pytest.approx([0.0, 1.0])


def test_a_gap_between_readings_of_a_meter_is_known() -> None:
    track = Track.of([START_US, START_US + US_PER_DAY], [500.0, 506.0])
    run, sure = hours_between(known_of(METER, track), np.array([START_US, START_US + US_PER_DAY]))
    assert (run[0], sure[0]) == (pytest.approx(6.0), pytest.approx(24.0))


@pytest.mark.parametrize(
    ("rule", "values", "late_min", "said"),
    [
        (SIGNAL, [0, 1, 1], 5, ("running", START_US + 10 * MINUTE_US)),
        (SIGNAL, [1, 1, 0], 5, ("standing", START_US + 20 * MINUTE_US)),
        (SIGNAL, [1, 1, 1], 60, ("unknown", START_US + 20 * MINUTE_US)),
        (LOAD, [9, 9, 9], 0, ("running", START_US)),
        (METER, [1.0, 1.1, 1.2], 0, ("running", START_US + 10 * MINUTE_US)),
        (METER, [1.0, 1.0, 1.0], 0, ("unknown", START_US)),
    ],
)
def test_the_state_now_is_that_of_the_newest_reading(
    rule: RunRule, values: list[float], late_min: int, said: tuple[str, int]
) -> None:
    track = Track.of([START_US + m * MINUTE_US for m in (0, 10, 20)], values)
    assert state_at(rule, track, START_US + (20 + late_min) * MINUTE_US) == said


def test_a_meter_that_has_long_stood_still_is_a_standing_machine() -> None:
    track = Track.of([START_US + h * US_PER_HOUR for h in range(6)], [1, 2, 2, 2, 2, 2])
    assert state_at(METER, track, START_US + 5 * US_PER_HOUR) == ("standing", START_US + US_PER_HOUR)
    assert state_at(METER, Track.of([], []), START_US) == ("unknown", None)


class Book:
    """Raw and derived stores of one asset, and a stage over them."""

    def __init__(self, rule: RunRule = SIGNAL) -> None:
        self.asset, self.raw, self.derived = asset(rule), MemoryStore(), MemoryStore()
        self.raw.assign(["p1/run"])
        self.restart()

    def restart(self) -> None:
        self.stage, self.writer = RunningStage(self.derived), DerivedSeries(self.derived)

    def hear(self, track: Track) -> None:
        ones = np.ones(len(track), np.int32)
        readings = Readings(ones, track.at, track.value, np.zeros(len(track), np.uint8))
        self.raw.write(self.raw.position + 1, readings, [], [])

    def track(self) -> Track:
        readings = self.raw.read(1, 0, 2**62)
        return Track(readings.at, readings.value)

    def settle(self, crash: bool = False) -> int:
        rows = self.stage.new_rows(self.asset, self.track())
        self.writer.write(rows)
        if not crash:
            self.stage.wrote(self.asset, self.track(), rows)
        return len(rows)

    def hours(self) -> tuple[dict[int, float], dict[int, float]]:
        return self._by_hour(run_series("p1")), self._by_hour(known_series("p1"))

    def _by_hour(self, name: str) -> dict[int, float]:
        found: dict[int, float] = {}
        number = self.derived.names().get(name)
        readings = self.derived.read(number, 0, 2**62) if number else Readings.empty()
        for at, value in zip(readings.at.tolist(), readings.value.tolist(), strict=True):
            hour = (at - START_US) // US_PER_HOUR
            found[hour] = round(found.get(hour, 0.0) + value, 6)
        return found

    def state(self, now_us: int) -> RunningState:
        return running_of(self.asset, self.raw, self.derived, now_us)


def shifts(days: int, hours_on: int = 8, step_min: int = 10, from_day: int = 0) -> Track:
    """A run signal that is on in the first hours of each day."""
    at = START_US + from_day * US_PER_DAY + np.arange(0, days * 1440, step_min, dtype=np.int64) * MINUTE_US
    return Track(at, ((at % US_PER_DAY) < hours_on * US_PER_HOUR).astype(np.float64))


def test_hours_are_written_once_when_they_are_settled() -> None:
    book = Book()
    book.hear(shifts(1))
    assert book.settle() == 2 * 21  # 24 h less ten minutes, less the two hours in which late readings may still come
    assert book.settle() == 0
    run, sure = book.hours()
    assert (sum(run.values()), sum(sure.values())) == (8.0, 21.0)
    assert run[7] == 1.0
    assert run[8] == 0.0


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 143), min_size=1, max_size=6), st.booleans())
def test_any_order_of_passes_crashes_and_restarts_gives_the_same_hours(cuts: list[int], crash: bool) -> None:
    whole, parts = Book(), Book()
    track = shifts(1)
    whole.hear(track)
    whole.settle()
    for begin, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(track)], strict=True):
        parts.hear(Track(track.at[begin:end], track.value[begin:end]))
        parts.settle(crash=crash)
        if crash:
            parts.restart()
    assert parts.hours() == whole.hours()
    assert parts.derived.counts().conflicts == 0


def test_late_readings_are_written_as_a_correction_after_a_restart() -> None:
    book, track = Book(), shifts(2)
    gone = (track.at >= START_US + 2 * US_PER_HOUR) & (track.at < START_US + 5 * US_PER_HOUR)
    book.hear(Track(track.at[~gone], track.value[~gone]))
    book.settle()
    before = sum(book.hours()[0].values())
    book.hear(Track(track.at[gone], track.value[gone]))
    assert book.settle() == 0
    book.restart()
    assert book.settle() > 0
    assert sum(book.hours()[0].values()) - before == pytest.approx(19 / 6)  # the gap began ten minutes earlier
    book.restart()
    assert book.settle() == 0
    fresh = Book()
    fresh.hear(track)
    fresh.settle()
    assert book.hours() == fresh.hours()


def test_a_machine_that_is_described_otherwise_is_looked_at_again() -> None:
    book = Book()
    book.hear(shifts(1))
    book.settle()
    book.asset = asset(RunRule("load", "run", above=2.0, resolution_s=1_800.0))  # 1 is no load any more
    assert book.settle() == 0
    book.stage.forget("p1")
    book.settle()
    assert sum(book.hours()[0].values()) == 0.0
    assert sum(book.hours()[1].values()) == 21.0


def test_readings_that_retention_took_away_do_not_take_the_hours_away() -> None:
    book = Book()
    book.hear(shifts(3))
    book.settle()
    before = book.hours()
    later = Track(shifts(3).at[200:], shifts(3).value[200:])
    book.restart()
    assert book.stage.new_rows(book.asset, later) == []
    assert book.hours() == before


def test_hours_per_day_are_measured_over_thirty_days_once_three_are_known() -> None:
    book = Book()
    book.hear(shifts(3))
    book.settle()
    assert book.stage.hours_per_day(book.asset, START_US + 3 * US_PER_DAY) is None
    book.hear(shifts(40, from_day=3))
    book.settle()
    measured = book.stage.hours_per_day(book.asset, START_US + 43 * US_PER_DAY)
    assert measured == pytest.approx(8.0, rel=0.01)
    book.restart()
    assert book.stage.hours_per_day(book.asset, START_US + 43 * US_PER_DAY) == pytest.approx(measured)
    assert book.stage.hours_per_day(replace(book.asset, running=None), START_US) is None


def test_the_state_of_an_asset_joins_settled_hours_with_the_newest_readings() -> None:
    book = Book()
    book.hear(shifts(10))
    book.settle()
    now_us = START_US + 9 * US_PER_DAY + 23 * US_PER_HOUR + 50 * MINUTE_US
    found = book.state(now_us)
    assert (found.state, found.since_us) == ("standing", START_US + 9 * US_PER_DAY + 8 * US_PER_HOUR)
    assert found.hours_total == pytest.approx(80.0)
    assert found.hours_24h == pytest.approx(8.0, abs=0.2)
    assert found.share_30d == pytest.approx(1 / 3, abs=0.001)


def test_without_derived_hours_the_readings_alone_tell() -> None:
    book = Book()
    book.hear(shifts(2))
    found = book.state(START_US + 2 * US_PER_DAY - 10 * MINUTE_US)
    assert found.hours_total == pytest.approx(16.0)


def test_a_machine_with_a_meter_shows_what_the_meter_shows() -> None:
    book = Book(METER)
    book.hear(Track.of([START_US, START_US + US_PER_HOUR], [4_000.0, 4_001.0]))
    found = book.state(START_US + US_PER_HOUR)
    assert (found.state, found.hours_total) == ("running", 4_001.0)
    assert found.share_30d == pytest.approx(1.0)


def test_where_nothing_tells_whether_it_runs_nothing_is_claimed() -> None:
    empty = RunningState("unknown", None, None, None, None)
    assert running_of(asset(None), MemoryStore(), MemoryStore(), START_US) == empty
    assert running_of(asset(), MemoryStore(), MemoryStore(), START_US) == empty  # never heard


def test_scoring_takes_the_measured_hours_and_the_evidence_says_so() -> None:
    works = Works("p1")
    works.run(60, {"p1": 0.0})
    assert works.kept.by_asset["p1"][-1]["hours_per_day"] is None
    works.run(40, {"p1": 0.0})
    assert works.kept.by_asset["p1"][-1]["hours_per_day"] == pytest.approx(24.0)
    found = running_of(works.plant.assets[0], works.raw, works.derived, works.now_us)
    assert found.state == "running"
    assert found.hours_total == pytest.approx(99.8, abs=0.1)


def test_an_order_of_a_machine_that_runs_half_the_day_has_twice_the_days(monkeypatch: pytest.MonkeyPatch) -> None:
    works = Works("p1")
    monkeypatch.setattr(works.scorer._running, "hours_per_day", lambda asset, now_us: 12.0)
    works.wear_out("p1")
    (order,) = works.orders.orders(asset="p1")
    (cause,) = order.causes
    assert cause.evidence["inputs"]["operating_hours_per_day"] == 12.0  # type: ignore[index]
    (told,) = explain(order, works.plant, works.raw, works.derived)
    assert told.differences == ()


PLANT = """\
plant: P
sites: {s: {}}
assets:
  p1:
    class: pump
    area: a
    nominal_rpm: 1500
    signals:
      amps: {unit: mA, quantity: current, role: load, range: [0, 60000], period_s: 600}
      hours: {unit: min, period_s: 60}
      vib: {unit: g, kind: waveform}
"""


def rule_of(more: str, text: str = PLANT) -> RunRule | None:
    return parse_plant(text + more, "f").assets[0].running


def test_the_plant_file_says_how_it_is_known_whether_a_machine_runs() -> None:
    assert rule_of("    running: {signal: amps}\n") == RunRule("signal", "amps", 0.0, 1_800.0)
    assert rule_of("    running: {load: amps, above: 12000}\n") == RunRule("load", "amps", 12.0, 1_800.0)
    assert rule_of("    running: {counter: hours, resolution_s: 9000}\n") == RunRule("counter", "hours", 0.0, 9_000.0)


@pytest.mark.parametrize(
    ("signals", "rule"),
    [
        ("      rpm: {unit: rpm, role: speed}\n      run: {unit: state, role: run}\n", RunRule("signal", "run")),
        ("      rpm: {unit: rpm, role: speed, period_s: 60}\n", RunRule("load", "rpm", 75.0, 180.0)),
        ("", RunRule("load", "amps", 3.0, 1_800.0)),
    ],
)
def test_else_the_signals_offer_a_rule_by_their_roles(signals: str, rule: RunRule) -> None:
    assert rule_of(signals) == rule


def test_a_machine_without_any_of_them_is_not_said_to_run() -> None:
    assert rule_of("", PLANT.replace("role: load, ", "")) is None


@pytest.mark.parametrize(
    ("running", "said"),
    [
        ("{}", "12:5: assets.p1.running: exactly one of `signal`, `counter` and `load` says whether it runs"),
        ("{signal: amp}", "12:23: assets.p1.running.signal: unknown signal 'amp' (did you mean amps?)"),
        ("{counter: amps}", "12:24: assets.p1.running.counter: amps measures current, and an hours meter "
         "operating_time (`unit: h`)"),
        ("{load: amps}", "12:5: assets.p1.running: `above` goes with `load`: from there on it runs"),
        ("{signal: amps, above: 1}", "12:36: assets.p1.running.above: `above` goes with `load`: from there on it runs"),
        ("{signal: vib}", "12:23: assets.p1.running.signal: vib is a waveform, which says nothing on running"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place(running: str, said: str) -> None:
    with pytest.raises(PlantFileError) as refused:
        rule_of(f"    running: {running}\n")
    assert list(refused.value.lines) == [f"f:{said}"]
