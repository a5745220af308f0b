"""A new machine is judged by its sisters until it has a past of its own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.health import AnomalyScore, State
from forewarn.core.plant import Asset
from forewarn.core.readings import Track, Tracks
from forewarn.models.assess import assess
from forewarn.models.class_prior import NO_PRIOR, ClassPrior, class_prior, sisterhood
from forewarn.pipeline.scoring_class import Classes
from tests.models.machines import ORIGIN_US, PUMP, Life, pump_tracks

NOW_US = int(ORIGIN_US + 200 * US_PER_HOUR)
NEW_US = int(ORIGIN_US + 24 * US_PER_HOUR)


def louder(tracks: Tracks, factor: float) -> dict[str, Track]:
    return {n: Track(t.at, t.value * factor if n.startswith("vib:band") else t.value) for n, t in tracks.items()}


def sister(number: int) -> tuple[Asset, Tracks]:
    tracks = louder(pump_tracks(Life(200.0), seed=number), 1.0 + 0.05 * number)
    return replace(PUMP, id=f"s{number}"), tracks


@pytest.fixture(scope="module")
def prior() -> ClassPrior:
    return class_prior([sister(number) for number in range(5)], NOW_US)


def test_a_new_machine_like_its_sisters_is_normal_and_not_warming_up(prior: ClassPrior) -> None:
    tracks = {n: t for n, t in pump_tracks(Life(24.0), seed=9).items() if n.startswith("vib")}
    assert assess(PUMP, tracks, (), NEW_US).state is State.WARMING_UP
    found = assess(PUMP, tracks, (), NEW_US, prior=prior)
    assert found.state is State.NORMAL
    assert isinstance(found.anomaly, AnomalyScore)


def test_a_new_machine_that_is_far_louder_than_its_sisters_is_an_alert_and_no_alarm(prior: ClassPrior) -> None:
    tracks = {n: t for n, t in louder(pump_tracks(Life(24.0), seed=9), 4.0).items() if n.startswith("vib")}
    found = assess(PUMP, tracks, (), NEW_US, prior=prior)
    assert found.state is State.ALERT
    assert isinstance(found.anomaly, AnomalyScore)
    assert found.anomaly.contributions[0].feature.startswith("vib:band")


def test_its_own_past_takes_over(prior: ClassPrior) -> None:
    tracks = louder(pump_tracks(Life(200.0), seed=9), 4.0)
    assert assess(PUMP, tracks, (), NOW_US, prior=prior).state is State.NORMAL


def test_two_sisters_are_no_class_and_duties_are_not_compared() -> None:
    assert class_prior([sister(0), sister(1)], NOW_US).levels == {}
    levels = class_prior([sister(number) for number in range(3)], NOW_US).levels
    assert {key[0] for key in levels} == {"acceleration", "temperature"}


def test_only_new_and_repaired_machines_get_a_prior_and_strangers_are_no_sisters() -> None:
    others = [sister(number) for number in range(4)]
    large = [(replace(asset, power_kw=500.0), tracks) for asset, tracks in others]
    fresh = pump_tracks(Life(24.0), seed=9)
    assert Classes().prior(PUMP, fresh, None, NOW_US, lambda: others).levels
    assert Classes().prior(PUMP, fresh, None, NOW_US, lambda: large) == NO_PRIOR
    later_us = int(ORIGIN_US + 15 * 24 * US_PER_HOUR)
    assert Classes().prior(PUMP, fresh, None, later_us, lambda: others) == NO_PRIOR
    assert Classes().prior(PUMP, fresh, later_us - US_PER_HOUR, later_us, lambda: others).levels
    assert sisterhood(PUMP) != sisterhood(large[0][0])
