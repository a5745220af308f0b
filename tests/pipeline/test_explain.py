"""An order can be explained from the stored series, and a changed store shows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forewarn.core.clock import PlantClock
from forewarn.core.ports import Actor
from forewarn.core.readings import Readings
from forewarn.core.work import Status
from forewarn.ingest.store.memory import MemoryStore
from forewarn.pipeline.explain import Difference, differences, explain
from forewarn.pipeline.scoring import assess_settings
from tests.maintenance.samples import CODES
from tests.pipeline.machines import Works

pytestmark = pytest.mark.slow

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def worn() -> Works:
    """A pump whose order was opened, and whose life went on."""
    works = Works("p")
    works.run(130, {"p": 0.0})
    works.wear_out("p")
    works.run(24, {"p": 6.0})
    return works


def changed(store: MemoryStore, name: str, at_us: int, factor: float) -> MemoryStore:
    """A copy of the store where the readings of one series before a time are other ones."""
    copy = MemoryStore()
    copy.assign(list(store.names()))
    for number in store.names().values():
        rows = store.read(number, 0, 2**62)
        if number == store.names()[name]:
            value = [v * factor if t < at_us else v for t, v in zip(rows.at.tolist(), rows.value.tolist(), strict=True)]
            rows = Readings.of(rows.series.tolist(), rows.at.tolist(), value, rows.quality.tolist())
        copy.write(copy.position + 1, rows, store.waveforms(number, 0, 2**62), [])
    return copy


def test_an_order_comes_out_the_same_from_the_stored_series(worn: Works) -> None:
    (order,) = worn.orders.orders()
    (found,) = explain(order, worn.plant, worn.raw, worn.derived)
    assert found.differences == ()
    assert found.now == found.frozen
    assert found.now["at_us"] == order.created_at_us


def test_a_changed_store_is_told_by_the_numbers_that_come_out_differently(worn: Works) -> None:
    (order,) = worn.orders.orders()
    loudest = cast(Any, order.causes[0].evidence)["assessment"]["contributions"][0]["feature"]
    derived = changed(worn.derived, f"p/{loudest}", order.created_at_us + 1, 1.1)
    (found,) = explain(order, worn.plant, worn.raw, derived)
    named = {d.path: (d.frozen, d.now) for d in found.differences}
    assert "contributions.0.value" in named
    before, after = named["contributions.0.value"]
    assert after == pytest.approx(1.1 * float(str(before)), rel=0.02)
    assert "at_us" not in named


def test_what_happened_after_the_order_does_not_change_its_explanation(worn: Works) -> None:
    (order,) = worn.orders.orders()
    later = order.created_at_us + 1
    raw = MemoryStore()
    raw.assign(list(worn.raw.names()))
    for number in worn.raw.names().values():
        raw.write(raw.position + 1, worn.raw.read(number, 0, later), worn.raw.waveforms(number, 0, later), [])
    (found,) = explain(order, worn.plant, raw, worn.derived)
    assert found.differences == ()


def test_an_order_after_a_repair_is_explained_from_the_time_after_the_repair() -> None:
    works = Works("p")
    works.run(130, {"p": 0.0})
    works.wear_out("p")
    order = works.orders.orders()[0]
    for status in (Status.APPR, Status.INPRG, Status.COMP, Status.INPRG, Status.COMP):
        told = CODES if status is Status.COMP else None
        order = works.orders.act(order.id, status, Actor("ann"), order.revision, works.now_us, told)
    works.run(130, {"p": 0.0})
    works.run(80, {"p": 8.0}, stuck="p/flow")
    instrument = next(o for o in works.orders.orders() if o.kind == "instrument")
    (found,) = explain(instrument, works.plant, works.raw, works.derived)
    assert found.differences == ()
    assert found.frozen["state"] != "warming_up"


def test_a_plant_on_an_accelerated_clock_is_explained_with_its_own_settings(worn: Works) -> None:
    (order,) = worn.orders.orders()
    fast = assess_settings(PlantClock(rate=10_800.0))
    (found,) = explain(order, worn.plant, worn.raw, worn.derived, fast)
    assert {d.path for d in found.differences} == {"forecasts.0.model.digest", "model.digest"}


def test_an_asset_that_is_gone_from_the_plant_file_is_named(worn: Works) -> None:
    (order,) = worn.orders.orders()
    with pytest.raises(KeyError, match="p is not in the plant file"):
        explain(order, replace(worn.plant, assets=()), worn.raw, worn.derived)


@given(json_values)
def test_a_value_does_not_differ_from_itself(value: object) -> None:
    assert differences(value, value) == []


def test_differences_name_the_place() -> None:
    frozen = {"a": [{"x": 1.0}, {"x": 2.0}], "state": "alarm", "gone": 1}
    now = {"a": [{"x": 1.0}, {"x": 2.1}], "state": "alert"}
    assert differences(frozen, now) == [
        Difference("a.1.x", 2.0, 2.1),
        Difference("gone", 1, None),
        Difference("state", "alarm", "alert"),
    ]


def test_a_list_of_another_length_differs_as_a_whole() -> None:
    assert differences({"a": [1, 2]}, {"a": [1]}) == [Difference("a", [1, 2], [1])]


def test_rounding_is_no_difference_and_a_thousandth_is_one() -> None:
    assert differences(1e6, 1e6 * (1 + 1e-9)) == []
    assert len(differences(1.0, 1.001)) == 1
