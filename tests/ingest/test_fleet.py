"""The fleet of the soak benchmark publishes what its books say, and counts only what was acknowledged."""

from __future__ import annotations

import time
from collections import defaultdict

import msgspec
import numpy as np

from benchmarks.bench_soak import _figures
from benchmarks.peers.fleet import Fleet, Harvest, RunningFleet, topic_of, value_of
from benchmarks.usage import MIB, Usage
from tests.ingest.running_door import RunningDoor


def finished(load: RunningFleet) -> Harvest:
    """Once nothing is due any more: the round that was being sent when the pace became 0 still goes out."""
    load.tell(0.0)
    calm, before = 0, -1
    while calm < 5:
        now = load.figures()
        calm = calm + 1 if now["acked"] == now["due"] == before else 0
        before = now["due"]
        time.sleep(0.05)
    return load.harvest()


def test_every_acknowledged_message_is_the_one_that_the_books_name(running: RunningDoor) -> None:
    load = RunningFleet(Fleet(running.port, devices=23, channels=3, window=9))
    load.tell(50.0)
    while load.figures()["acked"] < 23 * 3 * 20:
        time.sleep(0.05)
    harvest = finished(load)
    found = defaultdict[str, list[tuple[int, float]]](list)
    for frame in running.log.frames:
        message = msgspec.json.decode(frame.payload)
        found[frame.topic].append((message["ts"], message["value"]))
    assert harvest.in_order
    assert not harvest.lost_connections
    assert harvest.acked.sum() == len(running.log.frames)
    for device in range(23):
        for channel in range(3):
            rounds = np.arange(harvest.acked[device] // 3)
            values = value_of(device, channel, rounds).tolist()
            said = list(zip(harvest.rounds_ms[: len(rounds)], values, strict=True))
            assert found[topic_of(device, channel)] == said


def test_what_is_not_durable_is_owed_and_not_counted(running: RunningDoor) -> None:
    load = RunningFleet(Fleet(running.port, devices=2, channels=2, window=4))
    running.log.gate.clear()
    load.tell(50.0)
    while load.figures()["due"] < 40:
        time.sleep(0.05)
    assert load.figures()["acked"] == 0
    running.log.gate.set()
    assert finished(load).acked.sum() == len(running.log.frames) >= 40


def test_cores_and_the_growth_of_memory_are_slopes() -> None:
    samples = [Usage(100.0 + s, 7.0 + 0.5 * s, (200 + 2 * s) * MIB) for s in range(61)]
    assert _figures(samples) == {
        "seconds": 60.0,
        "cores": 0.5,
        "rss_max_mib": 320.0,
        "rss_slope_mib_per_h": 7200.0,
    }
