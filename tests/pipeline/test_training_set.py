"""A training set holds what was known then, and refuses to teach what it cannot."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.errors import Rejected
from forewarn.core.labels import Finding
from forewarn.core.readings import Quality
from forewarn.core.work import OrderKind
from forewarn.models.life.contract import Life
from forewarn.models.training.sets import DatedLife, TrainingSet, reasons_against, refuse
from forewarn.pipeline.training_lives import Repair, lives_of, repairs_of
from forewarn.pipeline.training_set import SetRequest, training_set
from tests.pipeline.archives import Past, day, fleet


def as_of(days: float, **more: object) -> SetRequest:
    return replace(SetRequest("pump", day(days)), **more)  # type: ignore[arg-type]


@settings(max_examples=12, deadline=None)
@given(
    st.floats(50, 60),
    st.lists(st.tuples(st.sampled_from(["p1", "p2"]), st.floats(60.5, 95), st.floats(-50, 150)), max_size=8),
    st.booleans(),
)
def test_what_comes_after_the_moment_changes_nothing(
    moment: float, later: list[tuple[str, float, float]], repaired: bool
) -> None:
    past = fleet(2, 50)
    before = training_set(past.archive, as_of(moment)).digest
    for id, at, value in later:
        past.write(f"{id}/temp", [day(at) + 7], [value])
    if repaired:
        past.order("p1", 61, 62)
    past.derived.assign(["p1/vib:rms"])
    assert training_set(past.archive, as_of(moment)).digest == before


def test_one_more_reading_before_the_moment_changes_the_digest() -> None:
    past = fleet(2, 50)
    before = training_set(past.archive, as_of(60)).digest
    past.write("p1/temp", [day(59.9) + 7], [999.0])
    past.write("p1/temp", [day(59.9) + 8], [999.0])
    assert training_set(past.archive, as_of(60)).digest != before


def test_every_row_holds_the_median_of_what_came_since_the_row_before() -> None:
    past = fleet(2, 50)
    made = training_set(past.archive, as_of(60, every_h=10.0))
    first = made.lives[0]
    temp = past.raw.read(past.raw.names()["p1/temp"], 0, 2**62)
    step = 10 * US_PER_HOUR
    column = first.life.names.index("temp")
    for at_us, row in list(zip(first.at_us, first.life.values, strict=True))[1:]:  # the first row may be a shorter one
        inside = temp.value[(temp.at > at_us - step) & (temp.at <= at_us)]
        assert row[column] == pytest.approx(np.median(inside))


def test_no_row_knows_a_reading_from_after_its_moment() -> None:
    made = training_set(fleet(3, 50).archive, as_of(70))
    assert all((dated.known_us <= dated.at_us).all() for dated in made.lives)
    assert all((np.diff(dated.life.age) > 0).all() for dated in made.lives)


def test_a_breakdown_ends_a_life_and_its_repair_begins_another() -> None:
    past = fleet(1, 50)
    made = training_set(past.archive, as_of(60))
    assert [dated.life.ended for dated in made.lives] == [True, False]
    assert made.lives[0].at_us[-1] == day(30)
    assert made.lives[1].at_us[0] > day(31)
    assert made.lives[0].ended_by == "WO-000001"


def test_an_order_that_was_closed_later_is_still_open_then() -> None:
    past = fleet(1, 50)
    (repair,) = repairs_of(past.orders, day(30.5))["p1"]
    assert repair.done_us is None
    assert [life.ended for life in lives_of("p1", [repair], day(0), day(30.5))] == [True]


def test_a_finding_counts_from_the_moment_when_it_was_told() -> None:
    past = Past(("p1",))
    past.wear("p1", 0, 40)
    past.order("p1", 20, 22, OrderKind.CONDITION, "not_found")
    (known,) = repairs_of(past.orders, day(30))["p1"]
    (then,) = repairs_of(past.orders, day(21))["p1"]
    assert known.finding is not None
    assert then.finding is None


def test_where_nothing_was_found_the_life_goes_on() -> None:
    past = Past(("p1",))
    past.wear("p1", 0, 40)
    past.order("p1", 20, 22, OrderKind.CONDITION, "not_found")
    made = training_set(past.archive, as_of(40))
    assert len(made.lives) == 1
    assert not made.lives[0].life.ended


def test_a_repair_in_time_is_censored_unless_confirmed_faults_are_asked_for() -> None:
    past = Past(("p1",))
    past.wear("p1", 0, 40)
    past.order("p1", 20, 22, OrderKind.CONDITION, "confirmed")
    assert [d.life.ended for d in training_set(past.archive, as_of(40)).lives] == [False, False]
    assert [d.life.ended for d in training_set(past.archive, as_of(40, ends="confirmed")).lives] == [True, False]


def test_readings_that_arrived_late_are_left_out_and_counted() -> None:
    past = Past(("p1",))
    past.wear("p1", 0, 30)
    before = training_set(past.archive, as_of(30))
    past.write("p1/temp", [day(10) + i for i in range(1, 40)], [500.0] * 39, int(Quality.LATE))
    after = training_set(past.archive, as_of(30))
    assert after.digest == before.digest
    assert after.left_out == 39
    assert training_set(past.archive, as_of(30, told_later=True)).digest != before.digest


def test_a_class_that_no_machine_has_is_refused_and_the_others_are_named() -> None:
    with pytest.raises(Rejected, match="there are: pump"):
        training_set(fleet(1, 50).archive, SetRequest("fan", day(60)))


def test_a_healthy_set_of_four_worn_pumps_may_teach() -> None:
    made = training_set(fleet(4).archive, as_of(90))
    assert reasons_against(made, "life") == ()
    assert made.ends == 4


def test_three_rows_are_too_few_and_the_reason_is_said() -> None:
    past = Past(("p1",))
    past.wear("p1", 0, 1.5)
    with pytest.raises(Rejected, match=r"3 rows: at least 30 are needed"):
        refuse(training_set(past.archive, as_of(1.5)), "detector")


def test_lives_of_one_class_only_are_refused() -> None:
    past = Past(("p1", "p2", "p3"))
    for id in past.assets:
        past.wear(id, 0, 40)
    assert any("only one class" in reason for reason in reasons_against(training_set(past.archive, as_of(40)), "life"))


def test_a_set_without_any_value_is_refused() -> None:
    made = training_set(fleet(4).archive, as_of(90))
    empty = [replace(d, life=replace(d.life, values=np.full_like(d.life.values, np.nan))) for d in made.lives]
    told = reasons_against(replace(made, lives=tuple(empty)), "life")
    assert any("every value is missing" in reason for reason in told)


def test_rows_that_know_the_future_are_refused() -> None:
    made = training_set(fleet(4).archive, as_of(90))
    peeking = tuple(replace(d, known_us=d.known_us + 13 * US_PER_HOUR) for d in made.lives)
    assert any("could not have known" in reason for reason in reasons_against(replace(made, lives=peeking), "life"))
    earlier = replace(made, as_of_us=day(50))
    assert any("after the moment for which" in reason for reason in reasons_against(earlier, "life"))


def test_a_column_that_counts_down_to_the_end_is_refused() -> None:
    made = training_set(fleet(4).archive, as_of(90))
    told = reasons_against(with_column(made, "days_to_stop", lambda life: life.age[-1] - life.age), "life")
    assert any("days_to_stop knows the answer" in reason for reason in told)


def test_wear_that_grows_at_another_rate_on_each_machine_is_no_answer() -> None:
    made = training_set(fleet(4).archive, as_of(90))
    worn = with_column(made, "wear", lambda life: 1.0 + life.age * (0.01 + 0.002 * int(life.asset[1:])))
    assert reasons_against(worn, "life") == ()


def with_column(made: TrainingSet, name: str, value: object) -> TrainingSet:
    names = (*made.schema.names, name)

    def widened(life: Life) -> Life:
        column = value(life)  # type: ignore[operator]
        return replace(life, names=names, values=np.column_stack((life.values, column)))

    lives = tuple(DatedLife(widened(d.life), d.at_us, d.known_us, d.ended_by) for d in made.lives)
    schema = replace(made.schema, names=names, units=(*made.schema.units, ""))
    return replace(made, lives=lives, schema=schema)


def test_a_machine_that_stood_before_its_warning_was_worked_off_failed_then_and_a_failed_check_is_no_failure() -> None:
    warned = Repair("p1", "WO-1", OrderKind.CONDITION, 40, 55, 60, Finding.CONFIRMED, broke_us=50)
    (first, second) = lives_of("p1", [warned], 0, 100)
    assert (first.stop_us, first.ended, second.start_us) == (50, True, 60)
    (cut, _) = lives_of("p1", [replace(warned, broke_us=None)], 0, 100)
    assert (cut.stop_us, cut.ended) == (55, False)
    (nothing,) = lives_of("p1", [replace(warned, finding=Finding.NOT_FOUND)], 0, 100)
    assert not nothing.ended
    standing = lives_of("p1", [replace(warned, done_us=None, finding=None)], 0, 100)
    assert [(life.stop_us, life.ended) for life in standing] == [(50, True)], "it stands still"
    checked = Repair("p1", "WO-2", OrderKind.CORRECTIVE, 40, 55, 60, None, by_check=True)
    assert [life.ended for life in lives_of("p1", [checked], 0, 100)] == [False, False]
