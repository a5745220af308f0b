"""Rates of demand beside slow recomputations, one part and one period at a time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forewarn.core.readings import Floats
from forewarn.maintenance.demand.aggregate import adida, imapa
from forewarn.maintenance.demand.bootstrap import bootstrap, transitions
from forewarn.maintenance.demand.classes import demand_class
from forewarn.maintenance.demand.counts import negative_binomial, zero_inflated
from forewarn.maintenance.demand.croston import croston, mean_rate, sba, smoothed, tsb
from forewarn.maintenance.demand.distribution import LEVELS, LeadDemand, LeadDemands
from forewarn.maintenance.demand.history import Histories, cleaned, spread, units
from forewarn.maintenance.demand.pooled import moments
from forewarn.maintenance.demand.service import by_parts, by_value

NAN = float("nan")
rows = st.lists(st.one_of(st.just(0.0), st.integers(1, 30).map(float)), min_size=2, max_size=20)


def by_hand(row: list[float], smoothing: float) -> float:
    """Croston 1972, word by word."""
    sizes = [x for x in row if x > 0]
    if not sizes:
        return 0.0
    size, gap, since = sum(sizes) / len(sizes), len(row) / len(sizes), 0
    for x in row:
        since += 1
        if x > 0:
            size += smoothing * (x - size)
            gap += smoothing * (since - gap)
            since = 0
    return size / gap


def fading(row: list[float], smoothing: float, slow: float) -> float:
    """Teunter, Syntetos and Babai 2011, word by word."""
    sizes = [x for x in row if x > 0]
    size, chance = sum(sizes) / max(len(sizes), 1), len(sizes) / len(row)
    for x in row:
        if x > 0:
            size += slow * (x - size)
            chance += smoothing * (1 - chance)
        else:
            chance -= smoothing * chance
    return size * chance


def in_blocks(row: list[float], size: int, smoothing: float) -> float:
    """Smoothed sums over whole blocks counted back from the end."""
    sums = [sum(row[end - size : end]) for end in range(len(row), size - 1, -size)][::-1]
    if not sums:
        return sum(row) / len(row)
    level = sum(sums) / len(sums)
    for one in sums:
        level += smoothing * (one - level)
    return level / size


@settings(max_examples=80, deadline=None)
@given(row=rows, blank=st.integers(0, 4))
def test_rates_equal_the_papers_word_by_word_and_blanks_before_the_record_do_not_count(
    row: list[float], blank: int
) -> None:
    one = cleaned([[NAN] * blank + row])
    assert croston(one)[0] == pytest.approx(by_hand(row, 0.1))
    assert sba(one)[0] == pytest.approx(0.95 * by_hand(row, 0.1))
    assert tsb(one)[0] == pytest.approx(fading(row, 0.1, 0.05))
    assert mean_rate(one)[0] == pytest.approx(sum(row) / len(row))
    demands = sum(x > 0 for x in row)
    longest = int(np.clip(np.rint(len(row) / demands), 1, max(len(row) // 2, 1))) if demands else 1
    assert adida(one)[0] == pytest.approx(in_blocks(row, longest, 0.1))
    every = [in_blocks(row, size, 0.1) for size in range(1, longest + 1)]
    assert imapa(one)[0] == pytest.approx(sum(every) / longest)


@pytest.mark.parametrize("rate", [croston, sba, tsb, adida, imapa, mean_rate, smoothed])
def test_rates_scale_with_the_pieces_and_find_a_steady_demand(rate: Callable[[Histories], Floats]) -> None:
    rng = np.random.default_rng(1)
    table = rng.poisson(0.4, (20, 30)).astype(float)
    np.testing.assert_allclose(rate(cleaned(10 * table)), 10 * rate(cleaned(table)))
    bias = 0.95 if rate is sba else 1.0
    assert rate(cleaned([[3.0] * 24]))[0] == pytest.approx(3.0 * bias)


def test_tsb_forgets_a_dead_part_and_croston_does_not() -> None:
    alive, dead = [0.0, 3.0] * 10, [0.0, 3.0] * 10 + [0.0] * 40
    assert tsb(cleaned([dead]))[0] < 0.05 * tsb(cleaned([alive]))[0]
    assert croston(cleaned([dead]))[0] > 0.3 * croston(cleaned([alive]))[0]


def slow_net(row: list[float]) -> list[float]:
    """Piece by piece: each returned piece undoes the latest demand before it."""
    kept = [max(x, 0.0) for x in row]
    for at, x in enumerate(row):
        for _ in range(int(max(-x, 0))):
            latest = [i for i in range(at) if kept[i] > 0]
            if latest:
                kept[latest[-1]] -= 1
    return kept


@settings(max_examples=80, deadline=None)
@given(row=st.lists(st.integers(-9, 9).map(float), min_size=1, max_size=12))
def test_returns_undo_the_latest_demand(row: list[float]) -> None:
    assert cleaned([row]).values[0].tolist() == slow_net(row)


def test_a_blank_inside_the_record_is_nothing_booked_and_a_blank_before_it_is_no_record() -> None:
    made = cleaned([[NAN, NAN, 2.0, NAN, 1.0], [NAN] * 5])
    assert made.values.tolist() == [[0, 0, 2, 0, 1], [0] * 5]
    assert made.length.tolist() == [3, 0]
    assert spread(made).tolist() == [pytest.approx(np.std([2, 0, 1])), 0.0]
    assert units(cleaned([[0.5, 1.5, 0.0]])).tolist() == [0.5]


def test_negative_binomial_is_the_cumulated_sum_of_its_chances() -> None:
    mean, variance = 3.0, 9.0
    p, r = mean / variance, mean**2 / (variance - mean)
    chance, heap, expected = p**r, 0.0, []
    k = 0
    for level in LEVELS:
        while heap + chance < level - 1e-12:
            heap += chance
            chance *= (k + r) / (k + 1) * (1 - p)
            k += 1
        expected.append(float(k))
    assert negative_binomial(np.array([mean]), np.array([variance]))[0].tolist() == expected
    in_packs = negative_binomial(np.array([30.0]), np.array([900.0]), np.array([10.0]))[0]
    assert in_packs.tolist() == [10 * k for k in expected]


def test_more_zeros_leave_the_rest_as_it_was() -> None:
    plain = negative_binomial(np.array([4.0]), np.array([8.0]))[0]
    halved = zero_inflated(np.array([0.5]), np.array([4.0]), np.array([8.0]))[0]
    assert (halved[LEVELS <= 0.5] == 0).all()
    assert halved[LEVELS.tolist().index(0.95)] == plain[LEVELS.tolist().index(0.9)]


def test_the_bootstrap_follows_its_own_chain() -> None:
    rng = np.random.default_rng(6)
    table = np.where(rng.random((1, 400)) < 0.25, 5.0, 0.0)
    quiet, busy = transitions(cleaned(table))
    assert quiet[0] == pytest.approx(0.25, abs=0.08)
    assert busy[0] == pytest.approx(0.25, abs=0.12)
    told = LeadDemands(np.array([20]), bootstrap(cleaned(table), np.array([20]), rng, paths=4000))
    assert told.means[0] == pytest.approx(20 * table.mean(), rel=0.15)


def test_few_parts_are_drawn_to_what_is_believed_before_and_many_to_one_another() -> None:
    row, lead = [0.0] * 11 + [1.0], np.array([12])
    alone = moments(cleaned([row]), lead)[0][0]
    among = moments(cleaned([row] + [[2.0] * 12] * 300), np.full(301, 12))[0][0]
    assert among > alone
    forgetful = moments(cleaned([[3.0] * 12 + [0.0] * 12]), lead, None, 0.8)[0][0]
    assert forgetful < 0.5 * moments(cleaned([[3.0] * 12 + [0.0] * 12]), lead)[0][0]


def test_classes_of_demand_stand_on_their_limits() -> None:
    assert demand_class(cleaned([[1.0] * 33 + [0.0] * 9])).tolist() == ["smooth"]  # 42 / 33 = 1.27
    assert demand_class(cleaned([[1.0] * 30 + [0.0] * 10])).tolist() == ["intermittent"]  # 1.33


def test_levels_by_value_are_even_and_by_parts_prefer_the_cheap_and_the_rare() -> None:
    values = np.stack([np.linspace(0.6, 3.0, len(LEVELS)), np.linspace(0.6, 3.0, len(LEVELS))])
    two = LeadDemands(np.array([2, 2]), np.vstack([values, 10 * values[:1]])[:3])
    cheap, dear, busy = by_parts(two, np.array([1.0, 50.0, 1.0]), 40.0)
    assert cheap > busy > dear
    assert by_value(2, 3.0).tolist() == [0.75, 0.75]


def test_pieces_suffice_and_one_less_does_not() -> None:
    one = LeadDemand(4, np.floor(np.linspace(0.0, 9.0, len(LEVELS))))
    assert one.pieces(0.9) >= one.quantile(0.9) > one.pieces(0.9) - 1
