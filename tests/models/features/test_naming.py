"""A cause named from one look: planted spalls, noise, machines that are only loud, and the recorded faults of CWRU."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np
import pytest

from forewarn.core.faults import MECHANISMS
from forewarn.core.readings import Floats
from forewarn.models.features.naming import CAUSE_OF_TONE, MECHANISM_OF_CAUSE, Cause, named_cause
from tests.models.machines import SKF_6205, knocking

SHAFT_HZ = 29.95
RATE_HZ, SECOND = 12_000.0, 12_000
TONE_HZ = {**SKF_6205.tones_hz(SHAFT_HZ), "bsf2": 2 * SKF_6205.tones_hz(SHAFT_HZ)["bsf"]}


def running(seed: int = 0, hiss: float = 0.05) -> Floats:
    """A second of a healthy motor: orders of the shaft, and little noise above them."""
    rng, t = np.random.default_rng(seed), np.arange(SECOND) / RATE_HZ
    orders = sum(np.sin(2 * np.pi * k * SHAFT_HZ * t + rng.uniform(0, 6)) / k for k in range(1, 60))
    return np.asarray(orders + hiss * rng.standard_normal(SECOND), np.float64)


@pytest.mark.parametrize(("n", "rate_hz"), [(8_192, 12_800.0), (12_000, 12_000.0)])
@pytest.mark.parametrize("tone", ["bpfo", "bpfi", "bsf2"])
def test_a_knock_at_a_bearing_tone_is_named(tone: str, n: int, rate_hz: float) -> None:
    x = knocking(1.008 * TONE_HZ[tone], 15.0, rate_hz=rate_hz, n=n)
    assert named_cause(x[None, :], rate_hz, SHAFT_HZ, SKF_6205).cause is CAUSE_OF_TONE[tone]


@pytest.mark.parametrize("seed", range(15))
def test_noise_has_no_tone_and_is_not_praised(seed: int) -> None:
    noise = np.random.default_rng(seed).standard_normal((2, SECOND))
    assert named_cause(noise, RATE_HZ, SHAFT_HZ, SKF_6205).cause is Cause.UNKNOWN


@pytest.mark.parametrize("seed", range(5))
def test_a_machine_that_is_ruled_by_its_orders_is_healthy(seed: int) -> None:
    assert named_cause(running(seed)[None, :], RATE_HZ, SHAFT_HZ, SKF_6205).cause is Cause.NORMAL


def test_of_many_blocks_of_noise_none_is_named() -> None:
    rng = np.random.default_rng(11)
    causes = [named_cause(rng.standard_normal((1, 4_096)), 6_400.0, SHAFT_HZ, SKF_6205).cause for _ in range(400)]
    assert set(causes) == {Cause.UNKNOWN}


@pytest.mark.parametrize("carrier_hz", [900.0, 3_000.0])
def test_a_single_blow_is_neither_healthy_nor_a_race(carrier_hz: float) -> None:
    t = np.arange(SECOND) / RATE_HZ
    since = np.maximum(t - 0.4, 0.0)
    x = running() + 12 * np.exp(-since * 60) * np.sin(2 * np.pi * carrier_hz * since)
    assert named_cause(x[None, :], RATE_HZ, SHAFT_HZ, SKF_6205).cause is Cause.UNKNOWN


@pytest.mark.parametrize("hz", [131.0, 88.0])
def test_a_knock_that_no_race_explains_is_not_named(hz: float) -> None:
    x = knocking(hz, 8.0, rate_hz=RATE_HZ, n=SECOND)
    assert named_cause(x[None, :], RATE_HZ, SHAFT_HZ, SKF_6205).cause is Cause.UNKNOWN


@pytest.mark.parametrize("tone", ["bpfo", "bpfi", "bsf2"])
def test_a_tenth_of_a_second_names_the_right_race_or_none(tone: str) -> None:
    x = knocking(TONE_HZ[tone], 15.0, rate_hz=25_600.0, n=2_560)
    assert named_cause(x[None, :], 25_600.0, SHAFT_HZ, SKF_6205).cause in (Cause.UNKNOWN, CAUSE_OF_TONE[tone])
    assert named_cause(x[None, :640], 25_600.0, SHAFT_HZ, SKF_6205).cause is Cause.UNKNOWN


def test_blows_of_a_slower_rhythm_are_not_taken_for_the_race_that_their_fifth_harmonic_meets() -> None:
    x = knocking(TONE_HZ["bpfo"] / 5, 15.0, rate_hz=RATE_HZ, n=SECOND)
    found = named_cause(x[None, :], RATE_HZ, SHAFT_HZ, SKF_6205)
    assert found.deviations["bpfo"] > 6
    assert found.cause is Cause.UNKNOWN


def test_two_races_that_strike_alike_are_not_told_apart() -> None:
    x = knocking(TONE_HZ["bpfo"], 9.0, 1, RATE_HZ, SECOND) + knocking(TONE_HZ["bpfi"], 13.0, 2, RATE_HZ, SECOND)
    found = named_cause(x[None, :], RATE_HZ, SHAFT_HZ, SKF_6205)
    assert min(found.deviations["bpfo"], found.deviations["bpfi"]) > 4.5
    assert found.cause is Cause.UNKNOWN


def test_a_second_sensor_can_make_a_faint_tone_sure() -> None:
    near, far = (knocking(TONE_HZ["bpfi"], 4.0, seed, RATE_HZ, SECOND) for seed in (3, 4))
    both = named_cause(np.stack([near, far]), RATE_HZ, SHAFT_HZ, SKF_6205)
    alone = named_cause(near[None, :], RATE_HZ, SHAFT_HZ, SKF_6205)
    assert both.cause is Cause.INNER
    assert both.deviations["bpfi"] > alone.deviations["bpfi"]


def test_a_dead_sensor_beside_a_living_one_is_left_out() -> None:
    x = knocking(TONE_HZ["bpfo"], 15.0, rate_hz=RATE_HZ, n=SECOND)
    with_dead = named_cause(np.stack([x, np.zeros_like(x)]), RATE_HZ, SHAFT_HZ, SKF_6205)
    assert with_dead == named_cause(x[None, :], RATE_HZ, SHAFT_HZ, SKF_6205)
    assert named_cause(np.zeros((2, SECOND)), RATE_HZ, SHAFT_HZ, SKF_6205).cause is Cause.UNKNOWN


def test_causes_are_mechanisms_of_the_catalogue() -> None:
    assert set(MECHANISM_OF_CAUSE.values()) <= MECHANISMS.keys()


class Finder(Protocol):
    def __call__(self, name: str) -> Path: ...


@pytest.mark.data
def test_no_recorded_bearing_gets_a_wrong_cause(data_dir: Finder) -> None:
    from benchmarks.bench_cwru import causes_of, counted

    found = counted({file.name: causes_of(file) for file in sorted(data_dir("cwru").glob("*.parquet"))})
    assert found["windows"] >= 100
    assert found["wrong"] == 0
    assert found["clear_right_share"] >= 0.95
    assert found["right_share"] >= 0.65
