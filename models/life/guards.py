"""Columns that know the answer are refused before anything learns from them.

A model that is given "days until the next PM", a countdown, or a share of the life that is gone looks splendid in every
test and is worth nothing on the day, since nobody knows that column while the machine still runs (Kaufman et al. 2012,
"Leakage in data mining"). Three looks: at the name, at how the column moves with the age, and at how well it alone
tells the remaining life of assets it has not seen. Columns that stay constant within each asset (serial number, site,
nominal load) let a model remember assets instead of wear: they are named, and the models leave them out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from forewarn.core.errors import Rejected
from forewarn.core.readings import Floats
from forewarn.models.life.contract import Life

SCHEDULE_WORDS = re.compile(
    r"\b(until|till|due|countdown|rul|ttf|remaining|scheduled?|planned)\b"
    r"|\btime to (failure|event|maintenance|service|pm)\b|\b(days|hours|cycles|weeks) (left|to|before)\b"
    r"|\bnext (pm|service|maintenance|overhaul|inspection|failure|repair)\b|\b(failure|end) (date|time|cycle)\b"
)
STEPS_SHARE = 0.8  # of the steps: a countdown that starts again after each service still counts down in most of them
ROUNDING = 1e-6
SAME_END = 0.02  # of the column's range: ends of all lives within this are one and the same end
TOLD = 0.02  # of the remaining life's spread: what is left open by a column that knows the answer
LEAST_ENDS = 3
LEAST_ROWS = 20


def refuse_leaks(lives: Sequence[Life]) -> None:
    """Raise Rejected("knows-the-answer", ...) with every column that was made from a schedule or from the end.

    >>> ages = np.arange(1.0, 41.0)
    >>> life = Life("P-1", ages, ("days until next PM",), ages[::-1, None], True)
    >>> refuse_leaks([life])
    Traceback (most recent call last):
    forewarn.core.errors.Rejected: knows-the-answer: Take out these columns, nobody knows them while the machine runs: days until next PM (its name says it was made from a schedule).
    """  # noqa: E501
    found = leaks(lives)
    if found:
        told = "; ".join(f"{name} ({why})" for name, why in found.items())
        raise Rejected("knows-the-answer", f"Take out these columns, nobody knows them while the machine runs: {told}.")


def leaks(lives: Sequence[Life]) -> dict[str, str]:
    """Columns that know the answer, with the reason. Values are only judged where at least three lives have ended."""
    if not lives:
        return {}
    found: dict[str, str] = {}
    ended = [life for life in lives if life.ended and len(life.age) >= LEAST_ROWS]
    for place, name in enumerate(lives[0].names):
        why = named_by_schedule(name) or counted_down(lives, place)
        if not why and len(ended) >= LEAST_ENDS:
            why = same_end(ended, place) or tells_alone(ended, place)
        if why:
            found[name] = why
    return found


def named_by_schedule(name: str) -> str:
    """Reason, or "" for a name that speaks of nothing planned.

    >>> named_by_schedule("hoursToFailure") != "", named_by_schedule("oil_temperature")
    (True, '')
    """
    words = re.sub(r"[^a-z0-9]+", " ", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).lower())
    return "its name says it was made from a schedule" if SCHEDULE_WORDS.search(words) else ""


def counted_down(lives: Sequence[Life], place: int) -> str:
    """Falls by the same amount per unit of age in most steps: a countdown, also one that starts again."""
    rates = [np.diff(life.values[:, place]) / np.diff(life.age) for life in lives if len(life.age) > 1]
    seen = np.concatenate(rates) if rates else np.zeros(0)
    seen = seen[np.isfinite(seen)]
    if len(seen) < LEAST_ROWS:
        return ""
    usual = float(np.median(seen))
    steady = np.abs(seen - usual) <= ROUNDING * abs(usual)
    return "it counts down as the age goes up" if usual < 0 and steady.mean() >= STEPS_SHARE else ""


def same_end(ended: Sequence[Life], place: int) -> str:
    """A straight line in the age that arrives at the same value in every life, however long: made from the end."""
    lengths = np.array([life.age[-1] - life.age[0] for life in ended])
    if np.ptp(lengths) <= 0.05 * lengths.max():
        return ""
    columns = [life.values[:, place] for life in ended]
    reach = float(np.ptp(np.concatenate(columns)))
    if not np.isfinite(reach) or reach <= 0:
        return ""
    straight = all(abs(line_fit(life.age, column)) > 1 - 1e-9 for life, column in zip(ended, columns, strict=True))
    ends = np.array([column[-1] for column in columns])
    return "it arrives at the same value at every failure" if straight and np.ptp(ends) <= SAME_END * reach else ""


def line_fit(age: Floats, column: Floats) -> float:
    """Correlation with the age; 0 for a constant column."""
    if np.ptp(column) <= 0:
        return 0.0
    return float(np.corrcoef(age, column)[0, 1])


def tells_alone(ended: Sequence[Life], place: int) -> str:
    """The column alone, looked up in the other assets, gives the remaining life almost without error."""
    halves = ended[0::2], ended[1::2]
    errors = [looked_up(asked, taught, place) for asked, taught in (halves, halves[::-1])]
    spread = float(np.std(np.concatenate([life.remaining for life in ended])))
    worst = float(np.median(np.abs(np.concatenate(errors))))
    return "alone it tells the remaining life of other assets" if worst <= TOLD * spread else ""


def looked_up(asked: Sequence[Life], taught: Sequence[Life], place: int) -> Floats:
    """Error of the remaining life read from the nearest values of the column in `taught`; a missing one is wrong."""
    known = np.concatenate([life.values[:, place] for life in taught])
    left = np.concatenate([life.remaining for life in taught])
    order = np.argsort(known[np.isfinite(known)], kind="stable")
    known, left = known[np.isfinite(known)][order], left[np.isfinite(known)][order]
    wanted = np.concatenate([life.values[:, place] for life in asked])
    truth = np.concatenate([life.remaining for life in asked])
    if not len(known):
        return np.full(len(truth), np.inf)
    told = np.interp(wanted, known, left)
    return np.asarray(np.where(np.isfinite(told), np.abs(told - truth), np.inf), np.float64)


def constant_columns(lives: Sequence[Life]) -> tuple[str, ...]:
    """Columns that never move within any life: they name the asset, not its wear. Models leave them out.

    >>> life = Life("P-1", np.array([1.0, 2.0]), ("site", "rms"), np.array([[3.0, 1.0], [3.0, 1.2]]), True)
    >>> constant_columns([life])
    ('site',)
    """
    return tuple(name for place, name in enumerate(lives[0].names) if not any(moves(life, place) for life in lives))


def moves(life: Life, place: int) -> bool:
    """Does the column take two values within this life?"""
    column = life.values[:, place]
    known = column[np.isfinite(column)]
    return len(known) > 1 and float(np.ptp(known)) > 0
