"""The answer to "how much?": the figure, what it was divided from, and the rows behind it.

Every row brings its share of numerator and denominator; the sums of the rows are those of the figure. A figure that
cannot be said is None, with the reason: never 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Row:
    """One thing behind a figure. `id` and `number` of an order (or of what `what` says), what it adds to numerator and
    denominator, and a note for people."""

    what: str
    id: str
    number: str
    asset: str
    at_us: int | None
    numerator: float
    denominator: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """A figure of a period. `value` None: `why` says why it cannot be said. `left_out`: things that belong to the
    period and could not be judged; `note` says which, or what else to know. `low`, `high`: 95 % interval where one is
    known. `denominator` None: the figure is a sum. `unit` "": that of the definition."""

    key: str
    value: float | None
    numerator: float
    denominator: float | None
    rows: tuple[Row, ...]
    why: str = ""
    left_out: int = 0
    note: str = ""
    low: float | None = None
    high: float | None = None
    unit: str = ""


def ratio(key: str, rows: Iterable[Row], none: str, left_out: int = 0, note: str = "") -> Answer:
    """Sum of numerators over sum of denominators; without a denominator the sentence `none`.

    >>> done, missed = Row("order", "a", "WO-1", "p1", 0, 1.0, 1.0), Row("order", "b", "WO-2", "p1", 0, 0.0, 1.0)
    >>> told = ratio("share", [done, missed], "nothing was due")
    >>> told.value, told.numerator, told.denominator
    (0.5, 1.0, 2.0)
    """
    kept = tuple(rows)
    above, below = math.fsum(row.numerator for row in kept), math.fsum(row.denominator for row in kept)
    value = above / below if below > 0 else None
    return Answer(key, value, above, below, kept, "" if value is not None else none, left_out, note)


def total(key: str, rows: Iterable[Row], none: str, note: str = "") -> Answer:
    """Sum of numerators; with no row the sentence `none`."""
    kept = tuple(rows)
    above = math.fsum(row.numerator for row in kept)
    return Answer(key, above if kept else None, above, None, kept, "" if kept else none, note=note)


def share(answer: Answer) -> Answer:
    """A share of countable things, with Wilson's 95 % interval."""
    if answer.value is None or not answer.denominator:
        return answer
    low, high = wilson(answer.numerator, answer.denominator)
    return replace(answer, low=low, high=high)


def wilson(hits: float, tries: float) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927).

    >>> [round(x, 3) for x in wilson(8, 10)]
    [0.49, 0.943]
    """
    z = 1.959963984540054
    p, n = hits / tries, tries
    middle, width = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, (middle - width) / (1 + z * z / n)), min(1.0, (middle + width) / (1 + z * z / n))


def page(rows: Sequence[Row], offset: int, limit: int) -> tuple[Row, ...]:
    """So many rows from one on."""
    return tuple(rows[offset : offset + limit])
