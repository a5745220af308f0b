"""A program of somebody else's forecasts remaining lives in the live road, named by the settings alone."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from forewarn.core.errors import Rejected
from forewarn.core.health import Assessment, ModelRef, RulForecast, State, WarmingUp
from forewarn.core.plant import Asset, Plant
from forewarn.core.readings import Track
from forewarn.maintenance.registry.book_memory import MemoryModelBook
from forewarn.models.registry.registry import open_registry
from forewarn.pipeline.lives_elsewhere import Elsewhere, lives_elsewhere
from forewarn.pipeline.version import Case, completed
from forewarn.pipeline.versions_in_use import VersionsInUse
from tests.pipeline.archives import SEAL, day, simple_pump

EXAMPLE = Path(__file__).parents[1] / "models" / "registry" / "example_scorer.py"
PLANT = Plant("works", (), (simple_pump("p1"),))
OURS = Elsewhere((sys.executable, "-I", str(EXAMPLE)), "pump", ("temp", "flow"), 12.0)


def tracks(days: int = 20) -> dict[str, Track]:
    at = np.arange(day(0), day(days), 3_600_000_000, dtype=np.int64)
    return {name: Track(at, np.full(len(at), 50.0)) for name in ("temp", "flow")}


def suspected(hours: float = 5_000.0) -> Assessment:
    levels = np.array([0.1, 0.5, 0.9])
    forecast = RulForecast(SEAL, levels, np.array([0.5, 1.0, 1.5]) * hours, 8_766.0, ModelRef("built-in", "1", "a"))
    nothing = WarmingUp(0, 1)
    ref = ModelRef("built-in", "1", "a")
    return Assessment("p1", day(20), (day(0), day(20)), State.ALARM, 50.0, nothing, (), (forecast,), (), ref)


@contextmanager
def in_use(tmp_path: Path, elsewhere: Elsewhere) -> Iterator[VersionsInUse]:
    registry = open_registry(tmp_path / "versions", tmp_path / "key", MemoryModelBook())
    lives = lives_elsewhere({"pump-life": elsewhere}, PLANT)
    try:
        yield VersionsInUse(registry, elsewhere=lives.by_class)
    finally:
        lives.close()


def asked(lives: VersionsInUse, asset: Asset, said: Assessment) -> Assessment:
    return completed(lives.of(asset.asset_class, said.at_us), Case(asset, tracks(), 0, said.at_us), said)


@pytest.mark.slow
def test_its_forecast_is_pooled_with_the_built_in_one_and_the_order_names_it(tmp_path: Path) -> None:
    with in_use(tmp_path, OURS) as lives:
        found = asked(lives, PLANT.assets[0], suspected())
    told = found.forecasts[0]
    assert told.model.name == "pump-life"
    assert told.quantile(0.5) < 5_000.0, "it says about the age over again, 480 h: less than the built-in one"
    assert found.state is State.ALARM


@pytest.mark.slow
def test_a_program_that_fails_takes_nothing_from_the_built_in_forecast(tmp_path: Path) -> None:
    broken = replace(OURS, command=(sys.executable, "-c", "raise SystemExit(3)"))
    before = suspected()
    with in_use(tmp_path, broken) as lives:
        assert asked(lives, PLANT.assets[0], before) is before


def test_a_machine_of_another_class_is_not_its_business(tmp_path: Path) -> None:
    before = suspected()
    with in_use(tmp_path, OURS) as lives:
        assert asked(lives, simple_pump("f1", "fan"), before) is before


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (replace(OURS, command=("relative/program",)), "bad_command"),
        (replace(OURS, asset_class="fan"), "asset_class"),
        (replace(OURS, columns=("temp", "oil")), "unknown_signal"),
    ],
)
def test_settings_that_cannot_work_are_refused_at_the_start(told: Elsewhere, reason: str) -> None:
    with pytest.raises(Rejected) as refused:
        lives_elsewhere({"pump-life": told}, PLANT)
    assert refused.value.reason == reason


def test_two_programs_for_one_class_are_refused() -> None:
    with pytest.raises(Rejected, match="second scorer"):
        lives_elsewhere({"a": OURS, "b": OURS}, PLANT)


def test_features_of_waveforms_carry_their_unit() -> None:
    schema = (
        lives_elsewhere({"a": replace(OURS, columns=("temp:velocity_rms", "flow"))}, PLANT).by_class["pump"].card.schema
    )
    assert schema.units == ("mm/s", "m^3/h")
