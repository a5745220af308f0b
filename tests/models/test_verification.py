"""The comparison behind a verification, on signals made by formula: regime, limits, what waits and why."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.plant import Asset, Component
from forewarn.core.plant_limits import Bound, PlantLimit
from forewarn.core.readings import Floats, SignalSpec, Track
from forewarn.core.work import Verification
from forewarn.models.verification import Comparison, Times, VerifySettings, compare

HEALTHY_H, FAULTY_H, AFTER_H = 300, 40, 40
START_US = 1_790_000_000_000_000
STEP_H = 0.5
PUMP = Asset(
    "p", "Pump", "pump", "works", "hall", nominal_rpm=1_500.0,
    components=(Component("bearing", "bearing"),),
    signals=(
        SignalSpec("p", "flow", "flow", "m^3/h", "t", period_s=1800.0),
        SignalSpec("p", "load", "power", "kW", "t", role="load", period_s=1800.0),
    ),
)  # fmt: skip


def at_h(hours: float) -> int:
    return START_US + round(hours * US_PER_HOUR)


TIMES = Times(START_US, at_h(HEALTHY_H + 30), at_h(HEALTHY_H + FAULTY_H), at_h(HEALTHY_H + FAULTY_H), 0)


def loads(n: int, rng: np.random.Generator) -> Floats:
    return 50.0 + 10.0 * np.sin(np.arange(n) / 9.0) + rng.normal(0, 0.2, n)


def judged(
    after: float, *, after_h: float = AFTER_H, load_shift: float = 0.0, carried: frozenset[str] = frozenset({"flow"}),
    doubted: frozenset[str] = frozenset(), asset: Asset = PUMP, faulty: float = 0.7, seed: int = 1,
) -> Comparison:  # fmt: skip
    """The flow follows the load; it falls to a share of that when faulty, and is at a share `after` the work."""
    rng = np.random.default_rng(seed)
    counts = [round(hours / STEP_H) for hours in (HEALTHY_H, FAULTY_H, after_h)]
    load = loads(sum(counts), rng)
    load[sum(counts[:2]) :] += load_shift
    share = np.repeat([1.0, faulty, after], counts)
    flow = 2.0 * load * share + rng.normal(0, 0.5, len(load))
    at = np.array([at_h(i * STEP_H) for i in range(len(load))])
    tracks = {"flow": Track(at, flow), "load": Track(at, load)}
    times = replace(TIMES, now_us=int(at[-1]) + 1)
    return compare(asset, tracks, doubted, times, carried, 41.0, VerifySettings())


def test_a_signal_that_is_back_passes_and_one_that_is_not_fails() -> None:
    good, bad = judged(1.0), judged(0.7)
    assert (good.result, bad.result) == (Verification.PASSED, Verification.FAILED)
    (row,) = [row for row in bad.signals if row.signal == "flow"]
    assert row.after is not None
    assert row.before is not None
    assert row.after == pytest.approx(row.before, rel=0.05)
    assert row.after < row.limit < row.healthy
    assert "flow" in bad.reason
    assert "m^3/h" in bad.reason
    assert good.health_before == 41.0
    assert good.health_after == pytest.approx(100, abs=5)


def test_before_is_shown_in_the_regime_of_after() -> None:
    """The load of after lies elsewhere in its range: the flow of before is what the faulty pump would give there."""
    (row,) = [row for row in judged(1.0, load_shift=-6.0).signals if row.signal == "flow"]
    assert row.after is not None
    assert row.before is not None
    assert row.before / row.healthy == pytest.approx(0.7, abs=0.06)
    assert row.after / row.healthy == pytest.approx(1.0, abs=0.03)


def test_running_in_a_regime_that_the_healthy_past_has_not_seen_proves_nothing() -> None:
    found = judged(0.7, load_shift=-45.0)
    assert found.result is Verification.PENDING
    assert "warming up: 0 of 24" in found.reason
    assert "points in another regime" in found.reason


@settings(max_examples=15, deadline=None)
@given(st.floats(1.0, 60.0), st.floats(0.6, 1.1), st.integers(0, 99))
def test_nothing_is_concluded_before_its_time(after_h: float, after: float, seed: int) -> None:
    found = judged(after, after_h=after_h, seed=seed)
    assert found.needed_h == 24.0
    if found.seen_h < 24.0:
        assert found.result is Verification.PENDING
        assert found.reason
    else:
        assert found.result is not Verification.PENDING
        assert (found.result is Verification.PASSED) == (not any(row.abnormal for row in found.signals))


def test_a_sensor_that_cannot_be_believed_or_a_past_that_is_too_short_leaves_it_to_a_person() -> None:
    assert "sensor has a problem" in judged(1.0, doubted=frozenset({"flow"})).reason
    unknown = judged(1.0, carried=frozenset({"vib:rms"}))
    assert unknown.result is Verification.PENDING
    assert "a person has to judge" in unknown.reason
    nothing = compare(PUMP, {}, frozenset(), replace(TIMES, now_us=at_h(900)), frozenset(), None, VerifySettings())
    assert (nothing.result, nothing.seen_h) == (Verification.PENDING, 0.0)


def test_without_evidence_every_scored_signal_is_asked() -> None:
    found = judged(0.7, carried=frozenset())
    assert found.result is Verification.FAILED
    assert [row.signal for row in found.signals if row.carried] == ["flow"]


def test_a_limit_of_the_plant_that_carried_the_evidence_must_not_be_raised() -> None:
    low = PlantLimit("low flow", "alarm", (Bound("flow", 75.0, -1, 0.0),))
    asset = replace(PUMP, limits=(low,))
    name = "flow:limit_low flow"
    bad, good = (judged(after, asset=asset, carried=frozenset({name})) for after in (0.6, 1.0))
    assert (bad.result, good.result) == (Verification.FAILED, Verification.PASSED)
    assert [row.abnormal for row in bad.signals if row.signal == name] == [True]


def test_another_signal_that_is_wrong_since_the_work_fails_it_too() -> None:
    spec = SignalSpec("p", "pressure", "pressure", "bar", "t", period_s=1800.0)
    asset = replace(PUMP, signals=(*PUMP.signals, spec))
    rng = np.random.default_rng(3)
    counts = [round(hours / STEP_H) for hours in (HEALTHY_H, FAULTY_H, AFTER_H)]
    load = loads(sum(counts), rng)
    at = np.array([at_h(i * STEP_H) for i in range(len(load))])
    flow = 2.0 * load * np.repeat([1.0, 0.7, 1.0], counts) + rng.normal(0, 0.5, len(load))
    pressure = 6.0 * np.repeat([1.0, 1.0, 0.6], counts) + rng.normal(0, 0.02, len(load))
    tracks = {"flow": Track(at, flow), "load": Track(at, load), "pressure": Track(at, pressure)}
    times = replace(TIMES, now_us=int(at[-1]) + 1)
    found = compare(asset, tracks, frozenset(), times, frozenset({"flow"}), None, VerifySettings())
    assert found.result is Verification.FAILED
    assert [row.signal for row in found.signals if row.abnormal] == ["pressure"]
    assert "pressure" in found.reason
