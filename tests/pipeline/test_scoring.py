"""From stored readings to work orders, with the real models on machines made by formula."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from forewarn.core.clock import US_PER_HOUR, US_PER_S
from forewarn.core.errors import Retriable
from forewarn.core.plant_limits import Bound, PlantLimit, Shelved
from forewarn.core.ports import Actor, Refusal
from forewarn.core.readings import Quality, Readings, Waveform
from forewarn.core.telemetry import NO_NOTES, Notes
from forewarn.core.work import OrderKind, Status, Verification, WorkOrder
from forewarn.ingest.store.memory import MemoryStore
from forewarn.maintenance.orders.book_memory import MemoryOrderBook
from forewarn.pipeline import scoring
from tests.maintenance.samples import CODES
from tests.pipeline.machines import SPALL, Works, block

pytestmark = pytest.mark.slow

ANN = Actor("ann")
HEALTHY_H = 130.0


@pytest.fixture(scope="module")
def worn() -> Works:
    """One pump whose outer race wears out beside a healthy one. Only looked at."""
    works = Works("worn", "sound")
    works.run(HEALTHY_H, {"worn": 0.0, "sound": 0.0})
    works.wear_out("worn", ("sound",))
    works.run(24, {"worn": 6.0, "sound": 0.0})
    return works


def move(works: Works, order: WorkOrder, *steps: Status) -> WorkOrder:
    for status in steps:
        told = CODES if status is Status.COMP else None
        order = works.orders.act(order.id, status, ANN, order.revision, works.now_us, told)
    return order


def features_of(works: Works, id: str) -> list[str]:
    return [name for name in works.derived.names() if name.startswith(f"{id}/vib:")]


def test_a_machine_with_a_growing_fault_has_exactly_one_order_and_a_healthy_one_none(worn: Works) -> None:
    (order,) = worn.orders.orders()
    assert (order.asset, order.kind, order.status) == ("worn", OrderKind.CONDITION, Status.WAPPR)
    assert order.causes[0].fault == SPALL
    assert [line.part for line in order.parts] == ["6205"]
    assert worn.scorer.stats.orders_opened == 1
    assert worn.scorer.stats.failures == 0
    assert set(worn.kept.states("sound")) <= {"warming_up", "normal", "alert"}


def test_the_evidence_is_what_was_known_when_the_order_was_opened(worn: Works) -> None:
    (order,) = worn.orders.orders()
    frozen = order.causes[0].evidence["assessment"]
    opened = next(a for a in worn.kept.by_asset["worn"] if a["at_us"] == order.created_at_us)
    assert frozen == opened
    assert worn.kept.by_asset["worn"][-1] != opened


def test_pages_are_told_of_values_assessments_and_orders(worn: Works) -> None:
    (order,) = worn.orders.orders()
    kinds = Counter(kind for kind, _ in worn.told)
    assert kinds["values"] > kinds["asset"] > kinds["order"] >= 1
    assert ("order", order.id) in worn.told
    assert {id for kind, id in worn.told if kind == "asset"} == {"worn", "sound"}


def test_features_are_computed_once_and_stored(worn: Works) -> None:
    blocks = len(worn.raw.waveforms(worn.number("worn/vib"), 0, 2**62))
    counts = worn.derived.counts()
    assert (counts.duplicates, counts.conflicts) == (0, 0)
    assert "worn/vib:tone_bpfo" in features_of(worn, "worn")
    rms = worn.derived.read(worn.derived.names()["worn/vib:rms"], 0, 2**62)
    assert len(rms) == blocks


def test_a_restart_on_the_same_stores_opens_no_second_order_and_computes_nothing_again(worn: Works) -> None:
    before, counts = worn.orders.orders(), worn.derived.counts()
    worn.scorer = worn.start()
    worn.hours += 1.0
    assert worn.scorer.run_once() == 2
    assert [o.id for o in worn.orders.orders()] == [o.id for o in before]
    assert worn.scorer.stats.orders_opened == 0
    assert worn.derived.counts() == counts
    assert worn.kept.states("worn")[-1] == "alarm"


def test_new_data_is_assessed_once_per_interval_and_silence_not_at_once() -> None:
    works = Works("p", every_h=6.0)
    works.run(24, {"p": 0.0})
    times = works.scorer.assessed_times("p")
    assert np.diff(times).tolist() == [6 * US_PER_HOUR] * 3
    assert works.scorer.run_once() == 0


def test_news_is_not_assessed_before_its_time_however_long_the_wall_clock_ran(monkeypatch: pytest.MonkeyPatch) -> None:
    works = Works("p", every_h=6.0)
    works.run(2, {"p": 0.0})
    monkeypatch.setattr(scoring, "QUIET_S", -1.0)
    works.run(4, {"p": 0.0})
    assert len(works.scorer.assessed_times("p")) == 1
    works.hours += 2
    assert works.scorer.run_once() == 1  # silence is news, when its time has come


def test_a_machine_that_is_not_in_the_plant_file_is_passed_over() -> None:
    works = Works("p")
    (other,) = works.raw.assign(["nobody/temp"])
    works.raw.write(works.raw.position + 1, Readings.of([other], [works.now_us], [1.0]), [], [])
    assert works.scorer.run_once() == 0


def test_alarming_values_told_later_open_nothing_until_live_ones_follow() -> None:
    works, later = Works("p", every_h=2.0), int(Quality.HISTORICAL)
    works.run(HEALTHY_H, {"p": 0.0})
    at = [round(works.now_us + i * 600 * US_PER_S) for i in range(8)]
    for signal, level in (("temp", 55.0), ("flow", 80.0), ("speed", 1_480.0)):
        works.write(f"p/{signal}", at, [level + 0.1 * (i % 5) for i in range(8)])
    hot = [at[-1] + i * 10 * US_PER_S for i in range(1, 290)]
    works.write("p/temp", hot, [95.0 + i % 3 for i in range(289)], [later] * 289)
    works.hours += 2
    assert works.scorer.run_once() == 1
    assert works.kept.states("p")[-1] == "normal"
    assert works.orders.orders() == []
    works.write("p/temp", [works.now_us + i * 600 * US_PER_S for i in range(12)], [95.0 + i % 3 for i in range(12)])
    works.hours += 2
    assert works.scorer.run_once() == 1
    assert works.kept.states("p")[-1] in {"alert", "alarm"}


def test_a_stuck_sensor_has_an_instrument_order_and_its_machine_none() -> None:
    works = Works("p")
    works.run(HEALTHY_H, {"p": 0.0})
    works.run(24, {"p": 0.0}, stuck="p/temp")
    (order,) = works.orders.orders()
    assert (order.kind, str(order.causes[0].fault)) == (OrderKind.INSTRUMENT, "temp:sensor_fault")
    assert "alarm" not in works.kept.states("p")


def test_after_a_completed_repair_the_baseline_starts_again_there_and_closing_does_not_move_it() -> None:
    book = MemoryOrderBook()
    works = Works("p", orders=book)
    works.run(HEALTHY_H, {"p": 0.0})
    works.wear_out("p")
    order = move(works, works.orders.orders()[0], Status.APPR, Status.INPRG, Status.COMP)
    repaired_us = works.now_us
    works.run(12, {"p": 3.0})
    last = works.kept.by_asset["p"][-1]
    assert last["state"] == "warming_up"
    assert _first_used(last) >= repaired_us
    works.run(HEALTHY_H, {"p": 3.0})  # another level, and the new normal
    order = book.verify(order.id, Verification.PASSED, ANN, works.now_us)
    move(works, order, Status.CLOSE)
    works.run(12, {"p": 3.0})
    last = works.kept.by_asset["p"][-1]
    assert last["state"] == "normal"
    assert repaired_us <= _first_used(last) < repaired_us + 6 * US_PER_HOUR
    assert len(book.orders()) == 1


def _first_used(assessment: dict[str, object]) -> int:
    span = assessment["span_us"]
    assert isinstance(span, list)
    return int(span[0])


def with_limit(works: Works) -> None:
    """55 degC are too hot for this pump, from now on."""
    (pump,) = works.plant.assets
    hot = PlantLimit("hot", "alarm", (Bound("temp", 50.0),), for_s=600.0)
    works.plant = replace(works.plant, assets=(replace(pump, limits=(hot,)),))
    works.scorer = works.start()


def test_a_limit_of_the_plant_opens_an_order_on_the_first_day_and_names_itself() -> None:
    works = Works("p")
    with_limit(works)
    works.run(8, {"p": 0.0})
    (order,) = works.orders.orders()
    assert order.kind is OrderKind.CONDITION
    last = works.kept.by_asset["p"][-1]
    assert last["state"] == "alarm"
    assert "temp:limit_hot" in str(last["contributions"])


def test_a_shelved_machine_is_judged_and_opens_no_order_until_its_time() -> None:
    works = Works("p")
    with_limit(works)
    works.shelved = [Shelved("p", None, works.now_us + 9 * US_PER_HOUR)]
    works.run(8, {"p": 0.0})
    assert works.orders.orders() == []
    assert len(works.kept.states("p")) > 0
    works.run(8, {"p": 0.0})
    assert len(works.orders.orders()) == 1


class PickyBook(MemoryOrderBook):
    """A book that breaks on one asset."""

    def orders(
        self,
        *,
        open_only: bool = False,
        asset: str | None = None,
        limit: int = 200,
        evidence: bool = True,
        before: str | None = None,
    ) -> list[WorkOrder]:
        if asset == "a":
            raise ZeroDivisionError("a bug")
        return super().orders(open_only=open_only, asset=asset, limit=limit, evidence=evidence, before=before)


def test_a_bug_that_one_machine_meets_does_not_stop_the_others() -> None:
    works = Works("a", "b", orders=PickyBook())
    works.run(24, dict.fromkeys("ab", 0.0))
    assert len(works.scorer.assessed_times("b")) == 4
    assert works.scorer.assessed_times("a") == []
    assert works.scorer.stats.failures >= 1


def test_a_machine_in_trouble_is_tried_again_after_a_while_and_not_at_every_pass(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    works = Works("a", "b", orders=PickyBook())
    works.run(24, dict.fromkeys("ab", 0.0))
    assert works.scorer.stats.failures == 1
    monkeypatch.setattr(scoring, "QUIET_S", -1.0)
    works.scorer.run_once()
    assert works.scorer.stats.failures == 2


def test_a_block_of_a_few_samples_gives_no_features_and_stops_nothing() -> None:
    works = Works("p")
    works.hours += 2
    works.wave("p", np.ones(10, np.float32))
    assert works.scorer.run_once() == 1
    assert works.derived.names() == {}
    assert works.scorer.stats.failures == 0


def test_a_block_that_cannot_be_believed_gives_no_features() -> None:
    works = Works("p")
    works.hours += 2
    works.wave("p", block(0.0, works.rng), int(Quality.OUT_OF_RANGE))
    works.scorer.run_once()
    assert works.derived.names() == {}


class FullDisk(MemoryStore):
    """Refuses its first writes."""

    refusals = 1

    def write(
        self,
        position: int,
        readings: Readings,
        waveforms: Sequence[Waveform],
        refused: Sequence[Refusal],
        notes: Notes = NO_NOTES,
    ) -> None:
        if self.refusals:
            self.refusals -= 1
            raise Retriable("no space left")
        super().write(position, readings, waveforms, refused, notes)


def test_features_that_the_store_refused_are_computed_and_stored_at_the_next_pass(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    works = Works("p")
    works.derived = FullDisk()
    works.scorer = works.start()
    works.hours += 2
    works.wave("p", block(0.0, works.rng))
    with pytest.raises(Retriable):
        works.scorer.run_once()
    monkeypatch.setattr(scoring, "QUIET_S", -1.0)
    works.scorer.run_once()
    rms = works.derived.read(works.derived.names()["p/vib:rms"], 0, 2**62)
    assert len(rms) == 1


def test_a_pass_that_fails_whole_does_not_end_the_thread() -> None:
    works = Works("p")
    works.derived = FullDisk()
    works.scorer = works.start()
    works.hours += 2
    works.wave("p", block(0.0, works.rng))
    works.scorer.start()
    while works.scorer.stats.passes < 2:
        works.hours += 0.001
    works.scorer.stop()
    assert works.scorer.stats.failures == 1


def test_a_backlog_of_many_blocks_is_taken_in_portions_and_completely() -> None:
    works = Works("p", every_h=0.0)
    for _ in range(150):
        works.hours += 0.1
        works.wave("p", block(0.0, works.rng)[:256])
    sizes = list[int]()
    for _ in range(3):
        works.write("p/temp", [works.now_us], [50.0 + len(sizes)])
        works.hours += 0.1
        works.scorer.run_once()
        sizes.append(len(works.derived.read(works.derived.names()["p/vib:rms"], 0, 2**62)))
    assert sizes == [64, 128, 150]
