"""The scorecard counts finished orders, and says nothing where there is nothing to count."""

from __future__ import annotations

from dataclasses import replace

import pytest

from forewarn.core.faults import Fault
from forewarn.core.health import ModelRef
from forewarn.core.labels import Finding, Label
from forewarn.core.work import OrderKind, Verification
from forewarn.pipeline.scorecard import Costs, Scorecard, Watched, scorecard, scorecard_of
from forewarn.pipeline.training_lives import Repair
from tests.pipeline.archives import Past, day

SEAL = Fault("seal", "seal_leak")


def label(number: int, finding: Finding, opened: float, told: float, asset: str = "p1", version: str = "1") -> Label:
    model = ModelRef("baseline", version, "x")
    return Label(str(number), f"WO-{number}", asset, "pump", SEAL, 0.8, model, day(opened), day(told), finding)


def broke(number: int, at: float, asset: str = "p1") -> Repair:
    return Repair(asset, f"WO-{number}", OrderKind.CORRECTIVE, day(at), None, day(at + 1), None)


def warned(number: int, at: float, asset: str = "p1", done: float | None = None) -> Repair:
    return Repair(asset, f"WO-{number}", OrderKind.CONDITION, day(at), None, None if done is None else day(done), None)


def card(labels: list[Label], repairs: list[Repair] | None = None, **more: object) -> Scorecard:
    watched = {"p1": Watched("pump", 730.5), "f1": Watched("fan", 365.25)}
    return scorecard(labels, repairs or [], watched, day(0), day(365), **more)  # type: ignore[arg-type]


def test_without_finished_orders_there_are_no_numbers() -> None:
    empty = card([])
    assert empty.total.orders == 0
    assert empty.total.precision.value is None
    assert empty.total.warning_days.value is None
    assert empty.total.false_alarms_per_year.value == 0  # it was watched: no false alarm in three years is a figure
    assert empty.total.false_alarms_per_year.high == pytest.approx(3.689 / 3, rel=1e-3)


def test_precision_counts_partly_as_right_and_carries_its_interval() -> None:
    told = card(
        [label(1, Finding.CONFIRMED, 1, 10), label(2, Finding.PARTLY, 1, 10), label(3, Finding.NOT_FOUND, 1, 9)]
    )
    precision = told.total.precision
    assert (precision.count, precision.total) == (2, 3)
    assert precision.low is not None
    assert precision.high is not None
    assert precision.low < 2 / 3 < precision.high
    assert told.total.confirmed.count == 1


def test_a_breakdown_that_nobody_announced_is_a_miss() -> None:
    told = card([], [broke(1, 100)])
    assert [(m.asset, m.number) for m in told.misses] == [("p1", "WO-1")]
    assert told.total.recall.value == 0


def test_a_breakdown_with_an_open_order_before_it_was_announced() -> None:
    assert card([], [warned(1, 90), broke(2, 100)]).misses == ()
    assert card([], [warned(1, 90, done=95), broke(2, 100)]).misses != ()
    assert card([], [warned(1, 90, "f1"), broke(2, 100)]).misses != ()
    assert card([], [warned(1, 10), broke(2, 100)]).misses != ()


def test_warning_time_is_counted_against_seven_days() -> None:
    told = card([label(1, Finding.CONFIRMED, 0, 10), label(2, Finding.CONFIRMED, 0, 4)])
    assert told.total.warning_days.value == pytest.approx(7.0)
    assert (told.total.in_time.count, told.total.in_time.total) == (1, 2)


def test_false_alarms_stand_per_asset_and_year_beside_the_set_rate() -> None:
    told = card([label(1, Finding.NOT_FOUND, 0, 10)], set_rate=0.1)
    assert told.total.false_alarms_per_year.value == pytest.approx(1 / 3)
    assert told.total.set_rate == 0.1
    pumps = next(s for s in told.by_class if s.of == "pump")
    assert pumps.false_alarms_per_year.value == pytest.approx(0.5)


