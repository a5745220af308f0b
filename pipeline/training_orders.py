"""Train on finished orders instead of series: the diagnosis from findings, the reader of texts from what was written.

The live diagnosis learns from every finding by itself (`pipeline.labels.Lessons`). A version that is trained here is a
snapshot of it as of a moment, with its digest and figures; promoted, it ranks faults beside the one that goes on
learning (`pipeline.diagnosis_in_use`). The figures are of orders that were left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from forewarn.core.errors import NotReady, Rejected
from forewarn.core.faults import MECHANISMS
from forewarn.core.labels import Finding, Label
from forewarn.core.model_cards import FeatureSchema, ModelCard
from forewarn.maintenance.evidence import canonical
from forewarn.pipeline.labels import labels_from
from forewarn.pipeline.training_set import Archive, SetRequest

TASKS = ("diagnosis", "text")
KINDS = {"diagnosis": "findings", "text": "tags"}
LEAST_LABELS = 5


def labels_of(archive: Archive, data: SetRequest) -> tuple[Label, ...]:
    """Labels that were told in the span [since, as of), of one class of machines, or of all (""), and that stand: not
    those whose repair failed its verification."""
    told = labels_from(archive.orders, archive.plant, data.as_of_us)
    wanted = (label for label in told if data.asset_class in ("", label.asset_class) and label.is_believed)
    return tuple(label for label in wanted if label.completed_at_us >= data.since_us)


def digest_of(labels: Sequence[Label]) -> str:
    """SHA-256 of what the labels say, in the order in which they were told."""
    rows = [
        [x.number, x.asset, str(x.fault), x.opened_at_us, x.completed_at_us, x.finding.value, str(x.truth), x.text]
        for x in labels
    ]
    return hashlib.sha256(canonical(rows).encode()).hexdigest()


def reasons_against(labels: Sequence[Label], task: str) -> tuple[str, ...]:
    """Why these orders must not teach, as sentences; none: they may.

    >>> reasons_against((), "diagnosis")
    ('0 findings were told: at least 5 are needed',)
    """
    if len(labels) < LEAST_LABELS:
        return (f"{len(labels)} findings were told: at least {LEAST_LABELS} are needed",)
    if task == "text":
        with_words = sum(bool(label.text.strip()) for label in labels)
        return () if with_words else ("no order has a text: nothing was written that could be read",)
    if all(label.finding is Finding.CONFIRMED for label in labels) and len({label.fault for label in labels}) == 1:
        return ("every finding confirms the same fault: with only one class there is nothing to tell apart",)
    return ()


def learnt_from_orders(
    archive: Archive, task: str, data: SetRequest, seed: int
) -> tuple[object, dict[str, float], tuple[Label, ...]]:
    """(model, figures, labels). Raises Rejected with every reason when the orders must not teach, NotReady when they
    are too few for the model."""
    labels = labels_of(archive, data)
    reasons = reasons_against(labels, task)
    if reasons:
        raise Rejected("training_set", "; ".join(reasons))
    if task == "diagnosis":
        return *_diagnosis(labels), labels
    return *_text(labels, seed), labels


def _diagnosis(labels: Sequence[Label]) -> tuple[object, dict[str, float]]:
    from forewarn.models.diagnosis.learned import learn
    from forewarn.models.diagnosis.taught import what_taught

    found = what_taught(labels)
    told = {"labels": float(found.labels), "scored": float(found.scored)}
    if found.physics is not None and found.with_labels is not None:
        told |= {"log_loss": found.with_labels.log_loss, "log_loss_physics": found.physics.log_loss}
        told |= {"right": found.with_labels.right, "right_physics": found.physics.right}
    return learn(labels), told


def _text(labels: Sequence[Label], seed: int) -> tuple[object, dict[str, float]]:
    from forewarn.models.diagnosis.text import folds_of, learn_text

    written = [label for label in labels if label.text.strip()]
    texts, tags, assets = [x.text for x in written], [mode_of(x) for x in written], [x.asset for x in written]
    reader = learn_text(texts, tags, assets, seed=seed)
    folds = folds_of(len(texts), assets, seed)
    said: list[tuple[str, ...]] = [()] * len(texts)
    for fold in np.unique(folds):
        teach, ask = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        try:
            learnt = learn_text(
                [texts[i] for i in teach], [tags[i] for i in teach], [assets[i] for i in teach], seed=seed
            )
        except NotReady:
            continue
        for place, reading in zip(ask, learnt.read([texts[i] for i in ask]), strict=True):
            said[place] = reading.told
    return reader, {"texts": float(len(texts)), "tags": float(len(reader.tags)), "macro_f1": macro_f1(tags, said)}


def mode_of(label: Label) -> tuple[str, ...]:
    """ISO 14224 failure mode of what was there, () where nothing was found or nobody named it."""
    if label.failure_mode_found:
        return (label.failure_mode_found,)
    truth = label.truth
    known = MECHANISMS.get(truth.mechanism) if truth else None
    return (known.mode,) if known else ()


def macro_f1(truth: Sequence[Sequence[str]], said: Sequence[Sequence[str]]) -> float:
    """Mean over the tags of 2 hits / (said + there); 0 where there is no tag.

    >>> macro_f1([("VIB",), ("ELP",)], [("VIB",), ()])
    0.5
    """
    scores = []
    for tag in sorted({tag for row in truth for tag in row}):
        hits = sum(tag in t and tag in s for t, s in zip(truth, said, strict=True))
        both = sum(tag in t for t in truth) + sum(tag in s for s in said)
        scores.append(2 * hits / both)
    return float(np.mean(scores)) if scores else 0.0


def card_of(
    name: str, task: str, data: SetRequest, labels: Sequence[Label], metrics: dict[str, float], seed: int, at_us: int
) -> ModelCard:
    """The card of a version that orders have taught."""
    columns: tuple[str, ...] = ("text",) if task == "text" else ()
    return ModelCard(
        name=name,
        version=0,
        task=task,
        kind=KINDS[task],
        schema=FeatureSchema(columns, ("",) * len(columns), data.asset_class),
        data_digest=digest_of(labels),
        data_span_us=(labels[0].completed_at_us, labels[-1].completed_at_us + 1),
        trained_at_us=at_us,
        rows=len(labels),
        assets=len({label.asset for label in labels}),
        metrics=metrics,
        settings={"since_us": data.since_us, "as_of_us": data.as_of_us, "seed": seed},
        limits="A snapshot of what findings had taught by then: the live diagnosis goes on learning by itself.",
    )
