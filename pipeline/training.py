"""Train, evaluate and compare models on what was stored of a plant. Files and the book are the registry's business.

>>> request = TrainRequest("pump-life", "life", "weibull", SetRequest("pump", 1_790_000_000_000_000))
>>> request.data.asset_class
'pump'
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from forewarn.core.errors import NotReady, Rejected
from forewarn.core.model_cards import ModelCard
from forewarn.core.work import Json
from forewarn.models.detectors.calibration import Calibrated
from forewarn.models.life.contract import Prognosis
from forewarn.models.training.detector_marks import (
    DetectorMark,
    detector_cross_validated,
    detector_marks,
    detector_metrics,
    learn_detector,
)
from forewarn.models.training.drift import reference_json, reference_of
from forewarn.models.training.intervals import Estimate, paired_difference
from forewarn.models.training.life_marks import LifeMarks, ask, cross_validated, life_metrics, questions
from forewarn.models.training.sets import TrainingSet, refuse
from forewarn.pipeline import training_orders
from forewarn.pipeline.training_set import Archive, Progress, SetRequest, silent, training_set

LEAST_LATER_ENDS = 3
"""So many ends after both trainings are needed before two versions are compared as they are; else their recipes are
compared on the same held-out machines."""


@dataclass(frozen=True, slots=True)
class TrainRequest:
    """What to train: `kind` is a key of the task's table, `rate` the false alarms per asset and year of a detector."""

    name: str
    task: str
    kind: str
    data: SetRequest
    rate: float = 1.0
    seed: int = 0
    notes: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A model that has learnt, and its card: version and file are still open. `marks` are of held-out machines."""

    card: ModelCard
    model: object
    marks: LifeMarks | tuple[DetectorMark, ...]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Figures of a version. `held_out` says of what: "machines" (cross-validated by machine when it was trained),
    "later" (what came after its training) or "orders" (left out one by one when it was trained)."""

    name: str
    version: int
    held_out: str
    metrics: Mapping[str, float]
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two versions on the same cases: figures of each; `difference` is B minus A in `measure` (see `MEASURES`), paired,
    its interval over machines. `better` is "a", "b" or "" (the interval holds 0, or nobody can tell)."""

    a: Evaluation
    b: Evaluation
    measure: str
    difference: Estimate
    better: str


MEASURES = {"life": "loss", "detector": "misses_and_false_alarms"}
"""What a comparison rests on, low is good: the quantile loss in hours; or per life, its false alarms plus one for an
end that was not announced."""


def kinds_of(task: str) -> Mapping[str, object]:
    """The table of a task: kind -> model. Raises Rejected for a task that is not trained here."""
    if task == "life":
        from forewarn.models.life.table import LIFE_MODELS

        return dict(LIFE_MODELS)
    if task == "detector":
        from forewarn.models.detectors.table import DETECTORS

        return dict(DETECTORS)
    if task in training_orders.TASKS:
        return {training_orders.KINDS[task]: None}
    raise Rejected("task", f"there is no task {task!r}; there are: life, detector, diagnosis, text")


def recipe(task: str, kind: str) -> object:
    """One line of the table. Raises Rejected and names all kinds for an unknown one."""
    table = kinds_of(task)
    if kind not in table:
        raise Rejected("kind", f"there is no {task} model {kind!r}; there are: {', '.join(sorted(table))}")
    return table[kind]


def train(archive: Archive, request: TrainRequest, trained_at_us: int, progress: Progress = silent) -> Trained:
    """Learn from everything, and judge by folds of machines that were held out.

    Raises Rejected with every reason when the set must not teach, and NotReady when the model has too little to learn
    from; nothing is published then.
    """
    model = recipe(request.task, request.kind)
    if request.task in training_orders.TASKS:
        return _from_orders(archive, request, trained_at_us)
    found = training_set(archive, request.data, lambda share, what: progress(0.4 * share, what))
    refuse(found, request.task)
    progress(0.4, "judging on machines that are held out")
    marks = _held_out(request, model, found)
    progress(0.8, "learning from all")
    learnt = _learnt(request, model, found)
    metrics = _metrics(marks)
    card = ModelCard(
        name=request.name,
        version=0,
        task=request.task,
        kind=request.kind,
        schema=found.schema,
        data_digest=found.digest,
        data_span_us=(found.span_us[0], found.span_us[1] + 1),
        trained_at_us=trained_at_us,
        rows=found.rows,
        assets=len(found.assets),
        metrics={name: value for name, value in metrics.items() if np.isfinite(value)},
        settings=_settings(request, found),
        limits=_limits(request, found),
        notes=request.notes,
        extra=_extra(found),
    )
    progress(1.0, "trained")
    return Trained(card, learnt, marks)


def _from_orders(archive: Archive, request: TrainRequest, trained_at_us: int) -> Trained:
    task, data, seed = request.task, request.data, request.seed
    model, metrics, labels = training_orders.learnt_from_orders(archive, task, data, seed)
    card = training_orders.card_of(request.name, task, data, labels, metrics, seed, trained_at_us)
    return Trained(replace(card, notes=request.notes), model, ())


def _held_out(request: TrainRequest, model: object, found: TrainingSet) -> LifeMarks | tuple[DetectorMark, ...]:
    if request.task == "life":
        return cross_validated(model, found, request.seed)  # type: ignore[arg-type] # a line of the life table
    return detector_cross_validated(model, found, request.rate)  # type: ignore[arg-type] # of the detectors' table


def _learnt(request: TrainRequest, model: object, found: TrainingSet) -> object:
    if request.task == "life":
        lives = [dated.life for dated in found.lives]
        return model.learn(lives, request.seed)  # type: ignore[attr-defined] # a line of the life table
    return learn_detector(model, found, request.rate)  # type: ignore[arg-type] # of the detectors' table


def _metrics(marks: LifeMarks | Sequence[DetectorMark]) -> dict[str, float]:
    return life_metrics(marks) if isinstance(marks, LifeMarks) else detector_metrics(marks)


def _settings(request: TrainRequest, found: TrainingSet) -> Json:
    data = request.data
    told: Json = {"every_h": data.every_h, "seed": request.seed, "told_later": data.told_later}
    told |= {"since_us": data.since_us, "as_of_us": data.as_of_us, "regime": list(found.regime)}
    return told | ({"ends": data.ends} if request.task == "life" else {"rate": request.rate})


def _limits(request: TrainRequest, found: TrainingSet) -> str:
    text = f"Learnt from {len(found.assets)} machines of class {request.data.asset_class}; not for others."
    if request.task == "life":
        text += f" {found.ends} of {len(found.lives)} lives have ended; beyond the longest of them it extrapolates."
    return text


def _extra(found: TrainingSet) -> Json:
    references = {name: reference_of(found.column(name)) for name in found.schema.names}
    return {
        "assets": list(found.assets),
        "lives": len(found.lives),
        "ends": found.ends,
        "left_out": found.left_out,
        "reference": {name: reference_json(r) for name, r in references.items() if r is not None},
    }


Opener = Callable[[ModelCard], object]
"""Opens the model of a card (`models.registry`): what `learn` gave."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A version that takes part: its card, and its model when that is needed."""

    card: ModelCard
    open: Opener = field(repr=False)