def test_what_was_told_outside_of_the_span_counts_nowhere() -> None:
    assert card([label(1, Finding.CONFIRMED, 0, 400), label(2, Finding.CONFIRMED, -30, -1)]).total.orders == 0


def test_versions_of_models_stand_apart() -> None:
    told = card([label(1, Finding.CONFIRMED, 0, 1), label(2, Finding.NOT_FOUND, 0, 1, version="2")])
    assert [(s.of, s.precision.value) for s in told.by_model] == [("baseline 1", 1.0), ("baseline 2", 0.0)]


def test_money_is_only_told_where_costs_are_known() -> None:
    labels = [label(1, Finding.CONFIRMED, 0, 1), label(2, Finding.NOT_FOUND, 0, 1)]
    assert card(labels).total.net is None
    assert card(labels, costs=Costs(10_000, 2_000, 300)).total.net == 7_700
    assert card([], costs=Costs(10_000, 2_000, 300)).total.net is None


def test_the_card_of_a_plant_reads_its_orders() -> None:
    past = Past(("p1", "p2"))
    past.order("p1", 20, 30, OrderKind.CONDITION, "confirmed")
    past.order("p2", 40, 41, OrderKind.CORRECTIVE)
    past.order("p1", 50, 51, OrderKind.CONDITION)
    told = scorecard_of(past.orders, past.plant, day(0), day(100), lambda asset: day(0) if asset == "p1" else None)
    assert told.total.orders == 1
    assert [m.asset for m in told.misses] == ["p2"]
    assert told.waiting == 1
    assert told.total.asset_years == pytest.approx(100 / 365.25)


def test_a_breakdown_that_was_none_is_no_miss() -> None:
    assert card([], [replace(broke(1, 100), finding=Finding.NOT_FOUND)]).misses == ()


def test_the_warning_ends_when_the_work_begins() -> None:
    begun = Repair("p1", "WO-1", OrderKind.CONDITION, day(0), day(8), day(20), Finding.CONFIRMED)
    told = card([label(1, Finding.CONFIRMED, 0, 20)], [begun])
    assert told.total.warning_days.value == pytest.approx(8.0)


def stood(number: int, opened: float, broke: float, done: float | None = None) -> Repair:
    """A condition order on which somebody told that its machine broke down."""
    return replace(warned(number, opened, done=done), finding=Finding.CONFIRMED, broke_us=day(broke))


def test_a_breakdown_told_on_an_order_of_the_advice_was_announced_by_it_and_counts_once() -> None:
    told = card([label(1, Finding.CONFIRMED, 90, 103)], [stood(1, 90, 100, 103)], costs=Costs(10_000, 2_000, 300))
    assert told.misses == ()
    assert (told.total.recall.count, told.total.recall.total) == (1, 1)
    assert told.total.precision.count == 1
    assert told.total.warning_days.value == pytest.approx(10.0)  # until it broke, not until the finding
    assert told.total.net == 0  # nothing was avoided


@pytest.mark.parametrize(("opened", "broke"), [(101, 100), (10, 100)])
def test_a_breakdown_before_its_order_or_long_after_it_is_a_miss(opened: float, broke: float) -> None:
    told = card([label(1, Finding.CONFIRMED, opened, 103)], [stood(1, opened, broke, 103)])
    assert [(miss.number, miss.at_us) for miss in told.misses] == [("WO-1", day(broke))]
    assert (told.total.recall.count, told.total.recall.total) == (0, 1)


def test_what_failed_its_verification_is_not_confirmed() -> None:
    labels = [label(n, Finding.CONFIRMED, 1, 10) for n in (1, 2)]
    told = card([labels[0], replace(labels[1], verification=Verification.FAILED)])
    assert (told.total.confirmed.count, told.total.confirmed.total) == (1, 2)
    assert told.total.precision.count == 2  # something was wrong, and still is
