"""Drift is told where the plant has changed, once for all machines, and not where one machine is sick."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forewarn.core.errors import Rejected
from forewarn.core.readings import Floats
from forewarn.models.training.drift import (
    LEAST_VALUES,
    Outcomes,
    Reference,
    column_drift,
    ks,
    psi,
    reference_from_json,
    reference_json,
    reference_of,
    verdict,
    wasserstein,
)

RNG = np.random.default_rng(3)
PUMPS = [f"p{i}" for i in range(10)]
LEVELS = {pump: 40.0 + 5 * i for i, pump in enumerate(PUMPS)}


def readings(moved: Mapping[str, float] = MappingProxyType({}), count: int = 60) -> dict[str, Floats]:
    return {pump: LEVELS[pump] + moved.get(pump, 0.0) + RNG.normal(0, 1, count) for pump in PUMPS}


@pytest.fixture(scope="module")
def reference() -> Reference:
    found = reference_of(readings(count=400))
    assert found is not None
    return found


def test_an_unchanged_plant_has_not_drifted(reference: Reference) -> None:
    found = column_drift("temp", reference, readings())
    assert found.drifted is False
    assert found.psi < 0.1
    assert found.ks < 0.1


def test_new_cooling_water_moves_many_machines_and_is_named_as_a_cause_in_the_plant(reference: Reference) -> None:
    august = readings(dict.fromkeys(PUMPS[:7], 4.0))
    found = column_drift("temp", reference, august)
    assert found.drifted
    assert found.shared == pytest.approx(0.7)
    (reason,) = verdict([found], Outcomes()).reasons
    assert "7 of 10 machines at once" in reason


def test_one_sick_machine_is_no_drift_of_the_plant(reference: Reference) -> None:
    found = column_drift("temp", reference, readings({"p3": 15.0}))
    assert found.drifted is False
    assert found.shared == pytest.approx(0.1)


def test_a_machine_that_did_not_teach_moves_nothing(reference: Reference) -> None:
    now = readings()
    before = column_drift("temp", reference, now)
    assert column_drift("temp", reference, {**now, "new": np.full(500, 900.0)}) == before


def test_too_few_values_are_no_all_clear(reference: Reference) -> None:
    found = column_drift("temp", reference, {"p1": np.full(LEAST_VALUES - 1, 99.0)})
    assert found.drifted is None
    assert verdict([found], Outcomes()).reasons == ()


def test_a_signal_that_never_moved_is_compared_without_a_division_by_nothing() -> None:
    still = reference_of({"p1": np.full(100, 5.0)})
    assert still is not None
    assert column_drift("mode", still, {"p1": np.full(100, 5.0)}).drifted is False
    assert column_drift("mode", still, {"p1": np.full(100, 6.0)}).drifted is True


@given(st.floats(-1e6, 1e6), st.floats(0.01, 1e4), st.integers(0, 9))
def test_distances_do_not_depend_on_level_and_unit(shift: float, scale: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    learnt, now = rng.normal(0, 1, 300), rng.normal(0.5, 1.2, 150)
    plain, moved = reference_of({"a": learnt}), reference_of({"a": learnt * scale + shift})
    assert plain is not None
    assert moved is not None
    one, other = column_drift("x", plain, {"a": now}), column_drift("x", moved, {"a": now * scale + shift})
    assert other.moved == pytest.approx(one.moved, rel=1e-3, abs=1e-3)
    assert other.psi == pytest.approx(one.psi, abs=0.1)


def test_the_distances_agree_with_scipy() -> None:
    from scipy.stats import ks_2samp, wasserstein_distance

    rng = np.random.default_rng(4)
    learnt, now = rng.normal(0, 1, 4_000), rng.normal(0.6, 1.3, 2_000)
    reference = reference_of({"a": learnt})
    assert reference is not None
    centred = now - np.median(learnt)
    assert ks(reference, centred) == pytest.approx(ks_2samp(learnt, now).statistic, abs=0.02)
    assert wasserstein(reference, centred) == pytest.approx(wasserstein_distance(learnt, now), rel=0.05)


def test_psi_is_that_of_the_books() -> None:
    learnt = np.arange(1000.0)
    reference = reference_of({"a": learnt})
    assert reference is not None
    now = learnt[:500] - np.median(learnt)  # only the lower half is left: five bins of 20 %, five of nothing
    found = 5 * (0.2 - 0.1) * np.log(0.2 / 0.1) + 5 * (0.001 - 0.1) * np.log(0.001 / 0.1)
    assert psi(reference, now) == pytest.approx(found, rel=0.05)


def outcomes(inside: int, outside: int, error: float = 1.0) -> Outcomes:
    left = np.concatenate([np.full(inside, 100.0), np.full(outside, 900.0)])
    n = len(left)
    return Outcomes(np.full(n, 50.0), left + error, np.full(n, 200.0), left)


def test_forecasts_that_no_longer_cover_ask_for_training_and_few_of_them_do_not() -> None:
    assert any("80% were promised" in reason for reason in verdict([], outcomes(5, 15)).reasons)
    assert verdict([], outcomes(16, 4)).reasons == ()
    assert verdict([], outcomes(1, 4)).reasons == ()


def test_forecasts_that_hold_too_often_are_too_wide_and_told_too() -> None:
    assert verdict([], outcomes(60, 0)).reasons != ()


def test_errors_are_compared_with_those_of_the_training() -> None:
    assert any("2.0 times" in r for r in verdict([], outcomes(16, 4, 20.0), residual_then=10.0).reasons)
    assert verdict([], outcomes(16, 4, 12.0), residual_then=10.0).reasons == ()


def test_a_summary_survives_the_card_and_a_false_one_is_refused(reference: Reference) -> None:
    again = reference_from_json(reference_json(reference))
    assert again.quantiles.tolist() == reference.quantiles.tolist()
    assert again.medians == reference.medians
    with pytest.raises(Rejected, match="no summary"):
        reference_from_json({"quantiles": [1.0]})
    with pytest.raises(Rejected, match="101 quantiles"):
        reference_from_json({**reference_json(reference), "spread": 0.0})
