"""What promoted versions say of a machine before the built-in models judge it; `models.assess` pools it with theirs.

One idea for both: two opinions count equally, and neither breaks what was promised. A detector is a second way to
alarm: the two share the set rate of false alarms, half each, so that both together alarm at most at the set rate
however they depend on one another (union bound; whoever has twice the evidence that one limit asks for has lifted the
mean of both over it, and a mean of e-values is an e-value: Vovk and Wang 2021). A diagnosis is a second set of
probabilities over the same faults: the mean of both counts (linear opinion pool, Stone 1961), as for remaining lives.
"""

from __future__ import annotations

from dataclasses import dataclass

from forewarn.core.health import ModelRef
from forewarn.models.diagnosis.learned import Learned
from forewarn.models.together import Together


@dataclass(frozen=True, slots=True, eq=False)
class Say:
    """What each version says, None where there is none or it cannot tell; `detector` and `diagnosis` name them.

    `together` is what a detector sees, already calibrated to its half of the set rate (`detector_share`); `taught` is
    what a diagnosis was taught when it was trained.

    >>> NOTHING_SAID.detector_share
    1.0
    """

    together: Together | None = None
    detector: ModelRef | None = None
    taught: Learned | None = None
    diagnosis: ModelRef | None = None

    @property
    def detector_share(self) -> float:
        """Part of the set rate of false alarms that is left to the built-in detector."""
        return 1.0 if self.together is None else SHARE


SHARE = 0.5
"""Of the set rate: what each of two ways to alarm may cost."""

NOTHING_SAID = Say()
