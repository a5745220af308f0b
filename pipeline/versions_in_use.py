"""Who has a say: champions by class of machines, looked up anew every `LOOK_S`; and those of an old assessment.

A version that cannot be used is told, retired by the registry, and leaves the built-in answer as it is. The same
versions serve the live road, `forewarn explain` and what-if runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from forewarn.core.errors import ForewarnError, NotReady
from forewarn.core.health import Assessment
from forewarn.core.model_cards import ModelCard, ModelEntry, Stage, card_digest
from forewarn.core.ports import Actor
from forewarn.models.registry.registry import Opened, Registry
from forewarn.models.say import Say
from forewarn.pipeline.detector_in_use import TrainedDetector
from forewarn.pipeline.diagnosis_in_use import TrainedDiagnosis
from forewarn.pipeline.life_in_use import TrainedLife
from forewarn.pipeline.text_in_use import TrainedText
from forewarn.pipeline.version import Case, Version, Voice, VoicesOf

log = structlog.get_logger(__name__)

LOOK_S = 30.0
"""Wall seconds after which a new champion is noticed at the latest."""

SYSTEM = Actor("forewarn", "system")

IN_USE: Mapping[str, Callable[[Opened], Version]] = {
    "detector": TrainedDetector.of,
    "diagnosis": TrainedDiagnosis.of,
    "life": TrainedLife.of,
    "text": TrainedText.of,
}
"""Task -> its version from the registry."""

ASKED = ("detector", "diagnosis", "life")
"""Tasks that have a say in an assessment, in the order in which they are asked; texts are read elsewhere."""


def opened_version(registry: Registry, name: str, version: int, actor: Actor, at_us: int, card: ModelCard) -> Version:
    """A version ready to be asked. Raises NotReady for one that cannot have a say, and as `Registry.open` does."""
    if card.task not in IN_USE:
        raise NotReady(f"{name} is a {card.task}: there is no use for it yet")
    return IN_USE[card.task](registry.open(name, version, actor, at_us, card.schema))


@dataclass(frozen=True, slots=True, eq=False)
class Guarded:
    """A voice that may fail: then it is told, and takes nothing from what the others say."""

    voice: Voice
    name: str
    version: int

    def before(self, case: Case, say: Say) -> Say:
        """See `Voice`."""
        try:
            return self.voice.before(case, say)
        except Exception as error:
            tell_failure(self.name, self.version, error, case.asset.id)
            return say

    def after(self, case: Case, assessment: Assessment) -> Assessment:
        """See `Voice`."""
        try:
            return self.voice.after(case, assessment)
        except Exception as error:
            tell_failure(self.name, self.version, error, case.asset.id)
            return assessment


def tell_failure(name: str, version: int, error: Exception, asset: str = "") -> None:
    """One line for the log; a bug with its trace."""
    told = {"asset": asset} if asset else {}
    ours = isinstance(error, ForewarnError)
    log.warning("trained_version_not_used", model=name, version=version, error=str(error), exc_info=not ours, **told)


class VersionsInUse:
    """Champions of a plant. One thread uses it.

    `elsewhere`: programs of others by class (`lives_elsewhere`), asked where the class has no champion of a life.
    """

    def __init__(
        self,
        registry: Registry,
        clock_s: Callable[[], float] = time.monotonic,
        elsewhere: Mapping[str, TrainedLife] | None = None,
    ) -> None:
        self._registry, self._clock_s, self._elsewhere = registry, clock_s, elsewhere or {}
        self._looked_s = -LOOK_S
        self._entries: list[ModelEntry] = []
        self._by_class: dict[str, tuple[Guarded, ...]] = {}
        self._opened: dict[str, Version] = {}

    def of(self, asset_class: str, at_us: int) -> tuple[Guarded, ...]:
        """Who has a say on machines of a class, ready to be asked; each may fail alone."""
        self._look()
        if asset_class not in self._by_class:
            self._by_class[asset_class] = tuple(self._found(asset_class, at_us))
        return self._by_class[asset_class]

    def of_task(self, task: str, asset_class: str, at_us: int) -> Version | None:
        """The champion of one task; None where there is none, or it cannot be used."""
        self._look()
        entry = champion_of(self._entries, task, asset_class)
        return self._version(entry, at_us) if entry else None

    def _look(self) -> None:
        if self._clock_s() - self._looked_s < LOOK_S:
            return
        self._entries, self._looked_s = self._registry.book.entries(stage=Stage.CHAMPION), self._clock_s()
        kept = {card_digest(entry.card) for entry in self._entries}
        self._opened = {digest: version for digest, version in self._opened.items() if digest in kept}
        self._by_class = {}

    def _found(self, asset_class: str, at_us: int) -> Iterable[Guarded]:
        for task in ASKED:
            entry = champion_of(self._entries, task, asset_class)
            version = self._version(entry, at_us) if entry else None
            if entry is None and task == "life":
                version = self._elsewhere.get(asset_class)
            if version is not None:
                yield Guarded(version, version.card.name, version.card.version)

    def _version(self, entry: ModelEntry, at_us: int) -> Version | None:
        digest = card_digest(entry.card)
        if digest not in self._opened:
            try:
                found = opened_version(self._registry, entry.name, entry.version, SYSTEM, at_us, entry.card)
            except Exception as error:
                tell_failure(entry.name, entry.version, error)
                return None
            self._opened[digest] = found
        return self._opened[digest]


def champion_of(entries: Sequence[ModelEntry], task: str, asset_class: str) -> ModelEntry | None:
    """Of several champions of a task: one of the class itself before one of all classes, the newest promotion first."""
    mine = [e for e in entries if e.card.task == task and e.card.schema.asset_class in (asset_class, "")]
    return max(
        mine, key=lambda e: (e.card.schema.asset_class == asset_class, e.promoted_at_us or 0, e.name), default=None
    )


def trial_of(today: VoicesOf, tried: Version) -> VoicesOf:
    """Everybody of today, but with a version in the place of the champion of its task, on machines of its class. One
    that has no say in assessments changes nobody."""
    if tried.card.task not in ASKED:
        return today

    def voices(asset_class: str, at_us: int) -> tuple[Voice, ...]:
        others = tuple(today(asset_class, at_us))
        if tried.card.schema.asset_class not in ("", asset_class):
            return others
        asked = [voice for voice in others if _task_of(voice) != tried.card.task]
        place = sum(_task_of(v) in ASKED[: ASKED.index(tried.card.task)] for v in asked)
        return (*asked[:place], tried, *asked[place:])

    return voices


def _task_of(voice: Voice) -> str:
    inner = voice.voice if isinstance(voice, Guarded) else voice
    return inner.card.task if isinstance(inner, Version) else ""


OpenVersion = Callable[[str, int], Version | None]
"""(name, version) -> that version, None when it cannot be opened any more."""


def none_can_be_opened(name: str, version: int) -> Version | None:
    """Where there is no registry."""
    return None


def versions_then(frozen: Mapping[str, Any], open_version: OpenVersion) -> tuple[Version, ...]:
    """The versions that had a say in a kept assessment (`assessment_json`), in the order in which they were asked.

    Assessments from before `versions` were kept name theirs as the model of a forecast.
    """
    told = [frozen.get("versions", ()), [forecast["model"] for forecast in frozen.get("forecasts", ())]]
    named = {(str(ref["name"]), str(ref["version"])) for refs in told for ref in refs}
    named.discard((str(frozen["model"]["name"]), str(frozen["model"]["version"])))
    found = [open_version(name, int(number)) for name, number in sorted(named) if number.isdigit()]
    known = [version for version in found if version is not None and version.card.task in ASKED]
    return tuple(sorted(known, key=lambda version: ASKED.index(version.card.task)))
