"""A small model that has learnt, its card, and the means to forge files: shared by the tests of the registry."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from forewarn.core.model_cards import FeatureSchema, ModelCard
from forewarn.core.ports import Actor
from forewarn.core.readings import Window
from forewarn.models.detectors.principal_components import PrincipalComponents

ANN = Actor("ann", "engineer")
NOW_US = 1_800_000_000_000_000
SCHEMA = FeatureSchema(("motor:velocity_rms", "motor:temperature", "flow"), ("mm/s", "degC", "m3/h"), "pump")
DIGEST = "ab" * 32


def window(rows: int = 300, seed: int = 1) -> Window:
    """Three columns of a healthy pump, one of them following another; no regime."""
    rng = np.random.default_rng(seed)
    flow = rng.normal(50, 5, rows)
    values = np.column_stack([rng.normal(2, 0.2, rows), 40 + flow / 10 + rng.normal(0, 0.5, rows), flow])
    return Window.of(np.arange(rows) * 600_000_000, SCHEMA.names, values)


def judge() -> Any:
    """A detector that has learnt."""
    return PrincipalComponents().learn(window())


def card(name: str = "pumps", version: int = 0, file_sha256: str = "", **changed: Any) -> ModelCard:
    """A card for it."""
    told = {
        "metrics": {"false_alarms_per_year": 0.8},
        "settings": {"smooth": 1},
        "limits": "Not for pumps that run less than an hour a day.",
        **changed,
    }
    return ModelCard(
        name,
        version,
        "detector",
        "principal_components",
        SCHEMA,
        DIGEST,
        (NOW_US - 10**12, NOW_US),
        NOW_US,
        300,
        1,
        file_sha256=file_sha256,
        **told,
    )


def entries_of(data: bytes) -> dict[str, bytes]:
    """Name -> content of a ZIP."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(entries: Mapping[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    """A ZIP with these entries."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def forged(data: bytes, change: Callable[[Any], None]) -> bytes:
    """The model file with another schema.json."""
    entries = entries_of(data)
    tree = json.loads(entries["schema.json"])
    change(tree)
    return zipped({**entries, "schema.json": json.dumps(tree).encode()})
