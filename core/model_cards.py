"""What is kept of a trained model: version, training data, how well it did, who may use it. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from forewarn.core.work import Json


class Stage(StrEnum):
    """What a version is used for. One champion per model name; a champion is replaced, never two at once."""

    CANDIDATE = "candidate"  # trained, used by nobody
    SHADOW = "shadow"  # scores beside the champion, opens nothing
    CHALLENGER = "challenger"  # has a what-if report, waits for a person
    CHAMPION = "champion"  # the one that decides
    RETIRED = "retired"


STAGES: dict[Stage, tuple[Stage, ...]] = {
    Stage.CANDIDATE: (Stage.SHADOW, Stage.CHALLENGER, Stage.RETIRED),
    Stage.SHADOW: (Stage.CHALLENGER, Stage.CANDIDATE, Stage.RETIRED),
    Stage.CHALLENGER: (Stage.CHAMPION, Stage.SHADOW, Stage.CANDIDATE, Stage.RETIRED),
    Stage.CHAMPION: (Stage.RETIRED,),
    Stage.RETIRED: (Stage.CHALLENGER,),  # the way back: promote an earlier one again
}
"""The life cycle of a version, in one place."""


@dataclass(frozen=True, slots=True)
class FeatureSchema:
    """Columns that a model wants, in order, with their units; `asset_class` it was trained for ("" = any)."""

    names: tuple[str, ...]
    units: tuple[str, ...]
    asset_class: str = ""

    def __post_init__(self) -> None:
        if len(self.names) != len(self.units):
            raise ValueError(f"{len(self.names)} names and {len(self.units)} units")


@dataclass(frozen=True, slots=True)
class ModelCard:
    """One version of a model. `task` is "detector", "diagnosis", "life" or "text"; `kind` its key in that table.

    `data_digest` is the SHA-256 of the training table, `data_span_us` what it covers, `file_sha256` of the model file.
    `metrics` are of data that did not teach it, `settings` what `learn` was called with.
    """

    name: str
    version: int
    task: str
    kind: str
    schema: FeatureSchema
    data_digest: str
    data_span_us: tuple[int, int]
    trained_at_us: int
    rows: int
    assets: int
    metrics: Mapping[str, float]
    settings: Json
    file_sha256: str
    libraries: Mapping[str, str]
    stage: Stage = Stage.CANDIDATE
    notes: str = ""
    extra: Json = field(default_factory=dict)
