"""Finished orders -> labels. What nobody told is no label: an order completed without a finding teaches nothing.

Only condition orders count: they alone rest on a diagnosis. An order teaches from the moment when its finding was told,
be that at its completion or when it was closed later, so that a training set "as of then" holds what was known then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from forewarn.core.faults import Fault
from forewarn.core.health import Candidate, ModelRef
from forewarn.core.labels import Finding, Label, known_by
from forewarn.core.plant import Plant
from forewarn.core.ports import OrderBook
from forewarn.core.work import Cause, Json, OrderKind, Status, Verification, WorkOrder
from forewarn.maintenance.orders.findings import NOTED_AT
from forewarn.models.diagnosis.learned import NOTHING_LEARNED, PRODUCT_DEFAULTS, Learned, LearnSettings, learn

EVERY_ORDER = 1_000_000_000
LOOK_EVERY_US = 10_000_000
FINISHED = (Status.COMP, Status.CLOSE)


def labels_from(book: OrderBook, plant: Plant, before_us: int) -> tuple[Label, ...]:
    """Labels of every finished condition order whose finding was told before `before_us`, oldest first.

    Orders of machines that have left the plant file keep their labels, with an asset class of "".
    """
    finished = (o for o in book.orders(limit=EVERY_ORDER, evidence=False) if is_told(o))
    whole = (book.order(o.id) for o in finished)
    found = ((o, label_of(o, asset_class(plant, o.asset))) for o in whole if o is not None)
    told = (replace(label, verification=verified_by(book, o, before_us)) for o, label in found if label is not None)
    return known_by(told, before_us)


def verified_by(book: OrderBook, order: WorkOrder, before_us: int) -> Verification:
    """Whether the repair showed in the signals, as it was known before a moment."""
    told = [result for at_us, result in verdicts_on(book, order) if at_us < before_us]
    return told[-1] if told else Verification.PENDING


def verdicts_on(book: OrderBook, order: WorkOrder) -> tuple[tuple[int, Verification], ...]:
    """When the repair was judged by the signals, and how, oldest first."""
    if order.verification is Verification.PENDING:
        return ()
    results = {f"verification {result.value}": result for result in Verification}
    rows = [(cast(int, row["at_us"]), str(row["action"])) for row in book.history(order.id)]
    return tuple((at_us, results[action]) for at_us, action in rows if action in results)


class Lessons:
    """What finished orders have taught by now, learnt anew only when a finding or a verification has come. One reader
    at a time.

    The live road asks once per pass; `forewarn explain` and a what-if run ask for the moment in question, so that the
    same labels, and no later ones, decide again.
    """

    def __init__(self, book: OrderBook, plant: Plant, settings: LearnSettings = PRODUCT_DEFAULTS) -> None:
        self._book, self._plant, self._settings = book, plant, settings
        self._told: frozenset[tuple[str, object, bool]] = frozenset()
        self._judged: dict[str, tuple[int, tuple[tuple[int, Verification], ...]]] = {}
        self._learned = NOTHING_LEARNED
        self._looked_us: int | None = None

    def lately(self, at_us: int, wall_us: int) -> Learned:
        """`by` for the live road: the book is asked at most every `LOOK_EVERY_US` of wall time."""
        if self._looked_us is None or not 0 <= wall_us - self._looked_us < LOOK_EVERY_US:
            self.by(at_us)
            self._looked_us = wall_us
        return self._learned

    def by(self, at_us: int) -> Learned:
        """What had been taught by a moment: nothing where no finding had been told."""
        orders = self._book.orders(limit=EVERY_ORDER, evidence=False)
        told = frozenset(
            (o.id, o.report[NOTED_AT], self._failed(o, at_us)) for o in orders if is_told(o) and told_at_us(o) < at_us
        )
        if told != self._told:
            self._learned = learn(labels_from(self._book, self._plant, at_us), self._settings)
            self._told = told
        return self._learned

    def _failed(self, order: WorkOrder, before_us: int) -> bool:
        """Had the repair failed its verification by a moment? The record is read once for each change of the order."""
        revision, verdicts = self._judged.get(order.id, (0, ()))
        if revision != order.revision:
            verdicts = verdicts_on(self._book, order)
            self._judged[order.id] = order.revision, verdicts
        return [result for at_us, result in verdicts if at_us < before_us][-1:] == [Verification.FAILED]


def told_at_us(order: WorkOrder) -> int:
    """When the finding of an order was told."""
    return int(cast(int, order.report[NOTED_AT]))


def is_told(order: WorkOrder) -> bool:
    """Is it a finished condition order with a finding in its report?"""
    return order.kind is OrderKind.CONDITION and order.status in FINISHED and NOTED_AT in order.report


def asset_class(plant: Plant, asset: str) -> str:
    """Class of an asset, "" when the plant file no longer knows it."""
    known = plant.asset(asset)
    return known.asset_class if known else ""


def label_of(order: WorkOrder, asset_class: str) -> Label | None:
    """The label of one order with its evidence; None when it is not finished, or tells no finding.

    Of several causes that one is labelled that was found, else the first: it opened the order.
    """
    if not is_told(order) or not order.causes:
        return None
    report = order.report
    named = report.get("fault_found")
    found = Fault.parse(str(named)) if named else None
    cause = next((c for c in order.causes if c.fault == found), order.causes[0])
    said = assessment_of(cause.evidence)
    return Label(
        order_id=order.id,
        number=order.number,
        asset=order.asset,
        asset_class=asset_class,
        fault=cause.fault,
        probability=probability_of(cause, said),
        model=model_of(said),
        opened_at_us=order.created_at_us,
        completed_at_us=told_at_us(order),
        finding=Finding(str(report["finding"])),
        fault_found=found,
        failure_mode_found=text_or_none(report, "failure_mode_found"),
        part_used=text_or_none(report, "part_used"),
        text=str(report.get("text") or report.get("note") or ""),
        candidates=candidates_of(said),
    )


def assessment_of(evidence: Json) -> Mapping[str, Any]:
    """The frozen assessment; empty when the evidence holds none."""
    frozen = evidence.get("assessment")
    return cast(Mapping[str, Any], frozen) if isinstance(frozen, dict) else {}


def probability_of(cause: Cause, assessment: Mapping[str, Any]) -> float | None:
    """What the diagnosis gave the cause then; None when it is not among the listed hypotheses."""
    listed: Sequence[Mapping[str, Any]] = assessment.get("diagnosis", ())
    return next((float(h["probability"]) for h in listed if h["fault"] == str(cause.fault)), None)


def model_of(assessment: Mapping[str, Any]) -> ModelRef | None:
    """Which model said it."""
    model = assessment.get("model")
    return ModelRef(str(model["name"]), str(model["version"]), str(model["digest"])) if model else None


def candidates_of(assessment: Mapping[str, Any]) -> tuple[Candidate, ...]:
    """Everything that was weighed then; empty on orders from before it was kept."""
    return tuple(
        Candidate(Fault.parse(c["fault"]), float(c["log_odds"]), dict(c["strengths"]))
        for c in assessment.get("candidates", ())
    )


def text_or_none(report: Json, key: str) -> str | None:
    """A text of the report, None when it is not told."""
    value = report.get(key)
    return str(value) if value else None
