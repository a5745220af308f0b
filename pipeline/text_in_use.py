"""A trained reader of texts at work: the champion suggests what the words of an order speak of, before the table does.

A suggestion for a form, no label by itself: what was found is said by a person. The version names the failure mode;
which fault of the machine that is, the table of words and the machine's components decide: one that strikes in this
mode. Where the version cannot tell, or there is none, the table of words (`models.diagnosis.symptoms`) suggests alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from forewarn.core.faults import FAILURE_MODES, MECHANISMS, Fault
from forewarn.core.health import ModelRef
from forewarn.core.plant import Asset
from forewarn.models.diagnosis.ranking import possible_faults
from forewarn.models.diagnosis.symptoms import UNKNOWN, failure_modes, suggested_fault
from forewarn.models.diagnosis.text import TextReader
from forewarn.models.registry.registry import Opened
from forewarn.pipeline.version import Version, require_task

LIKELY = 0.6
"""Probability from which a mode is suggested: what is hardly better than tossing a coin is no help."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a text speaks of: an ISO 14224 failure mode, a fault of the machine, the part that its job plan takes; each
    None where the text does not tell. `by`: the version that named the mode, None for the table of words."""

    failure_mode: str | None
    fault: Fault | None
    part: str | None
    by: ModelRef | None


@dataclass(frozen=True, slots=True, eq=False)
class TrainedText(Version):
    """A version of a reader, opened."""

    learnt: TextReader

    @staticmethod
    def of(opened: Opened) -> TrainedText:
        """From the registry. Raises NotReady for another task."""
        require_task(opened, "text", "reader of texts")
        assert isinstance(opened.model, TextReader)  # what training registers for this task
        return TrainedText(opened.entry.card, opened.ref, opened.model)

    def mode(self, text: str) -> str | None:
        """The failure mode that a text speaks of first; None where it cannot tell."""
        reading = self.learnt.read([text])[0]
        likely = (tag for tag, chance in reading.tags if tag in reading.told and chance >= LIKELY)
        return next((tag for tag in likely if tag in FAILURE_MODES), None)


def suggestion(text: str, asset: Asset, version: TrainedText | None = None) -> Suggestion:
    """What to offer for a text about a machine.

    >>> from forewarn.core.plant import Component
    >>> pump = Asset("p", "p", "pump", "s", "a", components=(Component("seal1", "seal"),))
    >>> found = suggestion("mech seal weeping", pump)
    >>> found.failure_mode, str(found.fault)
    ('ELP', 'seal1:seal_leak')
    """
    named = suggested_fault(text, asset)
    read = version.mode(text) if version else None
    if version is None or read is None:
        mode = failure_modes(text)[0]
        return Suggestion(None if mode == UNKNOWN else mode, named, part_for(named, asset), None)
    striking = [f for f in possible_faults(asset) if MECHANISMS[f.mechanism].mode == read]
    fault = named if named in striking else striking[0] if len(striking) == 1 else None
    return Suggestion(read, fault, part_for(fault, asset), version.ref)


def part_for(fault: Fault | None, asset: Asset) -> str | None:
    """The first part that the job plan of a fault takes."""
    plan = asset.plan_for(fault) if fault else None
    return plan.parts[0].part if plan and plan.parts else None
