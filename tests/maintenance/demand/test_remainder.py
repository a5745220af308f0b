"""Intermittent demand as a distribution: what always holds of it, and how it is calibrated where truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forewarn.core.errors import Rejected
from forewarn.core.readings import Floats
from forewarn.maintenance.demand import LeadDemands, remainder
from forewarn.maintenance.demand.distribution import LEVELS
from forewarn.maintenance.demand.features import features
from forewarn.maintenance.demand.history import cleaned
from forewarn.maintenance.demand.quantile_model import lessons

NAN = float("nan")
cells = st.one_of(st.just(NAN), st.integers(-20, 200).map(float), st.floats(-3.0, 50.0, allow_nan=False))
tables = st.integers(1, 14).flatmap(
    lambda periods: st.lists(st.lists(cells, min_size=periods, max_size=periods), min_size=1, max_size=6)
)


@settings(max_examples=60, deadline=None)
@given(table=tables, lead=st.integers(1, 8))
def test_every_table_gets_quantiles_that_rise_a_mean_inside_them_and_chances_that_sum_to_one(
    table: list[list[float]], lead: int
) -> None:
    told = remainder(table, lead)
    assert len(told) == len(table)
    assert np.isfinite(told.values).all()
    assert (told.values >= 0).all()
    assert (np.diff(told.values, axis=1) >= 0).all()
    for one in told:
        assert one.values[0] - 1e-9 <= one.mean <= one.values[-1] + 1e-9
        assert one.pmf().sum() == pytest.approx(1.0)
        assert (one.pmf() >= 0).all()
        assert one.pmf() @ np.arange(len(one.pmf())) == pytest.approx(one.mean, abs=0.55)
        assert one.at_most(one.pieces(0.9)) >= 0.9 - 1e-9


@settings(max_examples=30, deadline=None)
@given(table=tables, blank=st.integers(1, 5))
def test_periods_before_the_record_change_nothing(table: list[list[float]], blank: int) -> None:
    longer = [[NAN] * blank + row for row in table]
    np.testing.assert_allclose(remainder(longer, 3).values, remainder(table, 3).values)


def test_quiet_periods_at_the_front_are_a_record_and_lower_the_forecast() -> None:
    row = [2.0, 0.0, 1.0, 3.0, 0.0, 2.0]
    unknown, quiet = remainder([[NAN] * 12 + row, [0.0] * 12 + row], 4)
    assert quiet.mean < 0.7 * unknown.mean


def test_packs_of_a_hundredth_are_forecast_as_a_hundredth() -> None:
    rng = np.random.default_rng(3)
    litres = rng.poisson(0.4, (5, 24)) * 0.25
    np.testing.assert_allclose(
        remainder(litres / 100, 6).values[:, LEVELS.tolist().index(0.9)] * 100,
        remainder(litres, 6).values[:, LEVELS.tolist().index(0.9)],
        rtol=0.35,
        atol=0.26,
    )


@pytest.mark.slow
def test_a_longer_lead_never_asks_for_less() -> None:
    rng = np.random.default_rng(5)
    table = rng.poisson(0.3, (40, 30)).astype(float)
    means = [remainder(table, lead).means for lead in (1, 3, 9)]
    assert (means[0] < means[1]).all()
    assert (means[1] < means[2]).all()


def test_leads_of_their_own_are_kept_part_by_part() -> None:
    table = np.tile([0.0, 1.0, 0.0, 2.0, 0.0, 0.0], (3, 1))
    mixed = remainder(table, [2, 6, 2])
    assert mixed.leads.tolist() == [2, 6, 2]
    np.testing.assert_allclose(mixed.values[0], mixed.values[2])
    assert mixed.means[1] > 2 * mixed.means[0]


def test_a_part_alone_and_without_demand_gets_what_is_believed_before() -> None:
    (blank,) = remainder([[NAN] * 12], 6)
    (short,) = remainder([[0.0]], 6)
    (long,) = remainder([[0.0] * 60], 6)
    assert blank.mean == pytest.approx(6 * 0.1, rel=0.5)
    assert blank.mean > short.mean > long.mean > 0
    assert long.quantile(0.9) == 0


def test_a_return_takes_back_demand_and_never_adds() -> None:
    kept, returned = remainder([[0.0, 4.0, 0.0, 6.0, 0.0, 0.0], [0.0, 4.0, 0.0, 6.0, -5.0, 0.0]], 3)
    assert returned.mean < kept.mean


def test_classes_lend_only_inside() -> None:
    rng = np.random.default_rng(8)
    busy, quiet = rng.poisson(3.0, (30, 12)), np.zeros((30, 12))
    quiet[:5, 3] = 1.0
    new = np.full((2, 12), NAN)
    table = np.vstack([busy, quiet, new])
    labels = ["pump"] * 30 + ["frame"] * 30 + ["pump", "frame"]
    pump, frame = remainder(table, 6, classes=labels)[-2:]
    assert pump.mean > 5 * frame.mean


def test_a_fact_tells_apart_what_records_cannot() -> None:
    """Every record is one demand of one piece; the cheap half goes on with ten times as many."""
    rng = np.random.default_rng(9)
    cheap = np.arange(200) < 100
    table = np.zeros((200, 30))
    table[np.arange(200), rng.integers(0, 3, 200)] = 1.0
    table[:, 3:] = np.where(cheap[:, None], rng.poisson(1.0, (200, 27)), rng.poisson(0.05, (200, 27)))
    table[[0, 199]] = 0.0
    table[[0, 199], 29] = 1.0
    price = np.where(cheap, 2.0, 500.0)[:, None]
    blind, seeing = (remainder(table, 6, facts=facts).quantiles([0.9])[:, 0] for facts in (None, price))
    assert blind[0] == pytest.approx(blind[199])
    assert seeing[0] > 1.5 * seeing[199]
    np.testing.assert_array_equal(seeing, remainder(table, 6, facts=np.log(price)).quantiles([0.9])[:, 0])
    unknown = np.where(np.arange(200)[:, None] % 7 == 0, NAN, price)
    assert np.isfinite(remainder(table, 6, facts=unknown).values).all()


@pytest.mark.parametrize("facts", [[1.0, 2.0], [[1.0]], [[1.0], [float("inf")]]])
def test_facts_that_are_no_table_of_numbers_are_refused(facts: object) -> None:
    with pytest.raises(Rejected, match="2 rows of finite numbers"):
        remainder([[1.0, 2.0], [0.0, 1.0]], 2, facts=facts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("table", "lead", "classes", "reason"),
    [
        ([1.0, 2.0], 3, None, "histories"),
        ([[1.0, float("inf")]], 3, None, "histories"),
        ([[1.0, 2.0]], 0, None, "lead"),
        ([[1.0, 2.0]], 2.5, None, "lead"),
        ([[1.0, 2.0]], [1, 2], None, "lead"),
        ([[1.0, 2.0]], NAN, None, "lead"),
        ([[1.0, 2.0]], 2, ["a", "b"], "classes"),
    ],
)
def test_what_makes_no_sense_is_refused(table: list[object], lead: object, classes: object, reason: str) -> None:
    with pytest.raises(Rejected) as caught:
        remainder(table, lead, classes=classes)  # type: ignore[arg-type]
    assert caught.value.reason == reason


def test_no_part_at_all_is_no_forecast() -> None:
    assert len(remainder(np.zeros((0, 12)), 3)) == 0
    assert isinstance(remainder(np.zeros((0, 12)), 3), LeadDemands)


def test_what_comes_after_a_moment_is_in_no_feature_of_it() -> None:
    rng = np.random.default_rng(2)
    table = rng.poisson(0.5, (20, 18)).astype(float)
    changed = table.copy()
    changed[:, 9:] += 7
    leads = np.full(20, 4)
    np.testing.assert_array_equal(features(cleaned(table).until(9), leads), features(cleaned(changed).until(9), leads))
    seen, target = lessons(cleaned(table), leads)
    assert len(seen) == len(target) > 0


def counted(rng: np.random.Generator, count: int, periods: int) -> Floats:
    """Parts with rates of their own; negative binomial counts with many more zeros than a Poisson."""
    rates = rng.gamma(0.6, 1.0, (count, 1))
    awake = rng.random((count, periods)) < 0.4
    return np.asarray(np.where(awake, rng.poisson(rates * rng.gamma(2.0, 1.0, (count, periods))), 0), np.float64)


@pytest.mark.slow
@pytest.mark.parametrize("count", [60, 1200])
def test_quantiles_cover_what_they_promise_on_parts_of_known_truth(count: int) -> None:
    rng = np.random.default_rng(11)
    covered, repeats = np.zeros(3), 6 if count < 100 else 1
    for _ in range(repeats):
        table = counted(rng, count, 36)
        told = remainder(table[:, :30], 6)
        sums = table[:, 30:].sum(axis=1)
        covered += (sums[:, None] <= told.quantiles([0.5, 0.9, 0.98])).mean(axis=0) / repeats
    assert 0.45 < covered[0] < 0.80  # a median of small whole numbers covers more than half
    assert 0.86 < covered[1] < 0.97
    assert 0.95 < covered[2] < 0.998


@pytest.mark.slow
def test_a_dead_part_is_told_less_than_half_of_a_living_one() -> None:
    rng = np.random.default_rng(4)
    table = rng.poisson(1.5, (900, 36)).astype(float)
    ends = rng.integers(5, 60, 900)
    table[np.arange(36) >= ends[:, None]] = 0.0
    told = remainder(table[:, :30], 6).quantiles([0.9])[:, 0]
    dead = (ends < 20) & (table[:, :30].sum(axis=1) > 5)
    alive = ends > 36
    assert np.median(told[dead]) < 0.5 * np.median(told[alive])
    assert np.mean(told[alive] > 8.0) > 0.9
