"""A promoted version with a say in the assessments of a class of machines. One idea, one file a task:

| task | file | what it says | how it counts |
|---|---|---|---|
| detector | `detector_in_use` | how strange the newest rows are | a second way to alarm, at half the set rate |
| diagnosis | `diagnosis_in_use` | probabilities of the faults | their mean with the built-in ones |
| life | `life_in_use` | hours left | the mixture with the built-in forecast |
| text | `text_in_use` | what words of an order speak of | suggested before the table of words |

`versions_in_use` finds the champions, asks them before and after the built-in models judge, and finds again those that
had a say in an old assessment. `known_outcomes` is asked last: it keeps the coverage of whatever forecast stands then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from forewarn.core.errors import NotReady
from forewarn.core.health import Assessment, ModelRef
from forewarn.core.model_cards import ModelCard
from forewarn.core.plant import Asset
from forewarn.core.readings import Track
from forewarn.models.registry.registry import Opened
from forewarn.models.say import NOTHING_SAID, Say


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One machine at one moment, as versions are asked about it.

    `tracks` hold its signals and features; `from_us` is its last repair (0: none, the life counts from the first
    reading); `doubted` are signals that are not believed now; `rate` is the set rate of false alarms for an asset and
    year.
    """

    asset: Asset
    tracks: Mapping[str, Track]
    from_us: int
    at_us: int
    doubted: frozenset[str] = frozenset()
    rate: float = 0.1


class Voice(Protocol):
    """Whoever has a say."""

    def before(self, case: Case, say: Say) -> Say:
        """What goes into the built-in judgement."""
        ...

    def after(self, case: Case, assessment: Assessment) -> Assessment:
        """What comes out of it."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Version:
    """An opened version. By itself it has nothing to say; `ref` is what assessments name."""

    card: ModelCard
    ref: ModelRef

    def before(self, case: Case, say: Say) -> Say:
        """See `Voice`."""
        return say

    def after(self, case: Case, assessment: Assessment) -> Assessment:
        """See `Voice`."""
        return assessment


VoicesOf = Callable[[str, int], Sequence[Voice]]
"""(class of machines, moment) -> everybody who has a say there, in the order in which they are asked."""


def nobody(asset_class: str, at_us: int) -> tuple[Voice, ...]:
    """Only the built-in models."""
    return ()


def say_of(voices: Sequence[Voice], case: Case) -> Say:
    """What all of them say before the built-in models judge."""
    say = NOTHING_SAID
    for voice in voices:
        say = voice.before(case, say)
    return say


def completed(voices: Sequence[Voice], case: Case, assessment: Assessment) -> Assessment:
    """The assessment with what all of them add; the very same where nobody adds anything."""
    for voice in voices:
        assessment = voice.after(case, assessment)
    return assessment


def judged_with(voices: Sequence[Voice], case: Case, judge: Callable[[Say], Assessment]) -> Assessment:
    """A whole assessment: ask, judge, complete."""
    return completed(voices, case, judge(say_of(voices, case)))


def require_task(opened: Opened, task: str, words: str) -> None:
    """Raises NotReady for a version of another task."""
    card = opened.entry.card
    if card.task != task:
        raise NotReady(f"{card.name} is a {card.task}, not a {words}")
