"""Every example in a docstring is true, and every module can be imported alone."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("api", "core", "ingest", "maintenance", "models", "pipeline", "simulators")
LOADED_BY_PATH = ROOT / "maintenance" / "migrations"


def modules() -> list[str]:
    files = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    shipped = [path for path in files if LOADED_BY_PATH not in path.parents and not path.stem.startswith("__")]
    return ["forewarn." + ".".join(path.relative_to(ROOT).with_suffix("").parts) for path in shipped]


@pytest.mark.parametrize("module", modules())
def test_the_examples_in_the_docstrings_are_true(module: str) -> None:
    failed, _ = doctest.testmod(importlib.import_module(module))
    assert failed == 0
