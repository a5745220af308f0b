"""What trained models add to an assessment of the live road: what champions say, the shadows' answers, and the coverage
that is kept by how forecasts ended."""

from __future__ import annotations

from collections.abc import Mapping

from forewarn.core.health import Assessment
from forewarn.core.plant import Asset
from forewarn.core.readings import Track
from forewarn.models.registry.registry import Registry
from forewarn.models.say import Say
from forewarn.pipeline.derived import Row
from forewarn.pipeline.known_outcomes import KeptCoverage, KnownOutcomes
from forewarn.pipeline.life_in_use import TrainedLife
from forewarn.pipeline.shadow import ShadowRun
from forewarn.pipeline.version import Case, Voice, completed, say_of
from forewarn.pipeline.versions_in_use import Guarded, VersionsInUse


class TrainedModels:
    """Called by the scorer with what an assessment rests on. One thread uses it."""

    def __init__(
        self,
        registry: Registry,
        elsewhere: Mapping[str, TrainedLife] | None = None,
        outcomes: KnownOutcomes | None = None,
    ) -> None:
        self._in_use, self._shadow = VersionsInUse(registry, elsewhere=elsewhere), ShadowRun(registry)
        kept = Guarded(KeptCoverage(outcomes), "coverage", 0) if outcomes else None
        self._last: tuple[Voice, ...] = (kept,) if kept else ()

    def say(self, case: Case) -> Say:
        """What champions say before the built-in models judge."""
        return say_of(self._in_use.of(case.asset.asset_class, case.at_us), case)

    def __call__(
        self, asset: Asset, tracks: Mapping[str, Track], from_us: int, assessment: Assessment
    ) -> tuple[Assessment, list[Row]]:
        """The assessment with what champions add, and rows for the derived store (see `shadow`)."""
        case = Case(asset, tracks, from_us, assessment.at_us)
        rows = self._shadow.rows(asset, tracks, from_us, assessment.at_us, assessment.state)
        voices = (*self._in_use.of(asset.asset_class, assessment.at_us), *self._last)
        return completed(voices, case, assessment), rows
