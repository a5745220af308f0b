"""The quality rules: single cases by hand, and the vectorised code against a slow, obvious one."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from forewarn.core.readings import Quality, SignalSpec
from forewarn.ingest.quality import (
    FUTURE_TOLERANCE_US,
    NEVER,
    RETENTION_US,
    QualityRules,
    QualityState,
    judge,
    stuck_after_s,
    time_faults,
)

S = 1_000_000
T0 = 1_795_392_000 * S
GOOD, OUT, STUCK, JUMP, LATE = Quality.GOOD, Quality.OUT_OF_RANGE, Quality.STUCK, Quality.JUMP, Quality.LATE


def spec(quantity: str = "temperature", **more: float | str | None) -> SignalSpec:
    return SignalSpec("p", "s", quantity, "u", "t", **more)  # type: ignore[arg-type]  # a test's shorthand


class Sensor:
    """One signal, fed by seconds and values."""

    def __init__(self, signal: SignalSpec) -> None:
        self.rules, self.state = QualityRules.of([signal]), QualityState.fresh(1)

    def feed(self, *readings: tuple[float, float]) -> list[Quality]:
        at = np.array([T0 + round(second * S) for second, _ in readings], np.int64)
        values = np.array([value for _, value in readings], np.float64)
        flags = judge(self.rules, self.state, np.zeros(len(at), np.intp), at, values)
        return [Quality(flag) for flag in flags.tolist()]


def test_the_limits_of_the_sensor_are_still_inside() -> None:
    sensor = Sensor(spec(low=-40.0, high=150.0))
    assert sensor.feed((0, -40), (1, 150), (2, -40.1), (3, 150.1)) == [GOOD, GOOD, OUT, OUT]
    assert Sensor(spec()).feed((0, 1e300)) == [GOOD]


def test_a_reading_behind_a_newer_one_is_late_also_in_a_later_batch() -> None:
    sensor = Sensor(spec())
    assert sensor.feed((0, 1), (20, 2), (10, 3), (20, 4), (30, 5)) == [GOOD, GOOD, LATE, GOOD, GOOD]
    assert sensor.feed((25, 6), (31, 7)) == [LATE, GOOD]


def test_a_spike_is_a_jump_and_the_way_back_is_none() -> None:
    sensor = Sensor(spec(max_rate_per_s=2.0))
    assert sensor.feed((0, 20), (1, 22), (2, 80), (3, 23), (4, 24)) == [GOOD, GOOD, JUMP, GOOD, GOOD]
    assert sensor.feed((5, 90)) == [JUMP]
    assert sensor.feed((6, 25)) == [GOOD]


def test_a_new_level_is_believed_when_enough_time_has_passed_for_it() -> None:
    assert Sensor(spec(max_rate_per_s=1.0)).feed((0, 0), (1, 3), (2, 3), (3, 3.0), (4, 3)) == [
        GOOD,
        JUMP,
        JUMP,
        GOOD,
        GOOD,
    ]


def test_an_impossible_value_is_no_measure_for_jumps() -> None:
    assert Sensor(spec(max_rate_per_s=2.0, low=-40.0)).feed((0, 20), (1, -500), (2, 21)) == [GOOD, OUT, GOOD]


def test_a_repeated_time_moves_nothing() -> None:
    assert Sensor(spec(max_rate_per_s=2.0)).feed((0, 20), (0, 90), (1, 21)) == [GOOD, GOOD, GOOD]


def test_a_value_that_stays_too_long_is_stuck_until_it_moves() -> None:
    sensor = Sensor(spec(stuck_after_s=100.0))
    assert sensor.feed((0, 20), (99, 20), (100, 20)) == [GOOD, GOOD, STUCK]
    assert sensor.feed((150, 20), (160, 20.1), (259, 20.1), (260, 20.1)) == [STUCK, GOOD, GOOD, STUCK]


@pytest.mark.parametrize(
    ("signal", "seconds"),
    [
        (spec(period_s=60.0), 14_400),
        (spec(period_s=1.0), 7_200),
        (spec(period_s=600.0), 86_400),
        (spec(period_s=86_400.0), 12 * 86_400),
        (spec(period_s=60.0, stuck_after_s=30.0), 30),
        (spec(period_s=60.0, stuck_after_s=0.0), np.inf),
        (spec(), np.inf),
        (spec("counter", period_s=60.0), np.inf),
        (spec("run_state", period_s=60.0), np.inf),
        (spec("ratio", period_s=60.0), np.inf),
        (spec("current", period_s=60.0, role="load"), np.inf),
        (spec("vibration_velocity", period_s=60.0), 14_400),
    ],
)
def test_only_what_moves_by_nature_can_be_stuck(signal: SignalSpec, seconds: float) -> None:
    assert stuck_after_s(signal) == seconds


def test_a_standing_machine_reads_zero_without_being_stuck() -> None:
    readings = [(hour * 3600.0, 0.0) for hour in range(6)]
    assert set(Sensor(spec("vibration_velocity", period_s=60.0)).feed(*readings)) == {GOOD}
    assert STUCK in Sensor(spec("temperature", period_s=60.0)).feed(*readings)


def test_after_a_restart_the_newest_stored_reading_is_remembered() -> None:
    sensor = Sensor(spec(max_rate_per_s=1.0, stuck_after_s=100.0))
    sensor.state.seed(0, T0, 20.0)
    assert sensor.feed((-5, 20), (1, 50), (100, 20)) == [LATE, JUMP, GOOD]
    sensor.state.seed(0, T0, 20.0, int(OUT))
    assert sensor.state.good_at[0] == T0 + 100 * S  # a doubtful one is no measure


def test_times_far_ahead_and_before_the_retention_are_told() -> None:
    at = np.array(
        [T0 + FUTURE_TOLERANCE_US, T0 + FUTURE_TOLERANCE_US + 1, T0 - RETENTION_US, T0 - RETENTION_US - 1, NEVER]
    )
    future, too_old = time_faults(at, T0)
    assert future.tolist() == [False, True, False, False, False]
    assert too_old.tolist() == [False, False, False, True, True]


SIGNALS = [
    spec(low=-10.0, high=10.0, max_rate_per_s=1.0, stuck_after_s=4.0),
    spec(max_rate_per_s=3.0),
    spec("flow", stuck_after_s=2.0),
]


class Oracle:
    """The same rules for one reading after the other."""

    def __init__(self) -> None:
        self.newest: dict[int, tuple[float, float, float]] = {}
        self.good: dict[int, tuple[float, float]] = {}

    def judge(self, row: int, second: float, value: float, historical: bool) -> Quality:
        signal, flags = SIGNALS[row], GOOD
        outside = (signal.low is not None and value < signal.low) or (signal.high is not None and value > signal.high)
        if outside:
            flags |= OUT
        at, last, since = self.newest.get(row, (-np.inf, np.nan, second))
        if historical or second <= at:
            return flags | LATE if second < at else flags
        since = since if value == last else second
        self.newest[row] = second, value, since
        if signal.stuck_after_s is not None and second - since >= signal.stuck_after_s:
            flags |= GOOD if signal.quantity == "flow" and value == 0 else STUCK
        if not outside:
            before, level = self.good.get(row, (-np.inf, value))
            if signal.max_rate_per_s is not None and abs(value - level) > signal.max_rate_per_s * (second - before):
                flags |= JUMP
            else:
                self.good[row] = second, value
        return flags


READING = st.tuples(st.integers(0, 2), st.integers(0, 30), st.integers(-12, 12), st.sampled_from([False, False, True]))


@given(st.lists(st.lists(READING, max_size=25), max_size=4))
@settings(max_examples=150)
def test_the_vectorised_rules_agree_with_the_obvious_ones(batches: list[list[tuple[int, int, int, bool]]]) -> None:
    rules, state, oracle = QualityRules.of(SIGNALS), QualityState.fresh(3), Oracle()
    for batch in batches:
        columns = tuple(zip(*batch, strict=True)) or ((), (), (), ())
        row, at = np.array(columns[0], np.intp), T0 + np.array(columns[1], np.int64) * S
        told_later = np.array(columns[3], np.bool_)
        flags = judge(rules, state, row, at, np.array(columns[2], np.float64), told_later)
        assert flags.tolist() == [int(oracle.judge(*reading)) for reading in batch]
