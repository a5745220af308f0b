"""Labels: what a finished order says of the advice that opened it. The only thing that flows back from maintenance.

"No fault found" is a valid finding and teaches as much as a confirmed one. A label counts from the moment it was told:
what is learnt for a moment in the past uses only labels with `completed_at_us` before it (point in time).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from forewarn.core.faults import Fault
from forewarn.core.health import Candidate, ModelRef
from forewarn.core.work import Verification


class Finding(StrEnum):
    """What the technician found, against what the order had advised."""

    CONFIRMED = "confirmed"  # the advised fault was there
    PARTLY = "partly"  # something was wrong, and the advice named it half: another part, another degree
    NOT_FOUND = "not_found"  # the advised fault was not there


CREDIT: dict[Finding, float] = {Finding.CONFIRMED: 1.0, Finding.PARTLY: 0.5, Finding.NOT_FOUND: 0.0}
"""How much of a hit a finding is, in [0, 1]."""


@dataclass(frozen=True, slots=True)
class Label:
    """One finished condition order and its finding.

    `fault` is the advised one, `probability` what the diagnosis gave it when the order was opened and `model` who said
    so (None: the evidence does not tell). `completed_at_us` is when the finding was told: not known before.
    `fault_found` is what was there instead, or more precisely (None: not told); `failure_mode_found` an ISO 14224 code
    of `core.faults.FAILURE_MODES`; `part_used` the part that the repair took; `text` the technician's own words.
    `candidates` are all faults that the diagnosis weighed then, with the strengths of their signs (empty on older
    orders). `verification`: whether the repair showed in the signals, as far as it was known by the moment in question.
    """

    order_id: str
    number: str
    asset: str
    asset_class: str
    fault: Fault
    probability: float | None
    model: ModelRef | None
    opened_at_us: int
    completed_at_us: int
    finding: Finding
    fault_found: Fault | None = None
    failure_mode_found: str | None = None
    part_used: str | None = None
    text: str = ""
    candidates: tuple[Candidate, ...] = ()
    verification: Verification = Verification.PENDING

    @property
    def truth(self) -> Fault | None:
        """The fault that was there; None when none was found, or none was named.

        >>> advised, other = Fault("bearing", "ball_spall"), Fault("coupling", "misalignment")
        >>> told = lambda finding, found: Label("1", "WO-1", "p", "pump", advised, 0.9, None, 0, 1, finding, found)
        >>> str(told(Finding.CONFIRMED, None).truth), str(told(Finding.NOT_FOUND, other).truth)
        ('bearing:ball_spall', 'coupling:misalignment')
        >>> told(Finding.NOT_FOUND, None).truth is None
        True
        """
        if self.fault_found is not None:
            return self.fault_found
        return None if self.finding is Finding.NOT_FOUND else self.fault

    @property
    def is_believed(self) -> bool:
        """Does the finding stand? Not where the signals went on as before the repair: then what was found, or that
        nothing was, is not what was wrong."""
        return self.verification is not Verification.FAILED

    @property
    def is_confirmed(self) -> bool:
        """Was the advised fault there, as far as the signals do not say otherwise?"""
        return self.finding is Finding.CONFIRMED and self.is_believed

    @property
    def credit(self) -> float:
        """How much of a hit the advice was: 1 confirmed, 0.5 partly, 0 not found."""
        return CREDIT[self.finding]


def known_by(labels: Iterable[Label], at_us: int) -> tuple[Label, ...]:
    """Labels that had been told before a moment, in the order in which they were told."""
    known = (label for label in labels if label.completed_at_us < at_us)
    return tuple(sorted(known, key=lambda label: (label.completed_at_us, label.number)))
