"""The drift watch over a plant whose water changed, and over forecasts that no longer hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.model_cards import ModelCard
from forewarn.core.retraining import RetrainingTask
from forewarn.core.work import Json
from forewarn.models.training.drift import reference_json, reference_of
from forewarn.pipeline.drift_watch import drift_built_in, drift_of_card, outcomes_of, trained_again, watch
from forewarn.pipeline.training_set import SetRequest, training_set
from tests.pipeline.archives import Past, day

PUMPS = tuple(f"p{i}" for i in range(1, 7))


@dataclass
class KeptTasks:
    """Tasks in a dictionary; `asked` counts how often one was wanted."""

    open: dict[tuple[str, str], RetrainingTask] = field(default_factory=dict)
    closed: list[str] = field(default_factory=list)
    asked: int = 0

    def want(self, model: str, asset_class: str, reasons: Sequence[str], at_us: int) -> RetrainingTask:
        self.asked += 1
        task = RetrainingTask(1, model, asset_class, at_us, at_us, tuple(reasons))
        return self.open.setdefault((model, asset_class), task)

    def close(self, model: str, asset_class: str, by: str, at_us: int) -> bool:
        self.closed.append(by)
        return self.open.pop((model, asset_class), None) is not None


def nothing_kept(asset: str, since_us: int) -> list[Json]:
    return []


def plant(warmer_from: float | None = None, pumps: int = 6) -> Past:
    """Pumps that run healthily for 90 days; from a day on the cooling water of the first ones is 5 K warmer."""
    past, rng = Past(PUMPS), np.random.default_rng(8)
    at = np.arange(day(0), day(90), 2 * US_PER_HOUR, dtype=np.int64)
    for i, id in enumerate(PUMPS):
        warmer = 5.0 * (at >= day(warmer_from)) if warmer_from is not None and i < pumps else 0.0
        past.write(f"{id}/temp", at.tolist(), (50 + i + warmer + rng.normal(0, 1, len(at))).tolist())
        past.write(f"{id}/flow", at.tolist(), (80 + rng.normal(0, 1, len(at))).tolist())
    return past


def card(past: Past) -> ModelCard:
    """A card of a model that learnt from the first 60 days."""
    found = training_set(past.archive, SetRequest("pump", day(60)))
    kept = {name: reference_of(found.column(name)) for name in found.schema.names}
    reference = {name: reference_json(summary) for name, summary in kept.items() if summary is not None}
    told = {"every_h": 12.0}
    return ModelCard(
        "pump-life", 1, "life", "weibull", found.schema, found.digest, found.span_us, day(60), found.rows,
        len(found.assets), settings=dict(told), extra={"reference": reference},
    )  # fmt: skip


def test_an_unchanged_plant_wants_nothing() -> None:
    past, tasks = plant(), KeptTasks()
    reports = watch(past.archive, [card(past)], tasks, day(90), nothing_kept)
    assert tasks.asked == 0
    assert [column.drifted for column in reports[0].verdict.columns] == [False, False]


def test_warmer_water_opens_one_task_however_often_it_is_looked_at() -> None:
    past, tasks = plant(65.0), KeptTasks()
    for hour in range(3):
        watch(past.archive, [card(past)], tasks, day(89) + hour * US_PER_HOUR, nothing_kept)
    assert list(tasks.open) == [("pump-life", "pump")]
    (reason,) = tasks.open["pump-life", "pump"].reasons
    assert reason.startswith("temp has moved by")
    assert "6 of 6 machines at once" in reason


def test_a_version_that_was_trained_later_closes_the_task() -> None:
    past, tasks = plant(65.0), KeptTasks()
    old = card(past)
    watch(past.archive, [old], tasks, day(90), nothing_kept)
    assert trained_again(tasks, old, day(91))
    assert tasks.closed == ["pump-life:1"]
    assert tasks.open == {}


def test_a_plant_that_is_back_to_usual_closes_the_task_and_silence_does_not() -> None:
    past, tasks = plant(), KeptTasks()
    tasks.want("pump-life", "pump", ["x"], day(80))
    silent = Past(PUMPS)
    watch(silent.archive, [card(past)], tasks, day(90), nothing_kept)
    assert tasks.open != {}
    watch(past.archive, [card(past)], tasks, day(90), nothing_kept)
    assert tasks.closed == ["back to usual"]


def test_what_comes_after_the_look_changes_nothing() -> None:
    past = plant()
    before = drift_of_card(past.archive, card(past), day(85), nothing_kept)
    past.write("p1/temp", [day(86) + i for i in range(500)], [900.0] * 500)
    assert drift_of_card(past.archive, card(past), day(85), nothing_kept) == before


def test_a_card_without_a_summary_says_that_nobody_can_look() -> None:
    past = plant()
    bare = ModelCard("old", 1, "life", "weibull", card(past).schema, "x", (0, 1), 1, 1, 1, settings={"every_h": 12.0})
    report = drift_of_card(past.archive, bare, day(90), nothing_kept)
    assert report.verdict.columns == ()
    assert "keeps no summary" in report.note


def said(at: float, p10: float, p50: float, p90: float, model: str = "built") -> Json:
    forecast = {"p10_h": p10, "p50_h": p50, "p90_h": p90, "model": {"name": model, "version": "1"}}
    return {"at_us": day(at), "hours_per_day": 12.0, "forecasts": [forecast], "model": {"name": "built"}}


def test_past_forecasts_are_compared_with_failures_in_operating_hours() -> None:
    past = Past(("p1",))
    past.wear("p1", 0, 60)
    past.order("p1", 40, 41)
    kept = [said(20, 100, 240, 400), said(21, 1, 2, 3), said(30, 10, 20, 30), said(45, 1, 2, 3)]
    found = outcomes_of(past.archive, ["p1"], None, day(0), day(60), lambda asset, since: kept)
    assert found.left.tolist() == [240.0, 120.0]  # 20 and 10 days at 12 h; a day later is the same forecast
    assert found.p50.tolist() == [240.0, 20.0]


def test_a_breakdown_that_was_told_on_an_order_of_the_advice_ends_a_life_too() -> None:
    past = Past(("p1",))
    past.wear("p1", 0, 60)
    past.broke_down("p1", 35, 40, 42)
    kept = [said(20, 100, 240, 400), said(30, 10, 20, 30), said(41, 1, 2, 3)]
    found = outcomes_of(past.archive, ["p1"], None, day(0), day(60), lambda asset, since: kept)
    assert found.left.tolist() == [240.0, 120.0]


def test_forecasts_of_another_model_are_not_blamed_on_this_one() -> None:
    past = Past(("p1",))
    past.wear("p1", 0, 60)
    past.order("p1", 40, 41)
    kept = [said(20, 100, 240, 400, "pump-life"), said(30, 100, 240, 400)]
    mine = outcomes_of(past.archive, ["p1"], "pump-life", day(0), day(60), lambda asset, since: kept)
    assert mine.left.tolist() == [240.0]


def test_built_in_forecasts_that_no_longer_cover_want_a_look() -> None:
    past = Past(PUMPS)
    for i, id in enumerate(PUMPS):
        past.wear(id, 0, 60)
        past.order(id, 40 + i, 41 + i)
    kept = [said(10, 1, 2, 3), said(20, 1, 2, 3), said(30, 1, 2, 3)]
    report = drift_built_in(past.archive, "pump", day(60), lambda asset, since: kept)
    assert report.verdict.coverage.total == 18
    assert report.verdict.coverage.value == 0
    assert "80% were promised" in report.verdict.reasons[0]


@pytest.mark.parametrize("pumps", [1, 2, 4])
def test_one_machine_that_changes_is_no_drift_and_a_third_of_them_is(pumps: int) -> None:
    past = plant(65.0, pumps=pumps)
    report = drift_of_card(past.archive, card(past), day(90), nothing_kept)
    temp = next(column for column in report.verdict.columns if column.column == "temp")
    assert temp.drifted is (pumps > 1)
