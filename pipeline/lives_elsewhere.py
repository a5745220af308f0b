"""Remaining lives that a program of somebody else's forecasts, at work for a class of machines as a champion would be.

The settings name the program and the columns that it wants (`models.registry.external` has the protocol). A trained
champion of the same class goes before it. It gets a version of its own from what the settings say: an order tells it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from forewarn.core.errors import Rejected
from forewarn.core.health import ModelRef
from forewarn.core.model_cards import FeatureSchema, ModelCard
from forewarn.core.plant import Plant
from forewarn.models.registry.external import ExternalPrognosis, ExternalScorer
from forewarn.pipeline.life_in_use import TrainedLife
from forewarn.pipeline.training_set import unit_of_feature


@dataclass(frozen=True, slots=True, eq=False)
class LivesElsewhere:
    """The programs of a plant by class of machines. Each is started when it is first asked."""

    by_class: Mapping[str, TrainedLife]
    scorers: tuple[ExternalScorer, ...]

    def close(self) -> None:
        """End the programs that run."""
        for scorer in self.scorers:
            scorer.close()


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """One program: its command (absolute path first), the class of machines, columns (signals or `signal:feature`), and
    the hours between two rows of a life."""

    command: tuple[str, ...]
    asset_class: str
    columns: tuple[str, ...]
    every_h: float = 12.0


def lives_elsewhere(named: Mapping[str, Elsewhere], plant: Plant) -> LivesElsewhere:
    """The programs that settings name. Nothing is started yet.

    Raises Rejected for a program that is not there, a class that no machine has, a column that no machine of the class
    has, and two programs for one class.
    """
    found: dict[str, TrainedLife] = {}
    scorers = []
    for name, told in named.items():
        if told.asset_class in found:
            raise Rejected("two_scorers", f"{name} is the second scorer of class {told.asset_class!r}: name one")
        scorers.append(ExternalScorer(told.command))
        found[told.asset_class] = _life(name, told, plant, scorers[-1])
    return LivesElsewhere(found, tuple(scorers))


def _life(name: str, told: Elsewhere, plant: Plant, scorer: ExternalScorer) -> TrainedLife:
    schema = FeatureSchema(told.columns, tuple(_unit(name, told, c, plant) for c in told.columns), told.asset_class)
    digest = hashlib.sha256(repr((told.command, schema)).encode()).hexdigest()
    card = ModelCard(
        name=name,
        version=0,
        task="life",
        kind="external",
        schema=schema,
        data_digest="",
        data_span_us=(0, 0),
        trained_at_us=0,
        rows=0,
        assets=0,
        metrics={},
        settings={"every_h": told.every_h},
    )
    return TrainedLife(card, ModelRef(name, "external", digest[:16]), ExternalPrognosis(scorer, schema))


def _unit(name: str, told: Elsewhere, column: str, plant: Plant) -> str:
    """Canonical unit of a column, by the first machine of the class that has it."""
    signal, colon, _ = column.partition(":")
    of_class = [asset for asset in plant.assets if asset.asset_class == told.asset_class]
    if not of_class:
        classes = ", ".join(sorted({asset.asset_class for asset in plant.assets}))
        raise Rejected("asset_class", f"{name}: no machine is of class {told.asset_class!r}; there are: {classes}")
    spec = next((spec for asset in of_class if (spec := asset.signal(signal))), None)
    if spec is None:
        raise Rejected("unknown_signal", f"{name}: no machine of class {told.asset_class!r} has a signal {signal!r}")
    return unit_of_feature(column) if colon else spec.unit
