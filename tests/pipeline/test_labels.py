"""From finished orders to labels: what was told, by whom it is known when, and what is no label."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forewarn.core.health import Assessment, Candidate, ModelRef
from forewarn.core.labels import Finding, Label, known_by
from forewarn.core.ports import Actor
from forewarn.core.work import Json, OrderKind, Status, Verification, WorkOrder
from forewarn.maintenance.evidence import assessment_json
from forewarn.maintenance.orders.book_memory import MemoryOrderBook
from forewarn.models.assess import PRODUCT_DEFAULTS
from forewarn.models.diagnosis.learned import NOTHING_LEARNED, learn
from forewarn.pipeline.labels import Lessons, candidates_of, label_of, labels_from
from forewarn.pipeline.scoring_workers import Ask, OwnThread
from tests.maintenance.samples import CODES, IMBALANCE, MODEL, NOW_US, SPALL, advice, assessment, hours, plant_of, pump
from tests.models.machines import ORIGIN_US, PUMP, Life, growing, pump_tracks

ANN = Actor("ann", "technician")


def finished(book: MemoryOrderBook, at_h: float, report: Json | None, asset: str = "pump-03") -> str:
    """An order that was opened, done and reported `at_h` hours later; its id."""
    fault, kept = SPALL, assessment(fault=SPALL)
    told = replace(kept, candidates=(Candidate(fault, 3.0, {"a tone": 0.9}), Candidate(IMBALANCE, 0.5, {"1x": None})))
    evidence: Json = {"assessment": assessment_json(told)}
    order = book.advise(advice(fault, asset=asset, evidence=evidence)).order
    assert order is not None
    for revision, status in enumerate((Status.APPR, Status.INPRG), start=1):
        book.act(order.id, status, ANN, revision, NOW_US + hours(1))
    book.act(order.id, Status.COMP, ANN, 3, NOW_US + hours(at_h), {**CODES, **(report or {})})
    return order.id


def test_a_label_says_what_was_advised_what_was_found_and_what_had_been_weighed() -> None:
    book, plant = MemoryOrderBook(), plant_of(pump())
    report: Json = {
        "finding": "partly",
        "fault_found": str(IMBALANCE),
        "failure_mode_found": "VIB",
        "text": "dirt",
    }
    id = finished(book, 30, report)
    (label,) = labels_from(book, plant, NOW_US + hours(31))
    assert (label.order_id, label.asset, label.asset_class) == (id, "pump-03", "pump")
    assert (label.fault, label.finding, label.truth) == (SPALL, Finding.PARTLY, IMBALANCE)
    assert (label.opened_at_us, label.completed_at_us) == (NOW_US, NOW_US + hours(30))
    assert (label.failure_mode_found, label.text) == ("VIB", "dirt")
    assert label.model == ModelRef(MODEL.name, MODEL.version, MODEL.digest)
    assert label.probability == pytest.approx(assessment().diagnosis[0].probability)
    assert label.candidates == (Candidate(SPALL, 3.0, {"a tone": 0.9}), Candidate(IMBALANCE, 0.5, {"1x": None}))


def test_a_label_is_known_only_from_the_moment_when_it_was_told() -> None:
    book, plant = MemoryOrderBook(), plant_of(pump())
    id = finished(book, 30, None)
    assert labels_from(book, plant, NOW_US + hours(100)) == ()  # completed, and nothing told
    book.verify(id, Verification.PASSED, ANN, NOW_US + hours(40))
    book.act(id, Status.CLOSE, ANN, 5, NOW_US + hours(50), {"finding": "not_found"})
    assert labels_from(book, plant, NOW_US + hours(50)) == ()
    (label,) = labels_from(book, plant, NOW_US + hours(50) + 1)
    assert (label.completed_at_us, label.truth) == (NOW_US + hours(50), None)


def test_later_steps_do_not_move_the_moment_of_the_finding() -> None:
    book, plant = MemoryOrderBook(), plant_of(pump())
    id = finished(book, 30, {"finding": "confirmed"})
    book.verify(id, Verification.PASSED, ANN, NOW_US + hours(400))
    book.act(id, Status.CLOSE, ANN, 5, NOW_US + hours(500))
    (label,) = labels_from(book, plant, NOW_US + hours(31))
    assert label.completed_at_us == NOW_US + hours(30)


def test_orders_in_work_taken_up_again_or_of_other_kinds_are_no_labels() -> None:
    book = MemoryOrderBook()
    id = finished(book, 30, {"finding": "confirmed"})
    order = book.order(id)
    assert order is not None
    assert label_of(order, "pump") is not None
    assert label_of(replace(order, kind=OrderKind.PREVENTIVE), "pump") is None
    again = book.act(id, Status.INPRG, ANN, order.revision, NOW_US + hours(31))
    assert label_of(again, "pump") is None
    untold = book.act(id, Status.COMP, ANN, again.revision, NOW_US + hours(32), CODES)
    assert label_of(untold, "pump") is None


def test_of_several_causes_the_one_that_was_found_is_labelled() -> None:
    book = MemoryOrderBook()
    order = book.order(finished(book, 30, {"finding": "confirmed"}))
    assert order is not None
    second = replace(order.causes[0], fault=IMBALANCE)
    both = replace(order, causes=(*order.causes, second), report={**order.report, "fault_found": str(IMBALANCE)})
    label = label_of(both, "pump")
    assert label is not None
    assert (label.fault, label.truth) == (IMBALANCE, IMBALANCE)


def test_an_order_with_old_evidence_still_gives_a_label() -> None:
    book = MemoryOrderBook()
    order = book.order(finished(book, 30, {"finding": "not_found", "note": "ran dry"}))
    assert order is not None
    bare = replace(order, causes=(replace(order.causes[0], evidence={}),))
    label = label_of(bare, "")
    assert label is not None
    assert (label.probability, label.model, label.candidates, label.text) == (None, None, (), "ran dry")


def test_a_machine_that_left_the_plant_keeps_its_labels() -> None:
    book = MemoryOrderBook()
    finished(book, 30, {"finding": "confirmed"}, asset="pump-99")
    (label,) = labels_from(book, plant_of(pump()), NOW_US + hours(31))
    assert label.asset_class == ""


def test_lessons_are_learnt_anew_only_when_a_finding_came_and_never_from_later_ones() -> None:
    book, plant = MemoryOrderBook(), plant_of(pump())
    lessons = Lessons(book, plant)
    assert lessons.by(NOW_US) is NOTHING_LEARNED
    finished(book, 30, {"finding": "not_found"})
    assert lessons.by(NOW_US + hours(30)) is NOTHING_LEARNED
    first = lessons.by(NOW_US + hours(31))
    assert first.labels == 1
    assert first.factor("pump", SPALL.mechanism) < 1.0
    assert lessons.by(NOW_US + hours(99)) is first
    finished(book, 60, {"finding": "confirmed"}, asset="pump-99")
    assert lessons.by(NOW_US + hours(99)).labels == 2
    assert lessons.by(NOW_US + hours(31)) == first


def test_a_finding_whose_repair_failed_its_verification_teaches_nothing_from_then_on() -> None:
    book, plant = MemoryOrderBook(), plant_of(pump())
    id = finished(book, 30, {"finding": "confirmed"})
    lessons = Lessons(book, plant)
    before = lessons.by(NOW_US + hours(40))
    assert before == learn(labels_from(book, plant, NOW_US + hours(40)))
    assert before.labels == 1
    book.verify(id, Verification.FAILED, ANN, NOW_US + hours(50))
    assert lessons.by(NOW_US + hours(51)) == NOTHING_LEARNED
    assert lessons.by(NOW_US + hours(50)) == before  # nobody knew it yet
    assert lessons.by(NOW_US + hours(51)) == NOTHING_LEARNED


def test_the_live_road_asks_the_book_now_and_then_and_not_for_each_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    book = MemoryOrderBook()
    lessons, asked, read = Lessons(book, plant_of(pump())), list[int](), book.orders

    def counted(**how: Any) -> list[WorkOrder]:
        asked.append(1)
        return read(**how)

    monkeypatch.setattr(book, "orders", counted)
    assert [lessons.lately(NOW_US, wall) for wall in (0, 1, 9_999_999)] == [NOTHING_LEARNED] * 3
    assert len(asked) == 1
    finished(book, 30, {"finding": "confirmed"})
    assert lessons.lately(NOW_US + hours(31), 10_000_000).labels == 1
    assert lessons.lately(NOW_US + hours(31), 5).labels == 1  # a clock that was set back is no reason to wait
    assert len(asked) > 2


@given(st.lists(st.integers(0, 50), unique=True, max_size=6), st.integers(0, 51))
def test_what_is_known_by_a_moment_is_what_was_told_before_it(times: list[int], asked: int) -> None:
    book = MemoryOrderBook()
    order: WorkOrder | None = book.order(finished(book, 30, {"finding": "confirmed"}))
    assert order is not None
    one = label_of(order, "pump")
    assert one is not None
    labels = [replace(one, completed_at_us=t) for t in times]
    assert [x.completed_at_us for x in known_by(labels, asked)] == sorted(t for t in times if t < asked)


def test_what_was_taught_reaches_the_live_road_and_the_evidence_keeps_what_it_was_weighed_with() -> None:
    tracks = pump_tracks(Life(500.0, fault=growing({"winding_temp": 1.0}, 300.0, 0.12)))
    ask = Ask(PUMP, tracks, (), int(ORIGIN_US + hours(499)), None)
    physics = OwnThread().answer(ask, PRODUCT_DEFAULTS)
    assert isinstance(physics, Assessment)
    advised = physics.diagnosis[0].fault
    label = replace(one_label(), asset_class=PUMP.asset_class, fault=advised, finding=Finding.NOT_FOUND)
    taught = learn([replace(label, number=str(i), candidates=physics.candidates) for i in range(20)])
    after = OwnThread().answer(replace(ask, learned=taught), PRODUCT_DEFAULTS)
    assert isinstance(after, Assessment)
    assert after.model.name == f"{physics.model.name}+orders"
    assert after.diagnosis[0].probability < physics.diagnosis[0].probability
    assert after.candidates == physics.candidates  # physics alone: what is learnt next does not learn from itself
    kept: Any = assessment_json(after)
    assert candidates_of(kept) == after.candidates


def one_label() -> Label:
    """A label of the made-up order."""
    book = MemoryOrderBook()
    order = book.order(finished(book, 30, {"finding": "not_found"}))
    assert order is not None
    label = label_of(order, "pump")
    assert label is not None
    return label
