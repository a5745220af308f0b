"""The chunk templates that ship, and those of a plant: `chunk_templates.yaml` read into `ChunkTemplate`s.

A plant adds its own gateway in a file of this name beside its plant file, without code.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path

import yaml

from forewarn.ingest.formats.chunks import ChunkTemplate

FILENAME = "chunk_templates.yaml"


def load_templates(text: str) -> dict[str, ChunkTemplate]:
    """The templates of a YAML file by name. Refuses (ValueError) with the name of the template and the key.

    >>> text = "mine: {id: meas, index: i, total: n, samples: x, rate_hz: 1000}"
    >>> load_templates(text)["mine"].rate_hz
    1000
    """
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(f"chunk templates are not YAML: {error}") from None
    if not isinstance(found, dict) or not all(isinstance(entry, dict) for entry in found.values()):
        raise ValueError("chunk templates: name -> keys of the template")
    return {str(name): ChunkTemplate.load(str(name), entry) for name, entry in found.items()}


@cache
def shipped_templates() -> dict[str, ChunkTemplate]:
    """The templates that come with the product."""
    return load_templates(resources.files("forewarn.ingest").joinpath(FILENAME).read_text())


def chunk_templates(folder: Path | None) -> dict[str, ChunkTemplate]:
    """The templates that ship and those beside a plant file, which win over a shipped one of the same name.

    Refuses (ValueError) a file that cannot be read as templates.

    >>> sorted(chunk_templates(None))
    ['forewarn', 'ncd-time-domain', 'treon-stream']
    """
    own = None if folder is None else folder / FILENAME
    if own is None or not own.exists():
        return shipped_templates()
    return shipped_templates() | load_templates(own.read_text(encoding="utf-8"))
