"""Whoever judges gives the same answer: own thread or pool, with what was learnt before or without."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.health import Assessment
from forewarn.core.readings import Readings, Track
from forewarn.ingest.store.memory import MemoryStore
from forewarn.maintenance.evidence import assessment_json, canonical
from forewarn.models.assess import PRODUCT_DEFAULTS, assess
from forewarn.models.detectors.own_past import Memory
from forewarn.pipeline.history import AssetHistory
from forewarn.pipeline.scoring_workers import MANY_ASSETS, Ask, Failure, OwnThread, WorkerPool, judges_for
from tests.models.machines import ORIGIN_US, PUMP, Life, growing, pump_tracks

HIGH = ("vib:band_500_2000", "vib:band_2000_4000", "vib:band_4000_8000")
WORN = growing({"vib:tone_bpfo": 4.0, **dict.fromkeys(HIGH, 1.0)}, 150.0, 0.01)


def ask(id: str, hour: float = 299.0, worn: bool = False) -> Ask:
    tracks = pump_tracks(Life(300.0, fault=WORN) if worn else Life(300.0), seed=len(id))
    return Ask(replace(PUMP, id=id), tracks, (), int(ORIGIN_US + hour * US_PER_HOUR), None)


def text(assessment: object) -> str:
    assert isinstance(assessment, Assessment)
    return canonical(assessment_json(assessment))


def test_an_answer_is_the_same_to_the_last_bit_with_and_without_memory_at_every_hour() -> None:
    memory, one = Memory(), ask("p", worn=True)
    seen = set()
    for hour in np.arange(20.0, 299.0, 9.0):
        now_us = int(ORIGIN_US + hour * US_PER_HOUR)
        fresh = assess(one.asset, one.tracks, (), now_us)
        assert text(assess(one.asset, one.tracks, (), now_us, memory=memory)) == text(fresh)
        assert text(assess(one.asset, one.tracks, (), now_us, memory=memory)) == text(fresh)
        seen.add(fresh.state.value)
    assert {"normal", "alarm"} <= seen


def test_memory_is_bounded_to_what_the_last_assessment_used() -> None:
    memory, one = Memory(), ask("p")
    sizes = []
    for hour in np.arange(20.0, 299.0, 9.0):
        assess(one.asset, one.tracks, (), int(ORIGIN_US + hour * US_PER_HOUR), memory=memory)
        sizes.append(len(memory.kept))
    assert max(sizes) <= len(one.tracks)


@pytest.mark.slow
def test_a_pool_gives_the_answers_of_the_own_thread_and_lives_on_when_a_worker_dies() -> None:
    asks = [ask("a"), ask("bb", worn=True), replace(ask("ccc"), tracks={"flow": Track.of([1, 2], [0.1])})]
    pool = WorkerPool(2)
    try:
        expected = {one.asset.id: answer for one, answer in OwnThread().answers(asks, PRODUCT_DEFAULTS)}
        found = {one.asset.id: answer for one, answer in pool.answers(asks, PRODUCT_DEFAULTS)}
        assert [text(found[id]) for id in ("a", "bb")] == [text(expected[id]) for id in ("a", "bb")]
        broken = found["ccc"]
        assert isinstance(broken, Failure)
        assert (broken.kind, broken.ours) == ("ValueError", False)
        assert "means" in broken.trace
        for worker in pool.processes():
            os.kill(worker, signal.SIGKILL)
        lost = [answer for _, answer in pool.answers(asks[:2], PRODUCT_DEFAULTS)]
        assert all(isinstance(answer, Failure) and answer.kind == "Retriable" for answer in lost)
        again = [answer for _, answer in pool.answers(asks[:2], PRODUCT_DEFAULTS)]
        assert {text(answer) for answer in again} == {text(expected["a"]), text(expected["bb"])}
    finally:
        pool.close()


class Plant:
    """Histories that grow from a store, as the scorer keeps them."""

    def __init__(self, ids: Sequence[str]) -> None:
        self.store, self.told_h, self.batch = MemoryStore(), 0.0, 0
        self.assets = {
            id: replace(PUMP, id=id, signals=tuple(replace(s, asset=id) for s in PUMP.signals)) for id in ids
        }
        names = [spec.name for asset in self.assets.values() for spec in asset.signals]
        self.numbers = dict(zip(names, self.store.assign(names), strict=True))
        self.tracks = {id: pump_tracks(Life(300.0, fault=WORN) if id == "bb" else Life(300.0), len(id)) for id in ids}
        self.histories = {id: AssetHistory(asset, self.numbers, self.store) for id, asset in self.assets.items()}

    def told(self, until_h: float) -> list[Ask]:
        """Everything up to an hour arrives, every ninth reading a pass too late."""
        start_us, stop_us = (int(ORIGIN_US + h * US_PER_HOUR) for h in (self.told_h, until_h))
        for id, tracks in self.tracks.items():
            for name, track in tracks.items():
                late_us = int(1.5 * US_PER_HOUR)
                on_time, late = track.between(start_us, stop_us), track.between(start_us - late_us, stop_us - late_us)
                if ":" in name:
                    for at, value in zip(on_time.at.tolist(), on_time.value.tolist(), strict=True):
                        self.histories[id].add_features(at, {name: value})
                    continue
                for part, chosen in (
                    (on_time, on_time.at // 600_000_000 % 9 != 0),
                    (late, late.at // 600_000_000 % 9 == 0),
                ):
                    self._write(self.numbers[f"{id}/{name}"], Track(part.at[chosen], part.value[chosen]))
            self.histories[id].refresh()
        self.told_h = until_h
        return [
            Ask(self.assets[id], history.tracks, (), stop_us, None, growth=history.growth())
            for id, history in self.histories.items()
        ]

    def _write(self, number: int, track: Track) -> None:
        self.batch += 1
        at, value = track.at.tolist(), track.value.tolist()
        self.store.write(self.batch, Readings.of([number] * len(at), at, value), [], [])


@pytest.mark.slow
def test_processes_that_are_sent_only_what_is_new_answer_as_the_own_thread_does() -> None:
    plant, pool, thread = Plant(["a", "bb"]), WorkerPool(1), OwnThread()
    try:
        for hour in (250.0, 250.9, 252.0, 254.5, 255.0):
            if hour == 252.0:  # the scorer noticed other operating hours
                plant.assets["a"] = replace(plant.assets["a"], operating_hours_per_day=8.0)
            asks = plant.told(hour)
            if hour == 254.5:  # what was new is lost
                continue
            expected = {ask.asset.id: text(answer) for ask, answer in thread.answers(asks, PRODUCT_DEFAULTS)}
            found = {ask.asset.id: text(answer) for ask, answer in pool.answers(asks, PRODUCT_DEFAULTS)}
            assert found == expected
    finally:
        pool.close()


def test_a_small_plant_is_judged_in_the_own_thread_and_a_large_one_by_a_process_per_core() -> None:
    assert isinstance(judges_for(MANY_ASSETS - 1, None), OwnThread)
    assert isinstance(judges_for(MANY_ASSETS, None), WorkerPool)
    assert isinstance(judges_for(10, 3), WorkerPool)
    assert isinstance(judges_for(100_000, 0), OwnThread)
