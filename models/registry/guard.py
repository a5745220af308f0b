"""Answers that cannot be true never pass for a score or a forecast: "no valid prediction", never zero.

Looked at row by row, so that one bad row takes nothing from the others; and as a whole, since a model that answers the
same whatever it is asked is broken, however plausible the number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forewarn.core.errors import Rejected
from forewarn.core.readings import Floats, Window
from forewarn.models.detectors.contract import Strangeness
from forewarn.models.life.contract import Forecasts, Life

Mask = NDArray[np.bool_]
NO_PREDICTION = "no valid prediction"


@dataclass(frozen=True, slots=True)
class Plausible:
    """What an answer may look like. `ceiling`: largest distance, or remaining life in the unit of the age (a life cut
    exactly there is no complaint). `flat_after`: so many equal answers to questions that differ mean a broken model
    (0 = never); `may_rest_at_zero`: a detector with a dead band, whose healthy rows are all at 0."""

    ceiling: float = 1e9
    flat_after: int = 100
    may_rest_at_zero: bool = True


AS_USUAL = Plausible()


def guarded_strangeness(
    said: Strangeness, window: Window, plausible: Plausible = AS_USUAL
) -> tuple[Strangeness, tuple[str, ...]]:
    """The answer with every impossible row as NaN ("cannot be said"), and sentences about what was wrong.

    Raises Rejected "bad_answer" for an answer of another shape. NaN itself is an honest answer and no complaint.

    >>> said = Strangeness(np.array([0.5, -1.0, 1e30]), np.ones((3, 1)))
    >>> guarded, told = guarded_strangeness(said, Window.of([0, 1, 2], ["rms"], np.ones((3, 1))))
    >>> guarded.distance.tolist(), told
    ([0.5, nan, nan], ('1 of 3 rows: a distance below 0', '1 of 3 rows: a distance beyond 1e+09'))
    """
    distance, pulls = np.asarray(said.distance, np.float64), np.asarray(said.pulls, np.float64)
    if distance.shape != (len(window),) or pulls.shape != window.values.shape:
        raise Rejected(
            "bad_answer", f"{distance.shape} distances and {pulls.shape} pulls for {window.values.shape} values"
        )
    asked = ~np.isnan(distance)
    odd_pulls = _any((pulls < 0) | ~np.isfinite(pulls)) | (pulls.sum(axis=1) > 1 + 1e-6)
    with np.errstate(invalid="ignore"):
        faults: dict[str, Mask] = {
            "a distance below 0": distance < 0,
            f"a distance beyond {plausible.ceiling:g}": distance > plausible.ceiling,
            "pulls that are no shares": asked & odd_pulls,
        }
    right = np.where(np.logical_or.reduce(list(faults.values())), np.nan, distance)
    flat = _flat(right[:, None], np.column_stack([window.values, window.regime]), plausible)
    if flat and not (plausible.may_rest_at_zero and np.nanmax(right) == 0):
        faults["the same distance whatever is asked"] = ~np.isnan(right)
    wrong = np.logical_or.reduce(list(faults.values()))
    good = Strangeness(np.where(wrong, np.nan, distance), np.where(wrong[:, None], 0.0, pulls))
    return good, _told(faults, len(window), "rows")


def guarded_forecasts(said: Forecasts, lives: Sequence[Life], plausible: Plausible = AS_USUAL) -> Forecasts:
    """The forecasts with every impossible row as NaN, and the reason in `said`: "no valid prediction: ...".

    Raises Rejected "bad_answer" for levels that do not rise inside (0, 1) or another number of rows.

    >>> life = Life("pump", np.arange(3.0), ("rms",), np.ones((3, 1)), False)
    >>> wrong = Forecasts(np.array([0.1, 0.5]), np.array([[-5.0, 10.0]]), ("",))
    >>> guarded_forecasts(wrong, [life]).said
    ('no valid prediction: less than nothing is left',)
    """
    levels, left = np.asarray(said.levels, np.float64), np.asarray(said.left, np.float64)
    rising = levels.ndim == 1 and len(levels) > 1 and bool(np.all(np.diff(levels) > 0))
    if not rising or not 0 < levels[0] < levels[-1] < 1 or left.shape != (len(lives), len(levels)):
        raise Rejected("bad_answer", f"{left.shape} quantiles at {levels.shape} levels for {len(lives)} lives")
    if len(said.said) != len(lives):
        raise Rejected("bad_answer", f"{len(said.said)} texts for {len(lives)} lives")
    empty = ~_any(~np.isnan(left))
    with np.errstate(invalid="ignore"):
        faults: dict[str, Mask] = {
            "a quantile is missing": ~empty & _any(np.isnan(left)),
            "less than nothing is left": _any(left < 0),
            f"more than {plausible.ceiling:g} is left": _any(left > plausible.ceiling),
            "its quantiles fall": _any(np.diff(left, axis=1) < 0),
        }
    cut = _any(left == plausible.ceiling)
    right = ~np.logical_or.reduce([empty, cut, *faults.values()])
    if _flat(np.where(right[:, None], left, np.nan), _last_rows(lives), plausible):
        faults["the same answer whatever is asked"] = right
    wrong = np.logical_or.reduce([empty, *faults.values()])
    texts = []
    for place, text in enumerate(said.said):
        reason = next((name for name, rows in faults.items() if rows[place]), None)
        texts.append(f"{NO_PREDICTION}: {reason}" if reason else (text or NO_PREDICTION) if empty[place] else text)
    return replace(said, left=np.where(wrong[:, None], np.nan, left), said=tuple(texts))


def _any(of: Mask) -> Mask:
    """Is there one in the row?"""
    return np.asarray(of.any(axis=1), np.bool_)


def _flat(answers: Floats, questions: Floats, plausible: Plausible) -> bool:
    """Are there many answers, all equal, to questions that are not?"""
    answered = ~np.isnan(answers).any(axis=1)
    if not plausible.flat_after or np.count_nonzero(answered) < max(plausible.flat_after, 2):
        return False
    given, asked = answers[answered], questions[answered]
    return bool(np.all(given == given[0]) and np.any((asked != asked[0]) & ~np.isnan(asked) & ~np.isnan(asked[0])))


def _last_rows(lives: Sequence[Life]) -> Floats:
    """What is known at the end of each life, filled with NaN where lives have different columns."""
    width = max((life.values.shape[1] for life in lives), default=0) + 1
    rows = np.full((len(lives), width), np.nan)
    for place, life in enumerate(lives):
        if len(life.age):
            rows[place, 0] = life.age[-1]
            rows[place, 1 : 1 + life.values.shape[1]] = life.values[-1]
    return rows


def _told(faults: dict[str, Mask], count: int, what: str) -> tuple[str, ...]:
    return tuple(f"{int(rows.sum())} of {count} {what}: {name}" for name, rows in faults.items() if rows.any())
