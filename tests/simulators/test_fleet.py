"""The demo fleet: its truth is consistent, sick machines show it, healthy ones do not, repairs help."""

from __future__ import annotations

import itertools
from collections import defaultdict

import numpy as np
import pytest

from forewarn.core.clock import US_PER_DAY, US_PER_HOUR
from forewarn.core.readings import Floats
from forewarn.simulators.fleet import SCALAR_PERIOD_US, Fleet
from forewarn.simulators.truth import Truth

ORIGIN_US = 1_795_392_000_000_000
END_US = ORIGIN_US + round(22.5 * US_PER_DAY)  # 180 s at three hours a second
SEEDS = range(25)
DEMO_SEED = 1


def day(at_us: int) -> float:
    return (at_us - ORIGIN_US) / US_PER_DAY


def dues(fleet: Fleet) -> list[Truth]:
    return [t for t in fleet.truths if t.episode is not None and t.episode.p_us < END_US]


def of(fleet: Fleet, asset: str) -> int:
    return [spec.id for spec in fleet.specs].index(asset)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_seed_gives_the_demo_its_due_healthy_and_slow_machines(seed: int) -> None:
    fleet = Fleet(seed, ORIGIN_US)
    healthy = [t for t in fleet.truths if t.healthy(END_US)]
    assert len(fleet.truths) == 12
    assert len(dues(fleet)) >= 3
    assert len({t.episode.fault.mechanism for t in dues(fleet) if t.episode}) == len(dues(fleet))
    assert len(healthy) >= 5
    assert [t.asset for t in fleet.truths if t.sensor] == [t.asset for t in healthy if t.sensor] != []
    assert len([t for t in fleet.truths if t.sensor]) == 1


@pytest.mark.parametrize("seed", SEEDS)
def test_every_seed_leaves_quiet_days_first_and_weeks_between_p_and_f(seed: int) -> None:
    episodes = sorted((t.episode for t in dues(Fleet(seed, ORIGIN_US)) if t.episode), key=lambda e: e.p_us)
    assert all(day(e.onset_us) >= 3.0 for e in episodes)
    assert 5.5 <= day(episodes[0].p_us) <= 8.5
    assert all(day(e.p_us) <= 15.5 for e in episodes), "a week of the demo is left to act in"
    assert all(24.0 <= day(e.f_us) <= 40.0 for e in episodes)
    assert all(14.0 <= (e.f_us - e.p_us) / US_PER_DAY <= 35.0 for e in episodes)


def test_truth_is_due_exactly_from_p_to_f_and_healthy_exactly_until_the_onset() -> None:
    for truth in dues(Fleet(DEMO_SEED, ORIGIN_US)):
        episode = truth.episode
        assert episode is not None
        assert ORIGIN_US < episode.onset_us < episode.p_us < episode.f_us
        moments = (
            episode.onset_us,
            episode.onset_us + 1,
            episode.p_us - 1,
            episode.p_us,
            episode.f_us - 1,
            episode.f_us,
        )
        assert [truth.healthy(at) for at in moments] == [True, False, False, False, False, False]
        assert [truth.due(at) for at in moments] == [False, False, False, True, True, False]
        assert [truth.broken(at) for at in moments] == [False, False, False, False, False, True]


def test_the_timetable_rises_and_gives_a_row_every_ten_minutes_and_a_waveform_every_two_hours() -> None:
    fleet = Fleet(DEMO_SEED, ORIGIN_US)
    slots = list(itertools.islice(fleet.timetable(), 12 * 6 * 24))
    assert all(a.at_us < b.at_us for a, b in itertools.pairwise(slots))
    for machine in range(12):
        mine = [s for s in slots if s.machine == machine]
        assert {b.at_us - a.at_us for a, b in itertools.pairwise(mine)} == {SCALAR_PERIOD_US}
        blocks = [s.at_us for s in mine if s.waveform]
        assert {b - a for a, b in itertools.pairwise(blocks)} == {2 * US_PER_HOUR}


def test_the_same_seed_gives_the_same_readings_and_another_seed_others() -> None:
    def some(seed: int) -> list[dict[str, float]]:
        fleet = Fleet(seed, ORIGIN_US)
        return [fleet.row(s.machine, s.at_us) for s in itertools.islice(fleet.timetable(), 120)]

    assert some(4) == some(4)
    assert some(4) != some(5)


@pytest.fixture(scope="module")
def logbook() -> dict[str, dict[str, Floats]]:
    """22 days of slow signals of the demo seed, one row an hour: asset -> signal -> values, and `day`."""
    fleet = Fleet(DEMO_SEED, ORIGIN_US)
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for slot in fleet.timetable():
        if slot.at_us >= ORIGIN_US + 22 * US_PER_DAY:
            break
        row = fleet.row(slot.machine, slot.at_us)
        if (slot.at_us - ORIGIN_US) // SCALAR_PERIOD_US % 6 == 0:
            columns = found[fleet.specs[slot.machine].id]
            for name, value in {**row, "day": day(slot.at_us)}.items():
                columns[name].append(value)
    return {asset: {name: np.array(values) for name, values in columns.items()} for asset, columns in found.items()}


