"""What people added to the plant: an overlay beside the plant file, which itself is only ever written by its author.

    assets:
      pump-7:
        signals:
          seal_temp: {topic: plant/p7/env, field: seal.temp, quantity: temperature, unit: degC}
      pump-9:
        machine: {class: pump, site: s1, area: hall-b}

An entry reads like one of the plant file. Signals were adopted; machines, and fields of machines, came with a table
(`imported_assets`). The plant file has the last word.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field

from forewarn.core.plant import Plant
from forewarn.pipeline.imported_assets import add_imported
from forewarn.pipeline.plant_build import build_plant
from forewarn.pipeline.plant_errors import as_written, problem_at, validated
from forewarn.pipeline.plant_file import PlantFileError, load_plant
from forewarn.pipeline.plant_layers import Report
from forewarn.pipeline.plant_schema import AssetEntry, Entry, Id, PlantFile, SignalEntry
from forewarn.pipeline.plant_yaml import MAX_BYTES, Node, Problem, read_tree

Overlay = dict[str, dict[str, dict[str, dict[str, object]]]]
"""`assets`, id, `signals`, `machine`, `changed` or `was`, and what stands there."""


class AdoptedAsset(Entry):
    """What was adopted for one machine, and what a table said of it."""

    signals: dict[Id, SignalEntry] = Field(default_factory=dict)
    machine: AssetEntry | None = Field(None, description="a machine that came with a table")
    changed: AssetEntry | None = Field(None, description="fields that a table changed")
    was: dict[str, str | float | None] = Field(default_factory=dict, description="what they said in the plant file")


class AdoptedFile(Entry):
    """The whole overlay."""

    assets: dict[Id, AdoptedAsset] = Field(default_factory=dict)


def load_plant_with_adopted(plant_path: Path, overlay_path: Path) -> Plant:
    """The plant of a file with the adopted signals of an overlay, which need not exist.

    Raises PlantFileError, which names the file that has to change, and OSError when the plant file cannot be read.
    """
    plant = load_plant(plant_path)
    return _with_overlay(plant, plant_path, _text_of(overlay_path), overlay_path)


def adopt(plant_path: Path, overlay_path: Path, asset: str, signal: str, entry: dict[str, object]) -> Plant:
    """Add a signal to the overlay, durably, if the plant holds together with it. Answers the new plant.

    `entry` has the keys of a signal in the plant file. Raises PlantFileError and changes nothing otherwise.
    """
    written = _plain(_text_of(overlay_path))
    signals = written.setdefault("assets", {}).setdefault(asset, {}).setdefault("signals", {})
    if signal in signals:
        raise PlantFileError(str(overlay_path), [Problem(1, 1, f"assets.{asset}.signals.{signal}", "adopted already")])
    signals[signal] = entry
    return _replace(plant_path, overlay_path, written)


def give_up(plant_path: Path, overlay_path: Path, asset: str, signal: str) -> Plant:
    """Take an adopted signal out of the overlay, durably. One that is not in it is no error."""
    written = _plain(_text_of(overlay_path))
    signals = written.get("assets", {}).get(asset, {}).get("signals", {})
    signals.pop(signal, None)
    return _replace(plant_path, overlay_path, written)


def rewrite(plant_path: Path, overlay_path: Path, change: Callable[[Overlay], None]) -> Plant:
    """Change the overlay, durably, if the plant holds together with it; answers the new plant. Raises PlantFileError
    and changes nothing otherwise."""
    return _replace(plant_path, overlay_path, _changed(overlay_path, change))


def tried(plant_path: Path, overlay_path: Path, change: Callable[[Overlay], None]) -> Plant:
    """The plant as `rewrite` would make it, and nothing is written. Raises PlantFileError."""
    text = yaml.safe_dump(_changed(overlay_path, change), sort_keys=True, allow_unicode=True)
    return _with_overlay(load_plant(plant_path), plant_path, text, overlay_path)


def overlay_of(overlay_path: Path) -> Overlay:
    """What the overlay says, as plain values; empty where there is none."""
    return _plain(_text_of(overlay_path))


def put_back(overlay_path: Path, data: bytes | None) -> None:
    """The overlay as it was; None: there was none."""
    if data is None:
        overlay_path.unlink(missing_ok=True)
    else:
        _write_durably(overlay_path, data.decode("utf-8"))


def _changed(overlay_path: Path, change: Callable[[Overlay], None]) -> Overlay:
    written = _plain(_text_of(overlay_path))
    change(written)
    return written


def _replace(plant_path: Path, overlay_path: Path, written: Overlay) -> Plant:
    text = yaml.safe_dump(written, sort_keys=True, allow_unicode=True)
    plant = _with_overlay(load_plant(plant_path), plant_path, text, overlay_path)
    _write_durably(overlay_path, text)
    return plant


def _text_of(overlay: Path) -> str:
    try:
        return overlay.read_text("utf-8")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        raise PlantFileError(str(overlay), [Problem(1, 1, "", f"not UTF-8: {error.reason}")]) from None


def _plain(text: str) -> Overlay:
    """What the overlay says, to be changed and written again; it is checked before that."""
    found: Any = read_tree(text)[0].plain() if text.strip() else {}
    return found if isinstance(found, dict) else {}


def _with_overlay(plant: Plant, plant_path: Path, text: str, overlay_path: Path) -> Plant:
    """The plant file holds together by itself: what is wrong now is the overlay's."""
    if not text.strip():
        return plant
    tree, problems = read_tree(text)
    adopted = validated(AdoptedFile, tree, problems)
    if adopted is None or problems:
        raise PlantFileError(str(overlay_path), problems)
    file = file_of(plant_path)
    problems += _clashes(plant, adopted, tree)
    if not problems:
        for id, asset in adopted.assets.items():
            add_imported(file, plant, id, asset.machine, asset.changed, asset.was)
            file.assets[id].signals.update(asset.signals)
        grown = build_plant(file, _reporter(tree, problems), plant_path.parent)
    if problems:
        raise PlantFileError(str(overlay_path), problems)
    return grown


def file_of(plant_path: Path) -> PlantFile:
    """The models of a plant file that was loaded without a problem just now."""
    tree, _ = read_tree(plant_path.read_bytes()[: MAX_BYTES + 1].decode("utf-8-sig"))
    problems: list[Problem] = []
    file = validated(PlantFile, tree, problems)
    if file is None:
        raise PlantFileError(str(plant_path), problems)
    return file


def _clashes(plant: Plant, adopted: AdoptedFile, tree: Node) -> list[Problem]:
    """Signals of machines that are gone, or that the plant file has got itself by now."""
    found = []
    for id, entry in adopted.assets.items():
        asset = plant.asset(id)
        if asset is None and entry.machine is not None:
            continue
        if asset is None:
            found.append(problem_at(tree, ("assets", id), "the plant file has no such asset", of_key=True))
            continue
        for signal in entry.signals:
            if asset.signal(signal) is not None:
                path = ("assets", id, "signals", signal)
                found.append(problem_at(tree, path, "the plant file has a signal of this name", of_key=True))
    return found


def _write_durably(path: Path, text: str) -> None:
    """All or nothing: what a crash leaves is the old overlay or the new one."""
    beside = path.with_suffix(".new")
    with beside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _reporter(tree: Node, problems: list[Problem]) -> Report:
    return lambda path, message: problems.append(problem_at(tree, as_written(path), message))
