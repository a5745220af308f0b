"""Trained remaining lives at work: champions are pooled with the built-in forecast, shadows answer and open nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.health import Assessment, ModelRef, State
from forewarn.core.model_cards import FeatureSchema, ModelCard, Stage
from forewarn.core.plant import Asset
from forewarn.core.ports import Actor
from forewarn.core.readings import Readings, Track
from forewarn.maintenance.evidence import assessment_json
from forewarn.maintenance.registry.book_memory import MemoryModelBook
from forewarn.models.assess import assess
from forewarn.models.life.contract import LEVELS, Forecasts, Life
from forewarn.models.registry.registry import Registry, open_registry
from forewarn.models.say import NOTHING_SAID, Say
from forewarn.pipeline.derived import Row
from forewarn.pipeline.features import FeatureStage
from forewarn.pipeline.history import AssetHistory
from forewarn.pipeline.life_in_use import TrainedLife, life_now
from forewarn.pipeline.scoring import Scorer
from forewarn.pipeline.shadow import ShadowRun, shadow_answers, shadow_figures, shadow_outcomes, shadow_series
from forewarn.pipeline.trained import TrainedModels
from forewarn.pipeline.training import TrainRequest, train
from forewarn.pipeline.training_set import SetRequest
from forewarn.pipeline.version import Case, judged_with
from forewarn.pipeline.versions_in_use import versions_then
from tests.pipeline.archives import Past, day, fleet
from tests.pipeline.machines import Works

SMITH = Actor("smith", "planner")
CARD = ModelCard(
    "pump-life", 2, "life", "weibull", FeatureSchema(("flow", "temp"), ("m^3/h", "degC"), "pump"), "ab", (0, 1), 1, 1,
    1, settings={"every_h": 12.0},
)  # fmt: skip
REF = ModelRef("pump-life", "2", "cd")


@dataclass(frozen=True)
class Always:
    """Says so many hours, whatever it is asked; "cannot tell" when negative."""

    hours: float

    def forecast(self, lives: Sequence[Life]) -> Forecasts:
        said = np.full((len(lives), len(LEVELS)), self.hours if self.hours >= 0 else np.nan)
        return Forecasts(LEVELS, said, ("",) * len(lives))


@pytest.fixture(scope="module")
def past() -> Past:
    return fleet(4, 50)


def seen(past: Past, at: float) -> tuple[dict[str, Track], Assessment]:
    asset = past.plant.assets[0]
    history = AssetHistory(asset, past.raw.names(), past.raw)
    history.refresh()
    tracks = {name: track.between(0, day(at) + 1) for name, track in history.tracks.items()}
    return tracks, assess(asset, tracks, (), day(at))


def with_life(past: Past, hours: float, tracks: dict[str, Track], said: Assessment) -> Assessment:
    trained = TrainedLife(CARD, REF, Always(hours))
    return trained.after(Case(past.plant.assets[0], tracks, 0, said.at_us), said)


def test_a_short_trained_life_brings_the_forecast_forward_and_a_long_one_back(past: Past) -> None:
    tracks, said = seen(past, 28)
    assert said.state is State.ALARM
    before = said.forecasts[0]
    for hours in (5.0, 8_000.0):
        after = with_life(past, hours, tracks, said).forecasts[0]
        assert after.model == REF
        assert after.fault == before.fault
        assert (after.quantile(0.5) < before.quantile(0.5)) is (hours < before.quantile(0.5))
        assert after.hours.max() <= before.horizon_h


def test_both_opinions_stay_inside_the_interval(past: Past) -> None:
    tracks, said = seen(past, 28)
    before = said.forecasts[0]
    after = with_life(past, 5.0, tracks, said).forecasts[0]
    assert after.quantile(0.1) < 6.0
    assert after.quantile(0.9) > before.quantile(0.5)


def test_a_life_that_cannot_tell_changes_nothing_and_a_healthy_machine_has_no_forecast(past: Past) -> None:
    tracks, said = seen(past, 28)
    assert with_life(past, -1.0, tracks, said) is said
    tracks, healthy = seen(past, 12)
    assert healthy.forecasts == ()
    assert with_life(past, 5.0, tracks, healthy) is healthy


def test_the_life_counts_from_the_last_repair_also_where_the_readings_begin_later(past: Past) -> None:
    tracks, _ = seen(past, 28)
    asset = past.plant.assets[0]
    whole = life_now(asset, tracks, 0, day(28), CARD)
    repaired = life_now(asset, tracks, day(-10), day(28), CARD)
    late = life_now(asset, tracks, day(20), day(28), CARD)
    assert whole is not None
    assert repaired is not None
    assert late is not None
    assert whole.age[-1] == pytest.approx(28 * 24)
    assert repaired.age[-1] == pytest.approx(38 * 24)
    assert late.age[-1] == pytest.approx(8 * 24)


def test_what_a_version_said_comes_out_again_when_it_is_explained(past: Past) -> None:
    tracks, said = seen(past, 28)
    asset, trained = past.plant.assets[0], TrainedLife(CARD, REF, Always(5.0))
    frozen = cast(Any, assessment_json(with_life(past, 5.0, tracks, said)))
    assert [v["name"] for v in frozen["versions"]] == ["pump-life"]
    voices = versions_then(frozen, lambda name, version: trained)
    again = judged_with(voices, Case(asset, tracks, 0, said.at_us), lambda say: said)
    assert assessment_json(again) == frozen
    del frozen["versions"]  # as orders from before they were named have it
    assert versions_then(frozen, lambda name, version: trained) == voices
    assert versions_then(frozen, lambda name, version: None) == ()
    assert versions_then(cast(Any, assessment_json(said)), lambda name, version: trained) == ()


@pytest.fixture(scope="module")
def registry(past: Past, tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """A detector that was trained for pumps, in the shadow."""
    folder = tmp_path_factory.mktemp("models")
    made = open_registry(folder / "versions", folder / "key", MemoryModelBook())
    done = train(
        past.archive,
        TrainRequest("pump-watch", "detector", "principal_components", SetRequest("pump", day(75))),
        day(75),
    )
    entry = made.register(done.model, done.card, SMITH, day(75))
    made.book.move("pump-watch", 1, Stage.SHADOW, SMITH, entry.revision, day(75))
    return made


@pytest.mark.slow
def test_a_shadow_answers_into_the_derived_store_as_often_as_its_rows_came(past: Past, registry: Registry) -> None:
    asset, shadow, stored = past.plant.assets[0], ShadowRun(registry), []
    for hour in range(36):
        at = 29 - 36 / 24 + hour / 24
        tracks, _ = seen(past, at)
        stored += shadow.rows(asset, tracks, 0, day(at), State.NORMAL)
    assert [name for name, _, _ in stored] == [shadow_series("p1", "pump-watch", 1, "score")] * 3
    assert [at_us - stored[0][1] for _, at_us, _ in stored] == [0, 12 * US_PER_HOUR, 24 * US_PER_HOUR]
    assert stored[-1][2] > 0.5  # a day before the breakdown it is in alarm
    assert shadow.rows(asset, {}, 0, day(40), State.OFFLINE) == []


@pytest.mark.slow
def test_a_detector_in_the_shadow_changes_no_assessment(past: Past, registry: Registry) -> None:
    tracks, said = seen(past, 28)
    after, rows = TrainedModels(registry)(past.plant.assets[0], tracks, 0, said)
    assert after is said
    assert rows


@pytest.mark.slow
def test_a_shadow_whose_file_is_gone_is_retired_and_stops_nobody(
    past: Past, registry: Registry, tmp_path: Path
) -> None:
    broken = open_registry(tmp_path / "versions", tmp_path / "key", MemoryModelBook())
    kept = registry.book.entry("pump-watch", 1)
    assert kept is not None
    version = broken.book.reserve("pump-watch")
    entry = broken.book.add(replace(kept.card, version=version), SMITH, day(75))
    broken.book.move("pump-watch", version, Stage.SHADOW, SMITH, entry.revision, day(75))
    tracks, said = seen(past, 28)
    assert TrainedModels(broken)(past.plant.assets[0], tracks, 0, said) == (said, [])
    after = broken.book.entry("pump-watch", version)
    assert after is not None
    assert after.stage is Stage.RETIRED


def test_answers_of_a_shadow_are_read_back_by_its_version(past: Past) -> None:
    (number,) = past.derived.assign([shadow_series("p2", "pump-life", 3, "p50")])
    past.derived.write(past.derived.position + 1, Readings.of([number], [day(1)], [240.0]), [], [])
    assert shadow_answers(past.derived, "p2", "pump-life", 3, "p50").value.tolist() == [240.0]
    assert len(shadow_answers(past.derived, "p2", "pump-life", 4, "p50")) == 0
    history = AssetHistory(past.plant.assets[1], past.raw.names(), past.raw)
    history.load_features(past.derived)
    assert history.tracks == {}  # what a shadow says is no feature of the machine


def test_what_a_shadow_said_is_judged_by_the_failures_that_came(past: Past) -> None:
    names = [shadow_series("p3", "pump-life", 2, what) for what in ("p10", "p50", "p90")]
    numbers = past.derived.assign(names)
    fails = 40.0  # the third pump: 50 days x (0.6 + 0.2)
    for number, hours in zip(numbers, (100.0, 250.0, 400.0), strict=True):
        told = Readings.of([number] * 3, [day(fails - 10), day(fails - 2), day(fails + 5)], [hours] * 3)
        past.derived.write(past.derived.position + 1, told, [], [])
    found = shadow_outcomes(past.archive, CARD, day(75))
    assert found.left.tolist() == [240.0, 48.0]  # what it says of the next life has no end yet
    assert shadow_figures(past.archive, CARD, day(75)) == {"answers": 2.0, "mae": 106.0, "coverage_80": 0.5}
    assert shadow_figures(past.archive, replace(CARD, version=9), day(75)) == {}
    assert len(shadow_outcomes(past.archive, CARD, day(35)).left) == 0


def test_the_scorer_keeps_what_trained_models_add() -> None:
    class WithTrained(Works):
        def start(self) -> Scorer:
            made = FeatureStage(self.raw, self.derived)
            return Scorer(
                self.plant, self.raw, self.derived, made, self.orders, self.kept, self.hub, self.clock,
                self.every_h * 3600, wall_us=lambda: self.now_us, trained=Adds(),
            )  # fmt: skip

    class Adds:
        def __call__(
            self, asset: Asset, tracks: Mapping[str, Track], from_us: int, assessment: Assessment
        ) -> tuple[Assessment, list[Row]]:
            name = shadow_series(asset.id, "pump-life", 2, "p50")
            return replace(assessment, health=12.5), [(name, assessment.at_us, float(len(tracks)))]

        def say(self, case: Case) -> Say:
            return NOTHING_SAID

    works = WithTrained("p1")
    works.run(12, {"p1": 0.0})
    kept = works.kept.by_asset["p1"]
    assert {told["health"] for told in kept} == {12.5}
    said = shadow_answers(works.derived, "p1", "pump-life", 2, "p50")
    assert said.at.tolist() == [told["at_us"] for told in kept]
