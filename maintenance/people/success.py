"""Whose repairs hold: the share of verified repairs by person and failure mode, shrunk to the mean. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from forewarn.core.work import Status, Verification, WorkOrder

PRIOR_REPAIRS = 5.0
"""How many repairs it takes until somebody's own share weighs as much as the mean."""
UNKNOWN = 0.8
"""The mean before anything was verified."""


@dataclass(frozen=True, slots=True)
class Repair:
    """One person's part in a finished repair of a failure mode, and whether the signals say that it held."""

    person: str
    failure_mode: str
    held: bool


def repairs_of(orders: Iterable[WorkOrder], crews: Mapping[str, Iterable[str]]) -> list[Repair]:
    """Finished orders whose verification passed or failed, for everybody in their crew (`crews`: order id -> people).

    Waived and pending ones teach nothing.
    """
    told = []
    for order in orders:
        judged = order.verification in (Verification.PASSED, Verification.FAILED)
        if judged and order.status in (Status.COMP, Status.CLOSE):
            held = order.verification is Verification.PASSED
            modes = {cause.failure_mode for cause in order.causes}
            told += [Repair(person, mode, held) for person in crews.get(order.id, ()) for mode in sorted(modes)]
    return told


def past_success(
    repairs: Iterable[Repair], people: Iterable[str] = (), prior: float = PRIOR_REPAIRS
) -> dict[tuple[str, str], float]:
    """Share in [0, 1] by (person, failure mode): (held + prior x mean) / (all + prior), for those who did such repairs
    and, of `people`, for those who never did: the mean.

    The mean is the failure mode's over all people, itself shrunk to that of all repairs.

    >>> told = [Repair("ann", "VIB", True)] * 5 + [Repair("bob", "VIB", False)]
    >>> {person: round(share, 3) for (person, _), share in past_success(told).items()}
    {'ann': 0.913, 'bob': 0.689}
    """
    people = tuple(people)
    own: dict[tuple[str, str], list[bool]] = defaultdict(list)
    of_mode: dict[str, list[bool]] = defaultdict(list)
    every: list[bool] = []
    for repair in repairs:
        own[repair.person, repair.failure_mode].append(repair.held)
        of_mode[repair.failure_mode].append(repair.held)
        every.append(repair.held)
    overall = _shrunk(every, UNKNOWN, prior)
    means = {mode: _shrunk(held, overall, prior) for mode, held in of_mode.items()}
    told = {(person, mode): mean for mode, mean in means.items() for person in people}
    return told | {(person, mode): _shrunk(held, means[mode], prior) for (person, mode), held in own.items()}


def _shrunk(held: list[bool], mean: float, prior: float) -> float:
    return (sum(held) + prior * mean) / (len(held) + prior)
