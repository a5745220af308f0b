"""What trained models add to an assessment of the live road: the champion's remaining life, the shadows' answers."""

from __future__ import annotations

from collections.abc import Mapping

from forewarn.core.health import Assessment
from forewarn.core.plant import Asset
from forewarn.core.readings import Track
from forewarn.models.registry.registry import Registry
from forewarn.pipeline.derived import Row
from forewarn.pipeline.life_in_use import LivesInUse, TrainedLife
from forewarn.pipeline.shadow import ShadowRun


class TrainedModels:
    """Called by the scorer with what an assessment rests on. One thread uses it."""

    def __init__(self, registry: Registry, elsewhere: Mapping[str, TrainedLife] | None = None) -> None:
        self._lives, self._shadow = LivesInUse(registry, elsewhere=elsewhere), ShadowRun(registry)

    def __call__(
        self, asset: Asset, tracks: Mapping[str, Track], from_us: int, assessment: Assessment
    ) -> tuple[Assessment, list[Row]]:
        """The assessment with the champion's say (see `life_in_use`), and rows for the derived store (see `shadow`)."""
        rows = self._shadow.rows(asset, tracks, from_us, assessment.at_us, assessment.state)
        return self._lives(asset, tracks, from_us, assessment), rows
