"""Assessments: the newest at once, the past thinner the farther away."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forewarn.core.errors import Rejected
from forewarn.core.work import Json
from forewarn.maintenance.assessment_book import AssessmentBook
from forewarn.maintenance.evidence import assessment_json
from forewarn.maintenance.records import Records, open_records
from tests.maintenance.places import Place
from tests.maintenance.samples import assessment


@pytest.fixture
def records(any_records: Records) -> Records:
    """All tests of this file run on both databases."""
    return any_records


def told(asset: str, at_us: int, health: float = 50.0) -> Json:
    return {"asset": asset, "at_us": at_us, "health": health}


def times(kept: list[Json]) -> list[int]:
    found = [each["at_us"] for each in kept]
    return [at_us for at_us in found if isinstance(at_us, int)]


def test_a_real_assessment_comes_back_as_it_was(records: Records) -> None:
    book, kept = AssessmentBook(records), assessment_json(assessment())
    book.save(kept)
    assert book.latest() == {"pump-03": kept}
    assert book.history("pump-03") == [kept]


def test_the_newest_of_each_asset_is_given_also_when_an_older_one_comes_late(records: Records) -> None:
    book = AssessmentBook(records)
    book.save_all([told("a", 10), told("b", 5), told("a", 30), told("a", 20)])
    assert book.latest() == {"a": told("a", 30), "b": told("b", 5)}
    assert times(book.history("a")) == [10, 20, 30]


def test_the_same_moment_again_replaces(records: Records) -> None:
    book = AssessmentBook(records)
    book.save(told("a", 10, 50))
    book.save(told("a", 10, 40))
    assert book.history("a") == [told("a", 10, 40)]
    assert book.latest()["a"]["health"] == 40


def test_history_starts_where_asked_and_is_thinned_evenly_to_the_limit(records: Records) -> None:
    book = AssessmentBook(records)
    book.save_all([told("a", n) for n in range(100)])
    assert times(book.history("a", since_us=95)) == [95, 96, 97, 98, 99]
    assert times(book.history("a", limit=4)) == [24, 49, 74, 99]
    assert book.history("unknown") == []


def test_a_thousand_assessments_are_kept_in_ten_rows_with_first_and_last(records: Records) -> None:
    book = AssessmentBook(records, keep=10)
    book.save_all([told("a", n) for n in range(1_000)])
    kept = times(book.history("a"))
    assert len(kept) <= 10
    assert (kept[0], kept[-1]) == (0, 999)
    assert kept == sorted(kept)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 60)), max_size=60))
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rows_stay_bounded_and_the_count_is_true_in_any_order_of_arrival(
    place: Place, arrivals: list[tuple[str, int]]
) -> None:
    url = place.new()
    opened = open_records(url)
    book = AssessmentBook(opened, keep=6)
    for asset, at_us in arrivals:
        book.save(told(asset, at_us))
    for asset in {asset for asset, _ in arrivals}:
        assert len(book.history(asset)) <= 6
        assert book.latest()[asset]["at_us"] == max(at for each, at in arrivals if each == asset)
    with opened.read() as connection:
        wrong = connection.exec_driver_sql(
            "SELECT asset FROM assessment_latest l "
            "WHERE kept != (SELECT count(*) FROM assessment a WHERE a.asset = l.asset)"
        ).all()
    opened.close()
    place.drop(url)
    assert wrong == []


@pytest.mark.parametrize(
    "broken",
    [{"at_us": 1}, {"asset": "a"}, {"asset": "a", "at_us": "1"}, {"asset": "a", "at_us": 1, "x": float("nan")}],
)
def test_an_assessment_that_cannot_be_kept_is_refused_and_takes_its_batch_with_it(
    records: Records, broken: Json
) -> None:
    book = AssessmentBook(records)
    with pytest.raises(Rejected, match="assessment_"):
        book.save_all([told("a", 1), broken])
    assert book.latest() == {}