def data_of(card: ModelCard, as_of_us: int) -> SetRequest:
    """The request that makes a card's data again, up to another moment."""
    told = card.settings
    request = SetRequest(card.schema.asset_class, as_of_us, every_h=_number(told.get("every_h"), 12.0))
    if told.get("ends") == "confirmed":
        request = replace(request, ends="confirmed")
    return replace(request, told_later=told.get("told_later") is True, since_us=int(_number(told.get("since_us"), 0)))


def _number(told: object, otherwise: float) -> float:
    return float(told) if isinstance(told, int | float) and not isinstance(told, bool) else otherwise


def evaluate(archive: Archive, contender: Contender, now_us: int, progress: Progress = silent) -> Evaluation:
    """A version on what came after its training; where that is too little, the figures of its card, and why."""
    card = contender.card
    if card.task in training_orders.TASKS:
        why = "orders that were left out when it was trained: later ones teach the live diagnosis"
        return Evaluation(card.name, card.version, "orders", card.metrics, (why,))
    found = training_set(archive, data_of(card, now_us), lambda share, what: progress(0.7 * share, what))
    try:
        later = later_than(found, card, card.data_span_us[1])
        marks = _marks_now(contender, later, card.data_span_us[1])
    except NotReady as error:
        return Evaluation(card.name, card.version, "machines", card.metrics, (str(error),))
    progress(1.0, "evaluated")
    return Evaluation(card.name, card.version, "later", _metrics(marks))


def later_than(found: TrainingSet, card: ModelCard, from_us: int) -> TrainingSet:
    """Lives of a set that were still going on after a moment, with the columns of a card in its order.

    Raises NotReady when there is none, or too few ends to judge forecasts by; Rejected "other_features" when the plant
    no longer gives the columns.
    """
    card.schema.require(replace(found.schema, names=card.schema.names, units=_units(found, card)))
    places = [found.schema.names.index(name) for name in card.schema.names]
    lives = tuple(
        replace(dated, life=replace(dated.life, names=card.schema.names, values=dated.life.values[:, places]))
        for dated in found.lives
        if dated.at_us[-1] >= from_us
    )
    ends = sum(dated.life.ended for dated in lives)
    if card.task == "life" and ends < LEAST_LATER_ENDS:
        raise NotReady(f"{ends} lives have ended since its training: {LEAST_LATER_ENDS} are needed to judge it by them")
    if not lives:
        raise NotReady("nothing was stored since its training")
    regime = tuple(name for name in card.schema.names if name in found.regime)
    return TrainingSet(lives, card.schema, found.as_of_us, regime, found.left_out)


