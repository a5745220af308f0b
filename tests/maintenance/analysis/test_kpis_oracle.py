"""Each figure equals a slow recomputation from the books, over weeks in which everything happens, on both databases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from forewarn.core.work import OrderKind
from forewarn.maintenance.analysis.definitions import BY_KEY
from forewarn.maintenance.analysis.facts import Period
from forewarn.maintenance.analysis.money import costs
from forewarn.maintenance.records import open_records
from forewarn.pipeline.analysis import Analysis, Scope
from tests.conftest import DATABASES, new_database
from tests.maintenance.analysis.oracle import slow_figures
from tests.maintenance.analysis.small_works import START_US, H, SmallWorks

pytestmark = pytest.mark.slow
BERLIN = ZoneInfo("Europe/Berlin")
OF_PARTS = {"forecast_accuracy", "stock_turns", "service_level"}


@pytest.fixture(scope="module", params=DATABASES)
def home(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    yield from new_database(request, request.param, tmp_path_factory.mktemp("works"))


@pytest.fixture(scope="module")
def works(home: str) -> Iterator[SmallWorks]:
    records = open_records(home)
    lived = SmallWorks(records, 1)
    lived.live(60)
    yield lived
    records.close()


def analysis(works: SmallWorks, now_us: int | None = None) -> Analysis:
    return Analysis(lambda: works.plant, works.records, None, lambda: now_us or works.now_us)


def assert_equal(works: SmallWorks, period: Period, now_us: int, scope: Scope, assets: set[str] | None) -> Counter[str]:
    slow = slow_figures(works.records, works.plant, period.from_us, period.to_us, now_us, assets)
    found = {answer.key: answer for answer in analysis(works, now_us).figures(period, scope)}
    assert slow.keys() == found.keys() - OF_PARTS - {"availability_inherent"}
    said: Counter[str] = Counter()
    for key, (above, below) in slow.items():
        answer = found[key]
        assert answer.numerator == pytest.approx(above, abs=1e-6), key
        assert (answer.denominator or 0.0) == pytest.approx(below, abs=1e-6), key
        expected = above if answer.denominator is None else above / below if below else None
        assert answer.value == (None if answer.value is None else pytest.approx(expected)), key
        assert (answer.value is None) == bool(answer.why), key
        assert sum(row.numerator for row in answer.rows) == pytest.approx(above), key
        said[key] += answer.value is not None
    between, restore, inherent = (found[key].value for key in ("mtbf", "mttr", "availability_inherent"))
    if between is not None and restore is not None:
        assert inherent == pytest.approx(between / (between + restore))
    else:
        assert inherent is None
    return said


def test_the_weeks_have_everything_that_figures_speak_of(works: SmallWorks) -> None:
    orders = works.book.orders(limit=10_000)
    reached = {row["action"] for order in orders for row in works.book.history(order.id)}
    assert reached >= {"APPR", "WMATL", "INPRG", "COMP", "CLOSE", "CAN", "breakdown", "report"}
    assert {order.kind for order in orders} >= {OrderKind.CORRECTIVE, OrderKind.EMERGENCY, OrderKind.PREVENTIVE}
    assert len(works.staff.history("schedule")) >= 3
    assert works.plans.retired() == {"fan-2": "sold"}


def test_every_figure_of_the_whole_time_equals_its_slow_recomputation(works: SmallWorks) -> None:
    said = assert_equal(works, Period(START_US - 24 * H, works.now_us, BERLIN), works.now_us, Scope(), None)
    assert set(said) == {key for key, told in said.items() if told}  # and every one can be said


def test_figures_of_other_periods_and_machines_do_too(works: SmallWorks) -> None:
    rng = np.random.default_rng(4)
    scopes = [
        (Scope(), None),
        (Scope(asset_class="pump"), {"pump-1", "pump-2", "pump-3"}),
        (Scope(area="hall"), {"pump-1", "pump-3", "fan-2"}),
        (Scope("fan-1"), {"fan-1"}),
        (Scope(asset_class="fan", area="hall"), {"fan-2"}),
    ]
    whole_h = (works.now_us - START_US) // H
    for n in range(6):
        first, last = sorted(int(h) for h in rng.integers(0, whole_h, 2))
        period = Period(START_US + first * H, START_US + (last + 30) * H, BERLIN)
        scope, assets = scopes[n % len(scopes)]
        assert_equal(works, period, works.now_us, scope, assets)


def test_other_weeks_agree_as_well(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    for url in new_database(request, "sqlite", tmp_path):
        records = open_records(url)
        lived = SmallWorks(records, 3)
        lived.live(60)
        assert_equal(lived, Period(START_US, lived.now_us + 9 * H, BERLIN), lived.now_us, Scope(), None)
        assert_equal(lived, Period(START_US + 100 * H, lived.now_us - 60 * H, BERLIN), lived.now_us, Scope(), None)
        records.close()


def test_costs_by_whatever_are_the_same_money(works: SmallWorks) -> None:
    found, period = analysis(works), Period(START_US, works.now_us, BERLIN)
    whole = found.figure("maintenance_cost", period).numerator
    facts = found.facts(period)
    for by in ("asset", "class", "area", "kind", "component", "month"):
        assert sum(cost.total for cost in costs(facts, period, by)) == pytest.approx(whole, abs=0.05), by
    labour = sum(line.amount for o in facts.orders for line in o.lines if line.kind == "labour")
    assert sum(cost.total for cost in costs(facts, period, "person")) == pytest.approx(labour)
    months = found.trend("maintenance_cost", period, "month")
    assert sum(answer.numerator for _, answer in months) == pytest.approx(whole)


def test_the_parts_of_restoring_add_up_for_every_failure(works: SmallWorks) -> None:
    found, period = analysis(works), Period(START_US, works.now_us, BERLIN)
    whole = {row.id: row.numerator for row in found.figure("mttr", period).rows}
    parts: Counter[str] = Counter()
    for key in ("mttr_notice", "mtta", "mwt", "active_repair"):
        for row in found.figure(key, period).rows:
            parts[row.id] += row.numerator  # type: ignore[assignment]
    assert whole == pytest.approx(dict(parts))
    assert len(whole) >= 3


def test_every_definition_has_its_figure(works: SmallWorks) -> None:
    found = analysis(works).figures(Period(START_US, works.now_us, BERLIN))
    assert [answer.key for answer in found] == list(BY_KEY)
