"""Adopted signals: added to the plant, never instead of it; what is wrong in the overlay is told of the overlay."""

from __future__ import annotations

from pathlib import Path

import pytest

from forewarn.pipeline.adopted import adopt, give_up, load_plant_with_adopted
from forewarn.pipeline.plant_file import PlantFileError

PLANT = """\
plant: Works
sites: {main: {timezone: UTC}}
assets:
  pump-7:
    class: pump
    area: hall
    signals:
      temp: {unit: degC}
"""
ENTRY: dict[str, object] = {"topic": "plant/p7/env", "field": "seal.temp", "quantity": "temperature", "unit": "degF"}


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    path = tmp_path / "plant.yaml"
    path.write_text(PLANT)
    return path


@pytest.fixture
def overlay(tmp_path: Path) -> Path:
    return tmp_path / "adopted.yaml"


def complaint(plant: Path, overlay: Path, text: str) -> str:
    overlay.write_text(text)
    with pytest.raises(PlantFileError) as error:
        load_plant_with_adopted(plant, overlay)
    return str(error.value)


def test_without_an_overlay_the_plant_is_that_of_its_file(plant: Path, overlay: Path) -> None:
    assert [spec.name for spec in load_plant_with_adopted(plant, overlay).signals] == ["pump-7/temp"]
    overlay.write_text("\n")
    assert len(load_plant_with_adopted(plant, overlay).signals) == 1


def test_an_adopted_signal_is_a_signal_of_the_plant_also_after_a_restart(plant: Path, overlay: Path) -> None:
    grown = adopt(plant, overlay, "pump-7", "seal_temp", ENTRY)
    assert grown == load_plant_with_adopted(plant, overlay)
    spec = grown.signals[1]
    assert (spec.name, spec.topic, spec.field) == ("pump-7/seal_temp", "plant/p7/env", "seal.temp")
    assert spec.conversion.apply(212.0) == pytest.approx(100.0)
    assert plant.read_text() == PLANT


def test_signals_are_adopted_one_after_the_other_and_given_up_again(plant: Path, overlay: Path) -> None:
    adopt(plant, overlay, "pump-7", "seal_temp", ENTRY)
    adopt(plant, overlay, "pump-7", "oil", {**ENTRY, "field": "oil.temp"})
    assert len(give_up(plant, overlay, "pump-7", "seal_temp").signals) == 2
    assert [spec.signal for spec in load_plant_with_adopted(plant, overlay).signals] == ["temp", "oil"]
    assert len(give_up(plant, overlay, "pump-7", "nobody").signals) == 2


def test_what_does_not_hold_together_changes_nothing(plant: Path, overlay: Path) -> None:
    adopt(plant, overlay, "pump-7", "seal_temp", ENTRY)
    before = overlay.read_bytes()
    wrong: list[tuple[str, str, dict[str, object]]] = [
        ("pump-7", "seal_temp", ENTRY),
        ("pump-7", "temp", ENTRY),
        ("pump-7", "twice", ENTRY),
        ("pump-8", "seal_temp", ENTRY),
        ("pump-7", "furlongs", {**ENTRY, "field": "x", "unit": "furlong"}),
        ("pump-7", "typo", {"topik": "x"}),
        ("pump-7", "Not an id", {**ENTRY, "field": "y"}),
    ]
    for asset, signal, entry in wrong:
        with pytest.raises(PlantFileError, match=r"adopted\.yaml"):
            adopt(plant, overlay, asset, signal, entry)
        assert overlay.read_bytes() == before
    assert [path.name for path in sorted(overlay.parent.iterdir())] == ["adopted.yaml", "plant.yaml"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("assets:\n  pump-9:\n    signals: {}\n", "adopted.yaml:2:3: assets.pump-9: the plant file has no such asset"),
        ("assets:\n  pump-7:\n    signals:\n      temp: {unit: degC}\n", "adopted.yaml:4:7:"),
        ("assets:\n  pump-7:\n    signals:\n      oil: {unit: furlong}\n", "adopted.yaml:4:19:"),
        ("sites: {}\n", "unknown key"),
        ("assets: [\n", "not YAML"),
    ],
)
def test_mistakes_of_the_overlay_are_told_with_their_place(plant: Path, overlay: Path, text: str, told: str) -> None:
    assert told in complaint(plant, overlay, text)


def test_a_broken_plant_file_is_told_of_the_plant_file(plant: Path, overlay: Path) -> None:
    plant.write_text(PLANT.replace("degC", "furlong"))
    assert "plant.yaml" in complaint(plant, overlay, "assets: {}\n")
