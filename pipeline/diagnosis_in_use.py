"""A trained diagnosis at work: the champion of a class of machines ranks faults beside the built-in diagnosis.

The built-in one goes on learning from every finding; a version stands for what a plant has looked at and approved.
Both give probabilities over the same faults from the same signs, and their mean counts (`models.say`): ranking, the
next check and the forecasts follow from it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from forewarn.models.diagnosis.learned import Learned
from forewarn.models.registry.registry import Opened
from forewarn.models.say import Say
from forewarn.pipeline.version import Case, Version, require_task


@dataclass(frozen=True, slots=True, eq=False)
class TrainedDiagnosis(Version):
    """A version of a diagnosis, opened."""

    learnt: Learned

    @staticmethod
    def of(opened: Opened) -> TrainedDiagnosis:
        """From the registry. Raises NotReady for another task."""
        require_task(opened, "diagnosis", "diagnosis")
        assert isinstance(opened.model, Learned)  # what training registers for this task
        return TrainedDiagnosis(opened.entry.card, opened.ref, opened.model)

    def before(self, case: Case, say: Say) -> Say:
        """What it was taught."""
        return replace(say, taught=self.learnt, diagnosis=self.ref)
