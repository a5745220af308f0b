"""Repairs verified by the signals: real models, real records, machines made by formula."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, cast

import pytest

from forewarn.core.clock import US_PER_S
from forewarn.core.health import SensorProblem
from forewarn.core.ports import Actor
from forewarn.core.work import Json, Status, Verification, WorkOrder
from forewarn.maintenance.audit import history_of, verify_audit
from forewarn.maintenance.orders.verification_book import VerificationBook, subject_of
from forewarn.maintenance.orders.worked import WorkedOrders
from forewarn.maintenance.outbox import pending
from forewarn.maintenance.records import Records, open_records
from forewarn.models.verification import Comparison, VerifySettings
from forewarn.pipeline.explain import explain
from forewarn.pipeline.labels import labels_from
from forewarn.pipeline.scoring import assess_settings
from forewarn.pipeline.verification import Verifier
from tests.conftest import DATABASES, new_database
from tests.maintenance.samples import CODES
from tests.pipeline.machines import SPALL, Works

pytestmark = pytest.mark.slow

ANN = Actor("ann", "technician")
HEALTHY_H = 130.0


@dataclass
class Shop:
    """A works with records, whose repairs are verified; `problems` are those of its newest assessments."""

    works: Works
    records: Records
    orders: WorkedOrders
    book: VerificationBook
    verifier: Verifier

    @staticmethod
    def opened(url: str, *ids: str) -> Shop:
        records = open_records(url)
        orders = WorkedOrders(records)
        works = Works(*ids, orders=orders)
        book = VerificationBook(records, orders)
        verifier = Verifier(
            lambda: works.plant, works.raw, works.derived, orders, book, Latest(works), VerifySettings(),
            assess_settings(works.clock),
        )  # fmt: skip
        return Shop(works, records, orders, book, verifier)

    def look(self) -> int:
        return self.verifier.run_once(self.works.now_us)

    def order(self, id: str) -> WorkOrder:
        found = self.orders.order(id)
        assert found is not None
        return found


@dataclass
class Latest:
    works: Works

    def history(self, asset: str, since_us: int, limit: int) -> list[Json]:
        return self.works.kept.by_asset[asset][-limit:]


@dataclass(frozen=True)
class Told:
    """What was known while a day passed at the shop of the fixture."""

    shop: Shop
    early: Comparison
    early_looks: int
    stood: int
    concluded: int
    alone: list[str]
    muted: set[str]
    untouched: bool
    looked_at: int

    def first(self, asset: str) -> WorkOrder:
        return min(self.shop.orders.orders(asset=asset), key=lambda order: order.created_at_us)

    def rows(self, asset: str) -> dict[str, Any]:
        (found,) = self.shop.book.found(self.first(asset).id)
        return {row["signal"]: row for row in cast(Any, found.comparison["signals"])}


@pytest.fixture(scope="module", params=DATABASES)
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """One machine that was mended and one whose repair did not help, looked at early, after a standstill, and late."""
    for url in new_database(request, request.param, tmp_path_factory.mktemp("verification")):
        lived = two_repairs(url)
        yield lived
        lived.shop.records.close()


def two_repairs(url: str) -> Told:
    shop = Shop.opened(url, "mended", "worse")
    works, strength = shop.works, 0.0
    works.run(HEALTHY_H, {"mended": 0.0, "worse": 0.0})
    while len(shop.orders.orders(open_only=True)) < 2 and strength < 10:
        strength += 0.05
        works.run(2, {"mended": strength, "worse": strength})
    for status in (Status.APPR, Status.INPRG, Status.COMP):
        for order in shop.orders.orders(open_only=True):
            report: Json | None = {**CODES, "finding": "confirmed"} if status is Status.COMP else None
            shop.orders.act(order.id, status, ANN, order.revision, works.now_us, report)
        if status is Status.INPRG:  # the machines are started and stopped, and alarm as before
            before = [shop.order(order.id) for order in shop.orders.orders()]
            works.run(8, {"mended": strength, "worse": strength})
            muted = {one.advice.asset for one in shop.orders.mutes.kept()}
            untouched = before == [shop.order(order.id) for order in shop.orders.orders()]
        works.hours += 1
    knock = {"mended": 0.0, "worse": strength}
    works.run(10, knock)
    early_looks = shop.look()
    early = shop.verifier.look(min(shop.orders.orders(asset="mended"), key=lambda o: o.number), works.now_us)
    works.hours += 40
    for id in knock:
        at = [works.now_us - i * 600 * US_PER_S for i in range(240, 0, -1)]
        works.write(f"{id}/speed", at, [0.0] * 240)
    stood = shop.look()
    works.run(20, knock)
    alone = [order.number for order in shop.orders.orders(asset="worse", open_only=True)]
    concluded = shop.look()
    looked_at = shop.orders.look_again(works.now_us)
    return Told(shop, early, early_looks, stood, concluded, alone, muted, untouched, looked_at)


def test_until_it_has_run_for_a_day_at_comparable_load_it_says_how_long_it_has(told: Told) -> None:
    assert told.early_looks == 0
    assert told.early.result is Verification.PENDING
    seen_h = told.early.seen_h
    assert told.early.reason.startswith(f"warming up: {seen_h:.0f} of 24 operating hours at comparable load and speed")
    assert 6 <= seen_h <= 10  # ten hours have passed, and what has just been started is not yet settled
    assert {row.carried for row in told.early.signals} == {True, False}


def test_a_machine_that_stands_proves_nothing(told: Told) -> None:
    assert told.stood == 0


def test_a_repair_that_helped_passes_with_every_signal_back_at_its_healthy_level(told: Told) -> None:
    assert told.concluded == 2
    assert told.first("mended").verification is Verification.PASSED
    rows = told.rows("mended")
    tone = rows["vib:tone_bpfo"]
    assert tone["carried"]
    assert tone["before"] > tone["limit"] > tone["after"]
    assert tone["after"] == pytest.approx(tone["healthy"], rel=0.3)
    assert tone["hours"] >= 24
    assert all(row["unit"] for name, row in rows.items() if not name.endswith("kurtosis"))
    assert not any(row["abnormal"] for row in rows.values())
    assert told.shop.orders.orders(asset="mended", open_only=True) == []


def test_a_repair_that_did_not_help_fails_although_its_new_baseline_calls_it_normal(told: Told) -> None:
    assert told.first("worse").verification is Verification.FAILED
    assert told.alone == []  # scoring alone, whose baseline starts again, opened nothing
    assert "alarm" not in told.shop.works.kept.states("worse")[-3:]
    wrong = [row for row in told.rows("worse").values() if row["abnormal"]]
    assert wrong
    assert all(row["after"] > row["limit"] > row["healthy"] for row in wrong)


def test_a_failed_verification_opens_one_order_that_follows_with_the_comparison(told: Told) -> None:
    first, (follow_up,) = told.first("worse"), told.shop.orders.orders(asset="worse", open_only=True)
    follow_up = told.shop.order(follow_up.id)
    assert follow_up.follows == first.id
    assert follow_up.causes[0].fault == first.causes[0].fault == SPALL
    assert [line.part for line in follow_up.parts] == ["6205"]
    said = cast(Any, follow_up.causes[0].evidence["verification"])
    assert (said["order"], said["result"]) == (first.number, "failed")
    assert said["signals"] == list(told.rows("worse").values())


def test_alarms_during_the_work_changed_nothing_and_were_looked_at_afterwards(told: Told) -> None:
    assert told.muted == {"mended", "worse"}
    assert told.untouched
    assert told.looked_at == 2
    assert told.shop.orders.mutes.kept() == []
    assert told.shop.orders.orders(asset="mended", open_only=True) == []  # verified: its alarm was let go


def test_the_health_of_before_and_after_is_told(told: Told) -> None:
    before_after = {
        asset: (found.comparison["health_before"], found.comparison["health_after"])
        for asset in ("mended", "worse")
        for found in told.shop.book.found(told.first(asset).id)
    }
    assert cast(float, before_after["mended"][1]) > 95 > cast(float, before_after["mended"][0])
    assert cast(float, before_after["worse"][1]) < 95


def test_the_evidence_of_the_follow_up_can_be_recomputed(told: Told) -> None:
    works, (follow_up,) = told.shop.works, told.shop.orders.orders(asset="worse", open_only=True)
    (found,) = explain(
        told.shop.order(follow_up.id), works.plant, works.raw, works.derived, assess_settings(works.clock)
    )
    assert found.same_decision


def test_what_was_concluded_has_its_audit_row_and_message(told: Told) -> None:
    first = told.first("worse")
    with told.shop.records.read() as connection:
        (row,) = history_of(connection, subject_of(first.id))
    assert cast(Any, row["after"])["result"] == "failed"
    assert verify_audit(told.shop.records) is None
    messages = [m for m in pending(told.shop.records, 1_000) if m.kind == "order.verified"]
    assert {m.body["number"] for m in messages} == {told.first("mended").number, first.number}


def test_what_is_concluded_is_not_looked_at_again(told: Told) -> None:
    assert told.shop.look() == 0
    assert len(told.shop.orders.orders()) == 3


def test_a_sensor_that_cannot_be_believed_keeps_it_pending(told: Told) -> None:
    latest = told.shop.works.kept.by_asset["mended"]
    problem = SensorProblem("vib", "stuck", 0, "The same for hours.")
    latest.append({**latest[-1], "sensor_problems": [asdict(problem)]})
    found = told.shop.verifier.look(told.first("mended"), told.shop.works.now_us)
    latest.pop()
    assert found.result is Verification.PENDING
    assert "sensor has a problem" in found.reason


def test_a_verified_outcome_reaches_the_labels(told: Told) -> None:
    outcome = {label.asset: label.verification for label in labels_from(told.shop.orders, told.shop.works.plant, 2**62)}
    assert outcome == {"mended": Verification.PASSED, "worse": Verification.FAILED}
    before = told.first("worse").updated_at_us
    known = labels_from(told.shop.orders, told.shop.works.plant, before)
    assert {label.verification for label in known} == {Verification.PENDING}  # as of then nobody knew
