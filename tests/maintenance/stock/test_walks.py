"""The rolling count: each class in its turn, and what lies together counted on one walk."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forewarn.core.clock import US_PER_DAY
from forewarn.core.errors import Rejected
from forewarn.maintenance.stock.counting import Spot
from forewarn.maintenance.stock.walks import CountRules, due_spots, in_walking_order, lines_of, walks

DAY = US_PER_DAY


def test_dear_parts_are_counted_monthly_and_cheap_ones_yearly() -> None:
    spots = [Spot(letter, "main", abc=letter) for letter in "ABC"]
    last = {(letter, "main"): 0 for letter in "ABC"}
    for day, due in ((29, ""), (30, "A"), (91, "AB"), (365, "ABC")):
        found = due_spots(spots, last, day * DAY)
        assert "".join(sorted(one.spot.part for one in found if one.urgency >= 1)) == due


def test_what_was_never_counted_is_due_an_interval_after_it_came() -> None:
    [one] = due_spots([Spot("seal", "main", abc="A", since_us=100 * DAY)], {}, 129 * DAY)
    assert (one.due_us, one.urgency < 1) == (130 * DAY, True)


def test_shelves_are_walked_one_after_the_other_and_shelf_2_comes_before_shelf_10() -> None:
    places = ["main/a-10", "main/a-2", "main/b-1", "main/a-1"]
    spots = [Spot(f"p{n}", place, abc="A") for n, place in enumerate(places)]
    [walk] = walks(due_spots(spots, {}, 40 * DAY))
    assert [spot.place for spot in walk.spots] == ["main/a-1", "main/a-2", "main/a-10", "main/b-1"]


def test_each_room_has_a_walk_of_its_own_and_the_one_with_the_most_to_do_is_first() -> None:
    spots = [Spot("p1", "van-2"), Spot("p1", "main/a"), Spot("p2", "main/b")]
    assert [(walk.area, walk.due) for walk in walks(due_spots(spots, {}, 400 * DAY))] == [("main", 2), ("van-2", 1)]


def test_a_neighbour_comes_along_when_it_is_due_soon_and_its_shelf_is_visited_anyway() -> None:
    spots = [Spot("due", "main/a", abc="A"), Spot("soon", "main/a", abc="C"), Spot("soon", "main/b", abc="C")]
    last = {("due", "main/a"): 270 * DAY, ("soon", "main/a"): 0, ("soon", "main/b"): 0}
    [walk] = walks(due_spots(spots, last, 300 * DAY))
    assert [(spot.part, spot.place) for spot in walk.spots] == [("due", "main/a"), ("soon", "main/a")]


spots_of = st.lists(
    st.builds(
        Spot,
        part=st.sampled_from("abcdefgh"),
        place=st.sampled_from(["main/1", "main/2", "main/10", "van"]),
        abc=st.sampled_from("ABC"),
        since_us=st.integers(0, 400).map(lambda day: day * DAY),
    ),
    max_size=25,
    unique_by=lambda spot: spot.key,
)


@given(spots=spots_of, most=st.integers(1, 6))
def test_all_that_is_due_is_on_exactly_one_walk_and_no_walk_is_too_long(spots: list[Spot], most: int) -> None:
    rules = CountRules(most_lines=most)
    due = due_spots(spots, {}, 400 * DAY, rules)
    found = walks(due, rules)
    walked = [spot.key for walk in found for spot in walk.spots]
    must = {one.spot.key for one in due if one.urgency >= 1}
    assert len(walked) == len(set(walked))
    assert must <= set(walked)
    assert all(0 < len(walk.spots) <= most and walk.due > 0 for walk in found)
    assert all(list(walk.spots) == sorted(walk.spots, key=in_walking_order) for walk in found)


def test_lines_say_how_far_they_may_be_off() -> None:
    spots = [Spot("nut", "main", "", 1000, "C", 0.01), Spot("motor", "main", "", 1, "A", 900.0)]
    assert [(line.spot.part, line.tolerance) for line in lines_of(spots)] == [("motor", 0), ("nut", 50)]


@pytest.mark.parametrize(
    "told",
    [
        {"rhythm_days": {"A": 0, "B": 1, "C": 1}},
        {"rhythm_days": {"A": 1}},
        {"tolerance": {"A": 2, "B": 0, "C": 0}},
        {"most_lines": 0},
        {"beside": 2.0},
    ],
)
def test_rules_that_make_no_sense_are_refused(told: dict[str, object]) -> None:
    with pytest.raises(Rejected):
        CountRules(**told)  # type: ignore[arg-type]  # what a settings file may say
