"""Profiles of gateways and wireless sensors: what they send, as data. A plant can write its own, without code.

Those that ship lie in `ingest/profiles/`. Each says where its names come from; what nobody could look up is marked as
assumed, with the reason, and `forewarn plant profiles` says so.
"""

from __future__ import annotations

from pathlib import Path as FilePath
from typing import Annotated

from pydantic import Field

import forewarn.ingest
from forewarn.core.errors import Rejected
from forewarn.pipeline.plant_detection import detection_fault, split_unit
from forewarn.pipeline.plant_errors import problem_at, validated
from forewarn.pipeline.plant_schema import (
    DetectionName,
    Entry,
    FormatName,
    Id,
    Name,
    NotNegative,
    Positive,
    RoleName,
    SignalEntry,
    TimeUnit,
)
from forewarn.pipeline.plant_units import UnitError, did_you_mean, resolve_unit
from forewarn.pipeline.plant_yaml import MAX_BYTES, Node, Problem, read_tree

SHIPPED = FilePath(forewarn.ingest.__path__[0]) / "profiles"
SUFFIXES = (".yaml", ".yml")


class SourceEntry(Entry):
    """A document that the names come from."""

    title: Name
    url: str | None = Field(None, max_length=500)
    date: str | None = Field(None, description="of the document, as it states it")
    says: str | None = Field(None, max_length=500, description="what of the profile stands there")


class FeatureEntry(Entry):
    """One value that the device sends."""

    field: str = Field(min_length=1, max_length=200)
    unit: Name
    quantity: str | None = None
    detection: DetectionName | None = None
    role: RoleName = "measurement"
    band_hz: Annotated[list[NotNegative], Field(min_length=2, max_length=2)] | None = None
    range: Annotated[list[float | None], Field(min_length=2, max_length=2)] | None = None
    stuck_after_s: NotNegative | None = None
    description: str | None = Field(None, max_length=500)
    assumed: bool = Field(False, description="the name of the field is a guess")


class ProfileFile(Entry):
    """A whole profile."""

    profile: Id
    vendor: Name
    models: list[Name] = Field(default_factory=list)
    about: str | None = Field(None, max_length=2000)
    sources: Annotated[list[SourceEntry], Field(min_length=1)]
    assumed: str | None = Field(None, max_length=2000, description="what is a guess, and why")
    topic: str = Field(min_length=1, max_length=1000)
    format: FormatName = "json"
    time_field: str | None = Field(None, min_length=1, max_length=200)
    time_unit: TimeUnit = "ms"
    period_s: Positive | None = None
    features: dict[Id, FeatureEntry] = Field(default_factory=dict)

    def signal(self, feature: str) -> SignalEntry:
        """A feature as an entry of the plant file; its topic is filled in by the gateway."""
        entry = self.features[feature]
        taken = ("field", "unit", "quantity", "detection", "role", "range", "stuck_after_s")
        said = {key: getattr(entry, key) for key in taken if key in entry.model_fields_set}
        return SignalEntry.model_validate({**self.common(), **said})

    def common(self) -> dict[str, object]:
        """What all signals of a device share."""
        keys = ("format", "time_field", "time_unit", "period_s")
        return {key: getattr(self, key) for key in keys if key in self.model_fields_set}


class ProfileError(Rejected):
    """A profile that cannot be used; `lines` lists everything found as `file:line:column: path: message`."""

    def __init__(self, filename: str, problems: list[Problem]) -> None:
        self.lines = tuple(problem.text(filename) for problem in sorted(set(problems)))
        super().__init__("gateway_profile", "\n".join(self.lines))


def shipped_profiles() -> dict[str, FilePath]:
    """Name -> file of every profile that ships.

    >>> "ncd-vibration-v3" in shipped_profiles()
    True
    """
    return {file.stem.replace("_", "-"): file for file in sorted(SHIPPED.glob("*.yaml"))}


def profile_lines() -> list[str]:
    """What `forewarn plant profiles` prints: a paragraph for each profile that ships."""
    lines: list[str] = []
    for name, file in shipped_profiles().items():
        profile = load_profile(file)
        lines += [f"{name}: {profile.vendor}{' ' if profile.models else ''}{', '.join(profile.models)}"]
        lines += [f"  sends    {', '.join(profile.features) or 'what the plant file names'}"]
        lines += [f"  topic    {profile.topic}"]
        lines += [
            f"  source   {source.title}{f' ({source.date})' if source.date else ''}" for source in profile.sources
        ]
        lines += [f"  assumed  {profile.assumed}"] if profile.assumed else []
    return lines


def find_profile(name: str, folder: FilePath | None) -> ProfileFile:
    """The profile of this name, or of this YAML file in `folder`. Raises ProfileError for its contents, and LookupError
    with a text for the author when there is none."""
    if not name.endswith(SUFFIXES):
        known = shipped_profiles()
        if name not in known:
            raise LookupError(f"unknown profile {name!r}{did_you_mean(name, known)}: see `forewarn plant profiles`")
        return load_profile(known[name])
    if folder is None or FilePath(name).is_absolute() or ".." in FilePath(name).parts:
        raise LookupError(f"{name!r} is no path beside the plant file")
    try:
        return load_profile(folder / name, name)
    except OSError as error:
        raise LookupError(f"{name!r} cannot be read beside the plant file: {error.strerror}") from None


def load_profile(file: FilePath, called: str | None = None) -> ProfileFile:
    """The profile of a file, `called` so in messages. Raises ProfileError, or OSError when it cannot be read."""
    with file.open("rb") as stream:
        data = stream.read(MAX_BYTES + 1)
    try:
        return parse_profile(data.decode("utf-8-sig"), called or file.name)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ProfileError(called or file.name, [Problem(line, 1, "", "not UTF-8")]) from None


def parse_profile(text: str, filename: str = "profile.yaml") -> ProfileFile:
    """The profile of a text; `filename` only stands in messages. Raises ProfileError with every error.

    >>> parse_profile("profile: x")
    Traceback (most recent call last):
    forewarn.pipeline.profiles.ProfileError: gateway_profile: profile.yaml:1:1: `sources` is missing
    profile.yaml:1:1: `topic` is missing
    profile.yaml:1:1: `vendor` is missing
    """
    tree, problems = read_tree(text)
    if tree.value is None and not problems:
        problems = [Problem(1, 1, "", "the file is empty")]
    profile = validated(ProfileFile, tree, problems) if tree.value is not None else None
    if profile is not None and not problems:
        problems = list(_meant_wrongly(profile, tree))
    if problems or profile is None:
        raise ProfileError(filename, problems)
    return profile


def _meant_wrongly(profile: ProfileFile, tree: Node) -> list[Problem]:
    found = []
    for id, feature in profile.features.items():
        bare, of_unit = split_unit(feature.unit)
        try:
            quantity, _ = resolve_unit(bare, feature.quantity)
            wrong = detection_fault(quantity, of_unit, feature.detection)
        except UnitError as error:
            wrong = str(error)
        if wrong:
            found.append(problem_at(tree, ("features", id, "unit"), wrong))
    if profile.assumed is None and any(feature.assumed for feature in profile.features.values()):
        found.append(problem_at(tree, (), "a feature is assumed: say what and why under `assumed`"))
    if "{device}" not in profile.topic:
        found.append(problem_at(tree, ("topic",), "{device} does not stand in the topic: all devices would share it"))
    return found
