"""One entry of the plant file said in up to three places: by the asset, by its gateway's profile, by its template."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from forewarn.pipeline.plant_schema import Entry
from forewarn.pipeline.plant_yaml import Path

Report = Callable[[Path, str], None]
"""Takes the place in the file and what is wrong there."""

E = TypeVar("E", bound=Entry)


@dataclass(frozen=True, slots=True)
class Layered(Generic[E]):
    """The layers of one entry, the one that wins first."""

    layers: tuple[tuple[E, Path], ...]

    def get(self, field: str) -> Any:
        """The value of the first layer that gives one, else the default."""
        entry, _ = self._saying(field)
        return getattr(entry, field)

    def path(self, field: str) -> Path:
        """Where the value comes from; the entry itself when nobody gave it."""
        entry, path = self._saying(field)
        return (*path, field) if field in entry.model_fields_set else path

    def given(self, field: str) -> bool:
        """Does any layer give a value?"""
        return any(field in entry.model_fields_set for entry, _ in self.layers)

    def _saying(self, field: str) -> tuple[E, Path]:
        return next((layer for layer in self.layers if field in layer[0].model_fields_set), self.layers[0])


def entries(machine: Layered[Any], field: str) -> dict[str, Layered[Any]]:
    """The entries of all layers by id: the order of the last layer (the template) first, then what the others add."""
    found: dict[str, list[tuple[Entry, Path]]] = {}
    for entry, path in reversed(machine.layers):
        for id, one in getattr(entry, field).items():
            found.setdefault(id, []).insert(0, (one, (*path, field, id)))
    return {id: Layered(tuple(layers)) for id, layers in found.items()}
