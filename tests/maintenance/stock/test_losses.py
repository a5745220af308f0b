"""What counts found missing: added up, laid against finds elsewhere and against issues, with an honest interval."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forewarn.core.clock import US_PER_DAY
from forewarn.core.errors import Rejected
from forewarn.maintenance.stock.losses import By, Difference, Issue, explained, losses, month_of, rate_of

DAY = US_PER_DAY
ROWS = [
    Difference("CNT-1", 1, "seal", "main", 10 * DAY, -2, 40.0, "A", "ann"),
    Difference("CNT-1", 2, "belt", "main", 10 * DAY, 0, 10.0, "C", "ann"),
    Difference("CNT-2", 1, "seal", "van", 50 * DAY, 1, 40.0, "A", "bob"),
    Difference("CNT-3", 1, "belt", "main", 200 * DAY, -5, 10.0, "C", "ann"),
]
ISSUES = [Issue("seal", "main", 5 * DAY, 800.0, "A"), Issue("belt", "main", 5 * DAY, 200.0, "C")]


def told(by: By) -> dict[str, tuple[int, int, int, float]]:
    return {g.key: (g.counted, g.off, g.moved_pieces, g.unexplained_value) for g in losses(ROWS, ISSUES, by).groups}


def test_losses_are_added_up_by_part_place_month_class_and_who_counted() -> None:
    assert told(By.PART) == {"belt": (2, 1, 0, 50.0), "seal": (2, 2, 2, 40.0)}
    assert told(By.PLACE) == {"main": (3, 2, 1, 90.0), "van": (1, 1, 1, 0.0)}
    assert told(By.MONTH) == {"1970-01": (2, 1, 1, 40.0), "1970-02": (1, 1, 1, 0.0), "1970-07": (1, 1, 0, 50.0)}
    assert told(By.CLASS) == {"A": (2, 2, 2, 40.0), "C": (2, 1, 0, 50.0)}
    assert told(By.WHO) == {"ann": (3, 2, 1, 90.0), "bob": (1, 1, 1, 0.0)}


def test_the_rate_is_lost_money_per_money_issued_and_the_rows_stand_behind() -> None:
    found = losses(ROWS, ISSUES, By.PART)
    assert found.total.rate.rate == pytest.approx(90 / 1000)
    seal = next(group for group in found.groups if group.key == "seal")
    assert seal.rate.rate == pytest.approx(40 / 800)
    assert (seal.missing_value, seal.found_value, seal.accuracy) == (80.0, 40.0, 0.0)
    assert [(row.difference.sheet, row.elsewhere, row.rest) for row in seal.rows] == [("CNT-1", 1, -1), ("CNT-2", 1, 0)]


def test_what_turns_up_long_after_was_not_the_same_piece() -> None:
    assert [row.rest for row in explained(ROWS, pair_days=30)] == [-2, 0, 1, -5]
    with pytest.raises(Rejected):
        losses(ROWS, ISSUES, pair_days=-1)


def test_where_nothing_was_issued_there_is_no_rate() -> None:
    rate = losses(ROWS, [], By.PART).total.rate
    assert (rate.rate, rate.low, rate.high) == (None, None, None)
    assert month_of(0) == "1970-01"


differences = st.lists(
    st.builds(
        Difference,
        sheet=st.just("C"),
        line=st.integers(1, 99),
        part=st.sampled_from("ab"),
        place=st.sampled_from("xy"),
        at_us=st.integers(0, 400).map(lambda day: day * DAY),
        pieces=st.integers(-5, 5),
        price=st.sampled_from([1.0, 20.0]),
    ),
    max_size=12,
)


@given(differences, st.sampled_from(list(By)))
def test_explaining_loses_and_makes_no_piece(counted: list[Difference], by: By) -> None:
    rows = explained(counted)
    assert sum(row.rest for row in rows) == sum(one.pieces for one in counted)
    for one, row in zip(counted, rows, strict=True):
        assert row.difference is one
        assert one.pieces * row.rest >= 0
        assert abs(row.rest) + row.elsewhere == abs(one.pieces)
    found = losses(counted, ISSUES, by)
    for field in ("counted", "off", "missing_pieces", "found_pieces", "moved_pieces"):
        assert sum(getattr(group, field) for group in found.groups) == getattr(found.total, field)
    assert sum(group.unexplained_value for group in found.groups) == pytest.approx(found.total.unexplained_value)


def test_the_interval_holds_the_true_rate_as_often_as_it_says() -> None:
    """Losses drawn at a known rate, 4 a year of parts at 10 and 100: 95 % of the intervals hold it, or more."""
    rng, held, tries, issued = np.random.default_rng(5), 0, 2_000, 10_000.0
    true = (3 * 10.0 + 1 * 100.0) / issued
    for _ in range(tries):
        lost = [10.0] * rng.poisson(3) + [100.0] * rng.poisson(1)
        rate = rate_of(lost, issued, dearest=100.0)
        held += (rate.low or 0.0) <= true <= (rate.high or 0.0)
    assert 0.95 <= held / tries <= 0.995


def test_one_kind_of_loss_has_the_exact_interval_of_a_poisson_count() -> None:
    from scipy.stats import chi2

    rate = rate_of([5.0] * 7, 1_000.0, dearest=5.0)
    low, high = chi2.ppf(0.025, 14) / 2 * 5 / 1000, chi2.ppf(0.975, 16) / 2 * 5 / 1000
    assert [rate.low, rate.high] == pytest.approx([low, high])