def settled(log: dict[str, Floats]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Rows in which the machine has run for four hours at usual load."""
    running = log["speed"] > 0
    for back in range(1, 5):
        running &= np.roll(log["speed"], back) > 0
    return running & (log["load"] > 70)


def change(log: dict[str, Floats], values: Floats) -> float:
    """Mean of days 15 to 22 less the mean of days 0 to 3.5, in standard deviations of the latter."""
    early, late = settled(log) & (log["day"] < 3.5), settled(log) & (log["day"] >= 15)
    return float((values[late].mean() - values[early].mean()) / values[early].std())


def comparable(log: dict[str, Floats], signal: str) -> Floats:
    """A signal cleared of load, speed and ambient by a fit to the first days: what a good engineer would look at."""
    rows = [np.ones_like(log["day"]), log["load"], log["load"] ** 2, log["ambient"]]
    design = np.column_stack(rows)
    early = settled(log) & (log["day"] < 3.5)
    weights, *_ = np.linalg.lstsq(design[early], log[signal][early], rcond=None)
    return np.asarray(log[signal] - design @ weights)


def test_healthy_machines_show_no_trend(logbook: dict[str, dict[str, Floats]]) -> None:
    for truth in Fleet(DEMO_SEED, ORIGIN_US).truths:
        if truth.healthy(END_US):
            log = logbook[truth.asset]
            for signal in {"velocity_rms", "temperature_winding", "filter_dp"} & log.keys():
                assert abs(change(log, comparable(log, signal))) < 2.0, (truth.asset, signal)


@pytest.mark.parametrize(
    ("asset", "signal"),
    [("fan-01", "velocity_rms"), ("compressor-01", "temperature_winding"), ("blower-01", "filter_dp")],
)
def test_a_due_machine_shows_its_fault_in_the_signal_that_belongs_to_it(
    asset: str, signal: str, logbook: dict[str, dict[str, Floats]]
) -> None:
    log = logbook[asset]
    assert change(log, comparable(log, signal)) > 5.0


def test_the_stuck_sensor_repeats_itself_and_no_other_does(logbook: dict[str, dict[str, Floats]]) -> None:
    for asset, log in logbook.items():
        late = log["temperature_de"][log["day"] > 9]
        assert (len(set(late.tolist())) == 1) == (asset == "pump-05")


def test_a_stopped_machine_stands_still_and_cools_down(logbook: dict[str, dict[str, Floats]]) -> None:
    log = logbook["conveyor-01"]
    night = log["speed"] == 0
    assert 0.3 < night.mean() < 0.5
    assert log["velocity_rms"][night].max() < 0.1
    rise = log["temperature_winding"] - log["ambient"]
    just_stopped = night & (np.roll(log["speed"], 1) > 0)
    long_stopped = night & (np.roll(night, 5))
    assert rise[just_stopped].max() > 12.0, "copper and iron stay warm for a while"
    assert rise[long_stopped].min() < 3.0


def test_a_failed_machine_stands_until_it_is_repaired_and_is_then_as_new() -> None:
    fleet = Fleet(DEMO_SEED, ORIGIN_US)
    pump = of(fleet, "pump-02")
    episode = fleet.truths[pump].episode
    assert episode is not None
    broken_us = episode.f_us + US_PER_HOUR
    assert fleet.row(pump, broken_us)["speed"] == 0.0
    assert fleet.repair("pump-02", "de_bearing:bearing_wear", broken_us), "the bearing is new, whatever it was called"
    later_us = broken_us + 3 * US_PER_HOUR
    while not fleet._machines[pump].duty(later_us).running:
        later_us += US_PER_HOUR
    assert fleet.row(pump, later_us)["speed"] > 1_000
    assert not fleet.truths[pump].due(later_us)
    level = np.sqrt(np.mean(fleet.waveform(pump, later_us).astype(float) ** 2))
    assert level < 4.0


def test_work_on_the_wrong_component_or_before_anything_began_cures_nothing() -> None:
    fleet = Fleet(DEMO_SEED, ORIGIN_US)
    at_us = ORIGIN_US + 12 * US_PER_DAY
    assert not fleet.repair("pump-02", "impeller:imbalance", at_us)
    assert not fleet.repair("pump-01", "de_bearing:outer_race_spall", at_us)
    assert not fleet.repair("pump-02", "de_bearing:outer_race_spall", ORIGIN_US)
    assert fleet.truths[of(fleet, "pump-02")].due(at_us)
    with pytest.raises(KeyError):
        fleet.repair("pump-99", "de_bearing:outer_race_spall", at_us)
    with pytest.raises(ValueError, match="component:mechanism"):
        fleet.repair("pump-02", "bearing", at_us)


def test_a_replaced_sensor_tells_the_truth_again() -> None:
    fleet = Fleet(DEMO_SEED, ORIGIN_US)
    pump = of(fleet, "pump-05")
    at_us = ORIGIN_US + 10 * US_PER_DAY
    held = {fleet.row(pump, at_us + i * SCALAR_PERIOD_US)["temperature_de"] for i in range(5)}
    assert len(held) == 1
    assert not fleet.repair("pump-05", "pressure:sensor_fault", at_us)
    assert fleet.repair("pump-05", "temperature_de:sensor_fault", at_us)
    assert fleet.row(pump, at_us + US_PER_HOUR)["temperature_de"] not in held


def test_the_told_truth_ends_the_due_time_at_the_repair() -> None:
    fleet = Fleet(DEMO_SEED, ORIGIN_US)
    repaired_us = ORIGIN_US + 15 * US_PER_DAY
    assert fleet.repair("fan-01", "wheel:imbalance", repaired_us)
    told = {row["asset"]: row for row in fleet.told(END_US)}
    assert told["fan-01"]["due_until_us"] == repaired_us
    assert told["pump-02"]["due_until_us"] == END_US
    assert told["pump-01"]["healthy"] is True
    assert told["pump-04"]["due_until_us"] == told["pump-04"]["p_us"], "never due in this run"
    assert told["pump-05"]["sensor_fault"] is not None