def _units(found: TrainingSet, card: ModelCard) -> tuple[str, ...]:
    have = dict(zip(found.schema.names, found.schema.units, strict=True))
    missing = [name for name in card.schema.names if name not in have]
    if missing:
        raise Rejected("other_features", f"{', '.join(missing)} of {card.name} {card.version} is not stored any more")
    return tuple(have[name] for name in card.schema.names)


def _marks_now(contender: Contender, later: TrainingSet, from_us: int) -> LifeMarks | tuple[DetectorMark, ...]:
    """Answers of the version as it is, at moments after its training only."""
    learnt = contender.open(contender.card)
    if isinstance(learnt, Calibrated):
        return detector_marks(learnt, _cut_before(later, from_us))
    asked = [(dated, row) for dated, row in questions(later.lives) if dated.at_us[row] >= from_us]
    if not asked:
        raise NotReady("no moment of an ended life lies after its training")
    prognosis: Prognosis = learnt  # type: ignore[assignment] # what a life model learnt, by the registry's check
    return ask(prognosis, asked)


def _cut_before(found: TrainingSet, from_us: int) -> TrainingSet:
    """Only rows from a moment on: a detector has seen the others."""
    cut = []
    for dated in found.lives:
        keep = dated.at_us >= from_us
        life = replace(dated.life, age=dated.life.age[keep], values=dated.life.values[keep])
        cut.append(replace(dated, life=life, at_us=dated.at_us[keep], known_us=dated.known_us[keep]))
    return replace(found, lives=tuple(cut))


def compare(archive: Archive, a: Contender, b: Contender, now_us: int, progress: Progress = silent) -> Comparison:
    """Two versions of the same task and class on the same machines and moments.

    After both trainings where enough has ended since ("later"); else both recipes learn the same folds anew
    ("machines"). Raises Rejected for versions that cannot be compared, NotReady when nothing can be held out.
    """
    if (a.card.task, a.card.schema.asset_class) != (b.card.task, b.card.schema.asset_class):
        raise Rejected("not_comparable", "two versions are compared that have the same task and class of machines")
    if a.card.task in training_orders.TASKS:
        raise Rejected(
            "not_comparable", f"versions of the task {a.card.task} have their figures on the card; see `models`"
        )
    found = training_set(archive, data_of(a.card, now_us), lambda share, what: progress(0.4 * share, what))
    from_us, held_out, why = max(a.card.data_span_us[1], b.card.data_span_us[1]), "later", tuple[str, ...]()
    try:
        marks = [_marks_now(c, later_than(found, c.card, from_us), from_us) for c in (a, b)]
    except NotReady as error:
        progress(0.5, "learning both anew on the same folds")
        held_out, why = "machines", (str(error),)
        marks = [_marks_of_recipe(c.card, found) for c in (a, b)]
    progress(1.0, "compared")
    told = [
        Evaluation(c.card.name, c.card.version, held_out, _metrics(m), why) for c, m in zip((a, b), marks, strict=True)
    ]
    difference = _difference(*marks)
    return Comparison(told[0], told[1], MEASURES[a.card.task], difference, better_of(difference))


def better_of(difference: Estimate) -> str:
    """Who is better when low is good: nobody while the interval holds 0.

    >>> better_of(Estimate(-3.0, -5.0, -1.0, 6, 0)), better_of(Estimate(-3.0, -5.0, 1.0, 6, 0))
    ('b', '')
    """
    if difference.low is None or difference.high is None or difference.low <= 0 <= difference.high:
        return ""
    return "b" if difference.high < 0 else "a"


def _marks_of_recipe(card: ModelCard, found: TrainingSet) -> LifeMarks | tuple[DetectorMark, ...]:
    request = TrainRequest(card.name, card.task, card.kind, data_of(card, found.as_of_us))
    request = replace(request, rate=_number(card.settings.get("rate"), 1.0))
    request = replace(request, seed=int(_number(card.settings.get("seed"), 0)))
    return _held_out(request, recipe(card.task, card.kind), found)


def _difference(a: LifeMarks | tuple[DetectorMark, ...], b: LifeMarks | tuple[DetectorMark, ...]) -> Estimate:
    if isinstance(a, LifeMarks) and isinstance(b, LifeMarks):
        return paired_difference(a.loss, b.loss, a.assets)
    if isinstance(a, LifeMarks) or isinstance(b, LifeMarks):
        raise Rejected("not_comparable", "a forecast and a detector answer different questions")
    if [(m.asset, m.start_us) for m in a] != [(m.asset, m.start_us) for m in b]:
        raise NotReady("the two could not be asked about the same lives")
    faults = [np.array([m.false_alarms + (m.found is False) for m in marks], np.float64) for marks in (a, b)]
    return paired_difference(faults[0], faults[1], [mark.asset for mark in a])
