"""What is kept of a trained model: version, training data, how well it did, who may use it. Values only."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from forewarn.core.errors import Rejected
from forewarn.core.work import Json

NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
"""Names of models: they become folders, so nothing that a path could misread."""


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

NEEDS_REPORT = (Stage.CHALLENGER, Stage.CHAMPION)
"""Stages that ask for a what-if report (its SHA-256), or for a reason why there is none."""


@dataclass(frozen=True, slots=True)
class FeatureSchema:
    """Columns that a model wants, in order, with their units; `asset_class` it was trained for ("" = any)."""

    names: tuple[str, ...]
    units: tuple[str, ...]
    asset_class: str = ""

    def __post_init__(self) -> None:
        if len(self.names) != len(self.units):
            raise ValueError(f"{len(self.names)} names and {len(self.units)} units")
        if len(set(self.names)) != len(self.names):
            raise ValueError("a column is named twice")

    def differences(self, offered: FeatureSchema) -> tuple[str, ...]:
        """What stands between this model and the columns offered to it, as sentences; () when they fit.

        >>> wanted = FeatureSchema(("flow", "temp"), ("m3/h", "degC"))
        >>> wanted.differences(FeatureSchema(("temp", "flow"), ("K", "m3/h")))
        ('columns stand in another order: flow, temp are wanted', 'temp is wanted in degC, not in K')
        """
        wanted, given = (
            dict(zip(self.names, self.units, strict=True)),
            dict(zip(offered.names, offered.units, strict=True)),
        )
        told = [f"{name} is missing" for name in self.names if name not in given]
        told += [f"{name} is not wanted" for name in offered.names if name not in wanted]
        if not told and self.names != offered.names:
            told.append(f"columns stand in another order: {', '.join(self.names)} are wanted")
        both = (name for name in self.names if name in given)
        told += [f"{n} is wanted in {wanted[n]}, not in {given[n]}" for n in both if wanted[n] != given[n]]
        if self.asset_class and self.asset_class != offered.asset_class:
            other = offered.asset_class or "no class"
            told.append(f"it was trained for {self.asset_class}, not for {other}")
        return tuple(told)

    def require(self, offered: FeatureSchema) -> None:
        """Raises Rejected "other_features" with every difference when the columns offered are not those wanted."""
        told = self.differences(offered)
        if told:
            raise Rejected("other_features", "; ".join(told))


@dataclass(frozen=True, slots=True)
class ModelCard:
    """One version of a model: what is signed together with its file. It never changes once it is kept.

    `task` is "detector", "diagnosis", "life" or "text"; `kind` its key in that table. `version` is 0 before the book
    has numbered it, `file_sha256` "" before there is a file. `data_digest` is the SHA-256 of the training table,
    `data_span_us` what it covers (half-open), `rows` and `assets` its size. `metrics` are of data that did not teach
    it, `settings` what `learn` was called with, `libraries` the versions it was made with. `limits` says in words where
    the model should not be used. Raises ValueError for a name that is no folder name.
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
    metrics: Mapping[str, float] = field(default_factory=dict)
    settings: Json = field(default_factory=dict)
    file_sha256: str = ""
    libraries: Mapping[str, str] = field(default_factory=dict)
    limits: str = ""
    notes: str = ""
    extra: Json = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name) or ".." in self.name:
            raise ValueError(f"a model's name is made of a-z, 0-9, '.', '_' and '-', at most 64; not {self.name!r}")
        if self.version < 0:
            raise ValueError(f"versions count from 1, not {self.version}")


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A version as the book has it. `revision` counts every change and is checked on write.

    `report_sha256` is the what-if report it was judged by ("" = none). `promoted_at_us` when it last became champion
    (None = never). `failed` says why it could not be used ("" = it works); a failed one is retired.
    """

    card: ModelCard
    stage: Stage
    revision: int
    changed_at_us: int
    report_sha256: str = ""
    promoted_at_us: int | None = None
    failed: str = ""

    @property
    def name(self) -> str:
        """Name of the model."""
        return self.card.name

    @property
    def version(self) -> int:
        """Its number."""
        return self.card.version

    @property
    def allowed_stages(self) -> tuple[Stage, ...]:
        """Stages that it may go to now."""
        return STAGES[self.stage]


def way_back(entries: Iterable[ModelEntry]) -> ModelEntry | None:
    """The version that a roll back promotes, out of all of one name: the newest former champion below the one in use
    that has not failed. None when there is none.

    By version and not by time, so that a second roll back goes one further back and never to and fro.
    """
    known = list(entries)
    in_use = next((entry.version for entry in known if entry.stage is Stage.CHAMPION), None)
    former = (
        entry
        for entry in known
        if entry.stage is Stage.RETIRED
        and entry.promoted_at_us is not None
        and not entry.failed
        and (in_use is None or entry.version < in_use)
    )
    return max(former, key=lambda entry: entry.version, default=None)


def card_json(card: ModelCard) -> Json:
    """A card as a JSON object; `card_from_json` reads it back."""
    told: Json = {name: getattr(card, name) for name in card.__dataclass_fields__ if name != "schema"}
    schema = card.schema
    columns: Json = {"names": list(schema.names), "units": list(schema.units), "asset_class": schema.asset_class}
    return {
        **told,
        "schema": columns,
        "data_span_us": list(card.data_span_us),
        "metrics": dict(card.metrics),
        "libraries": dict(card.libraries),
    }


def card_bytes(card: ModelCard) -> bytes:
    """The one text of a card, which is what gets signed: JSON, keys sorted, no spaces, UTF-8. ValueError for NaN."""
    text = json.dumps(card_json(card), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def card_digest(card: ModelCard) -> str:
    """SHA-256 of `card_bytes`, in hex: what a `ModelRef` carries."""
    return hashlib.sha256(card_bytes(card)).hexdigest()


def card_from_json(told: object) -> ModelCard:
    """A card from a JSON object. Raises Rejected "bad_card" and names what is missing, unknown or of another type.

    >>> card = ModelCard("pumps", 3, "life", "trend", FeatureSchema(("rms",), ("m/s^2",)), "ab", (0, 9), 9, 100, 4)
    >>> card_from_json(json.loads(card_bytes(card))) == card
    True
    """
    fields = _object(told, "the card")
    _same_keys(fields, ModelCard.__dataclass_fields__, "the card")
    for name, wanted in _TYPES.items():
        if not isinstance(fields[name], wanted) or isinstance(fields[name], bool):
            raise Rejected("bad_card", f"{name} of the card is no {wanted.__name__}")
    try:
        return ModelCard(**{**fields, **_built(fields)})  # type: ignore[arg-type] # checked field by field above
    except ValueError as error:
        raise Rejected("bad_card", str(error)) from error


_TYPES: dict[str, type] = {
    **dict.fromkeys(("name", "task", "kind", "data_digest", "file_sha256", "limits", "notes"), str),
    **dict.fromkeys(("version", "trained_at_us", "rows", "assets"), int),
    **dict.fromkeys(("schema", "metrics", "settings", "libraries", "extra"), dict),
    "data_span_us": list,
}


def _built(fields: Json) -> Json:
    columns = _object(fields["schema"], "the schema")
    _same_keys(columns, FeatureSchema.__dataclass_fields__, "the schema")
    metrics, libraries = _object(fields["metrics"], "metrics"), _object(fields["libraries"], "libraries")
    if not all(isinstance(value, int | float) for value in metrics.values()):
        raise Rejected("bad_card", "metrics are numbers")
    if not all(isinstance(value, str) for value in libraries.values()):
        raise Rejected("bad_card", "libraries are versions as text")
    span = fields["data_span_us"]
    if not isinstance(span, list) or [type(value) for value in span] != [int, int]:
        raise Rejected("bad_card", "data_span_us is two whole numbers")
    return {
        "schema": FeatureSchema(_words(columns["names"]), _words(columns["units"]), str(columns["asset_class"])),
        "data_span_us": (span[0], span[1]),
        "metrics": metrics,
        "libraries": libraries,
    }


def _object(told: object, what: str) -> Json:
    if not isinstance(told, dict) or not all(isinstance(key, str) for key in told):
        raise Rejected("bad_card", f"{what} is no JSON object")
    return told


def _same_keys(found: Json, wanted: Mapping[str, object], what: str) -> None:
    differing = sorted(set(found) ^ set(wanted))
    if differing:
        raise Rejected("bad_card", f"{what} lacks, or has too many: {', '.join(differing)}")


def _words(told: object) -> tuple[str, ...]:
    if not isinstance(told, list) or not all(isinstance(word, str) for word in told):
        raise Rejected("bad_card", "names and units are lists of texts")
    return tuple(told)
