"""The chunk templates that ship, and those of a plant: `chunk_templates.yaml` read into `ChunkTemplate`s."""

from __future__ import annotations

from functools import cache
from importlib import resources

import yaml

from forewarn.ingest.formats.chunks import ChunkTemplate


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
    return load_templates(resources.files("forewarn.ingest").joinpath("chunk_templates.yaml").read_text())
