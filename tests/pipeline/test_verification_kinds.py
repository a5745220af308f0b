"""Orders that no trend of a machine can verify: instruments, inspections, machines that are gone, work without a fault.

Real records and stores; the readings are few."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.plant import Plant
from forewarn.core.readings import Quality, Readings
from forewarn.core.work import Json, NewOrder, OrderKind, Status, Verification, WorkOrder
from forewarn.ingest.store.memory import MemoryStore
from forewarn.maintenance.orders.verification_book import VerificationBook
from forewarn.maintenance.orders.worked import WorkedOrders
from forewarn.maintenance.records import Records
from forewarn.models.assess import AssessSettings
from forewarn.models.verification import VerifySettings
from forewarn.pipeline.verification import Verifier
from tests.maintenance.samples import ANN, CODES, NOW_US, SENSOR, advice, hours
from tests.pipeline.machines import pump

ASSET = "pump-03"
SIGNAL = "temp"


@dataclass
class Bench:
    """Records, one pump, and a verifier; `problems` are those of its newest assessment."""

    orders: WorkedOrders
    book: VerificationBook
    raw: MemoryStore
    plant: Plant
    problems: list[Json] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.verifier = Verifier(
            lambda: self.plant, self.raw, MemoryStore(), self.orders, self.book, self, VerifySettings(),
            AssessSettings(),
        )  # fmt: skip

    def history(self, asset: str, since_us: int, limit: int) -> list[Json]:
        return [{"sensor_problems": self.problems}] if asset == ASSET else []

    def completed(self, order: WorkOrder) -> WorkOrder:
        for status in (Status.APPR, Status.INPRG, Status.COMP):
            told = CODES if status is Status.COMP else None
            order = self.orders.act(order.id, status, ANN, order.revision, NOW_US, told)
        return order

    def readings(self, from_h: float, to_h: float, quality: Quality = Quality.GOOD) -> None:
        (number,) = self.raw.assign([f"{ASSET}/{SIGNAL}"])
        at = [NOW_US + hours(h) for h in np.arange(from_h, to_h, 0.5)]
        flags = [int(quality)] * len(at)
        self.raw.write(self.raw.position + 1, Readings.of([number] * len(at), at, [50.0] * len(at), flags), [], [])

    def order(self, id: str) -> WorkOrder:
        found = self.orders.order(id)
        assert found is not None
        return found


@pytest.fixture
def bench(any_records: Records) -> Bench:
    orders = WorkedOrders(any_records)
    return Bench(orders, VerificationBook(any_records, orders), MemoryStore(), Plant("works", (), (pump(ASSET),)))


@pytest.fixture
def instrument(bench: Bench) -> WorkOrder:
    told = advice(SENSOR)
    fault = told.fault.__class__(SIGNAL, "sensor_fault")
    made = bench.orders.advise(advice(fault)).order
    assert made is not None
    return bench.completed(made)


def stuck(since_us: int) -> Json:
    return {"signal": SIGNAL, "kind": "stuck", "since_us": since_us, "text": "The same for 5 h."}


def test_an_instrument_order_passes_when_its_sensor_has_been_good_for_a_day(
    bench: Bench, instrument: WorkOrder
) -> None:
    bench.readings(0.5, 12)
    assert bench.verifier.run_once(NOW_US + hours(12)) == 0
    assert "good for 11 of 24 h" in bench.verifier.look(instrument, NOW_US + hours(12)).reason
    bench.readings(12, 26)
    assert bench.verifier.run_once(NOW_US + hours(26)) == 1
    assert bench.order(instrument.id).verification is Verification.PASSED


def test_an_instrument_order_fails_when_the_problem_is_still_there_after_a_day(
    bench: Bench, instrument: WorkOrder
) -> None:
    bench.readings(0.5, 30, Quality.STUCK)
    bench.problems.append(stuck(NOW_US))
    assert bench.verifier.run_once(NOW_US + hours(20)) == 0
    assert bench.verifier.run_once(NOW_US + hours(25)) == 1
    assert bench.order(instrument.id).verification is Verification.FAILED
    (follow_up,) = bench.orders.orders(open_only=True)
    assert (follow_up.kind, follow_up.follows) == (OrderKind.INSTRUMENT, instrument.id)


def test_an_inspection_and_a_machine_that_is_gone_are_left_to_a_person(bench: Bench) -> None:
    asked = NewOrder(ASSET, OrderKind.INSPECTION, "Look at the seal", NOW_US)
    inspection = bench.orders.raise_order(asked, ANN).order
    assert inspection is not None
    inspection = bench.completed(inspection)
    assert "an inspection changes nothing" in bench.verifier.look(inspection, NOW_US).reason
    made = bench.orders.advise(advice(asset="gone-1")).order
    assert made is not None
    assert "not in the plant file" in bench.verifier.look(bench.completed(made), NOW_US).reason
    assert bench.verifier.run_once(NOW_US + hours(900)) == 0
    assert bench.verifier.stats.failures == 0


def test_a_person_may_decide_before_the_signals_do(bench: Bench, instrument: WorkOrder) -> None:
    bench.orders.verify(instrument.id, Verification.WAIVED, ANN, NOW_US)
    bench.readings(0.5, 30)
    assert bench.verifier.run_once(NOW_US + hours(30)) == 0
    assert bench.book.found(instrument.id) == []


def test_what_a_person_decides_while_it_is_compared_stands(
    bench: Bench, instrument: WorkOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.readings(0.5, 30)
    real = bench.verifier.look

    def look(order: WorkOrder, now_us: int) -> object:
        bench.orders.verify(order.id, Verification.WAIVED, ANN, now_us)
        return real(order, now_us)

    monkeypatch.setattr(bench.verifier, "look", look)
    assert bench.verifier.run_once(NOW_US + hours(30)) == 0
    assert bench.order(instrument.id).verification is Verification.WAIVED
    assert bench.book.found(instrument.id) == []
    assert bench.verifier.stats.failures == 0


def test_an_order_is_looked_at_once_an_hour_and_again_after_rework(bench: Bench, instrument: WorkOrder) -> None:
    for at_h in (1.0, 1.5, 1.9):
        bench.verifier.run_once(NOW_US + hours(at_h))
    assert bench.verifier.stats.looks == 1
    bench.verifier.run_once(NOW_US + US_PER_HOUR * 2)
    assert bench.verifier.stats.looks == 2
    again = bench.orders.act(instrument.id, Status.INPRG, ANN, instrument.revision, NOW_US + hours(2))
    bench.orders.act(again.id, Status.COMP, ANN, again.revision, NOW_US + hours(2), CODES)
    bench.verifier.run_once(NOW_US + hours(2.1))
    assert bench.verifier.stats.looks == 3
    bench.readings(0.5, 26)  # the day counts from the end of the rework
    assert bench.verifier.run_once(NOW_US + hours(26)) == 0


def test_an_order_that_cannot_be_looked_at_stays_pending_and_the_others_go_on(
    bench: Bench, instrument: WorkOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = bench.orders.advise(advice()).order
    assert broken is not None
    bench.completed(broken)
    bench.readings(0.5, 30)
    real = bench.verifier.look

    def look(order: WorkOrder, now_us: int) -> object:
        if order.id == broken.id:
            raise OSError("the disk is away")
        return real(order, now_us)

    monkeypatch.setattr(bench.verifier, "look", look)
    assert bench.verifier.run_once(NOW_US + hours(30)) == 1
    assert bench.verifier.stats.failures == 1
    assert bench.order(broken.id).verification is Verification.PENDING
