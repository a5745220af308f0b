"""Recordings come out of the wire as they were recorded."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from forewarn.core.clock import PlantClock
from forewarn.core.errors import Rejected
from forewarn.ingest.formats import waveform
from forewarn.pipeline.plant_file import load_plant
from forewarn.simulators.player import Recording, Replay, topic_of
from forewarn.simulators.publisher import Publisher, Target
from forewarn.simulators.run import STOP, Control, Repair, wall_us
from tests.simulators.small_server import SmallServer

SNAPSHOTS = 70  # more than one batch
ORIGIN_US = 1_795_392_000_000_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(1)
    columns = {c: [rng.integers(-900, 900, 2_560) for _ in range(SNAPSHOTS)] for c in ("horizontal_mg", "vertical_mg")}
    columns["vertical_mg"][3][7] = 45_123  # beyond 16 bits
    times = {"snapshot": list(range(1, SNAPSHOTS + 1)), "t_s": [10.0 * i for i in range(SNAPSHOTS)]}
    parquet.write_table(pa.table({**times, **columns}), tmp_path / "Bearing9_1.parquet")
    return tmp_path


def replay(folder: Path, server: SmallServer, speed: float, control: SimpleQueue[Control], said: list[str]) -> Replay:
    clock = PlantClock(wall_us(), ORIGIN_US, speed)
    return Replay(Recording(folder, "Bearing9_1"), Publisher(Target(port=server.port)), clock, control, said.append)


def test_every_sample_of_both_channels_arrives_at_its_time(folder: Path) -> None:
    said: list[str] = []
    with SmallServer() as server:
        report = replay(folder, server, 5_000.0, SimpleQueue(), said).run()
    assert report["messages_acked"] == report["readings_acked"] == 2 * SNAPSHOTS
    assert (report["life_s"], report["snapshots_played"], report["complete"]) == (700.0, SNAPSHOTS, True)
    table = parquet.read_table(folder / "Bearing9_1.parquet")
    for i, (topic, payload) in enumerate(server.received):
        channel = ("horizontal", "vertical")[i % 2]
        block = waveform.decode_block(payload)
        assert topic == topic_of("Bearing9_1", channel)
        assert (block.at_us, block.unit, block.sample_rate_hz) == (ORIGIN_US + i // 2 * 10_000_000, "g", 25_600.0)
        recorded = np.array(table[f"{channel}_mg"][i // 2].as_py())
        assert np.array_equal(np.rint(block.samples * 1000), recorded)
    assert said == []


def test_a_slow_receiver_makes_the_replay_late_and_it_says_so_but_leaves_nothing_out(folder: Path) -> None:
    said: list[str] = []
    with SmallServer() as server:
        late = replay(folder, server, 5_000.0, SimpleQueue(), said)
        late._clock = PlantClock(wall_us() - 30_000_000, ORIGIN_US, 5_000.0)  # it ought to have begun long ago
        report = late.run()
    assert report["messages_acked"] == 2 * SNAPSHOTS
    assert report["lag_s"] > 2  # type: ignore[operator]  # a number in a report
    assert len(said) == 1
    assert "behind" in said[0]


def test_a_replay_can_be_stopped_and_is_then_not_complete(folder: Path) -> None:
    control: SimpleQueue[Control] = SimpleQueue()
    control.put(Repair("bearing9_1", "bearing:ball_spall"))
    control.put(STOP)
    said: list[str] = []
    with SmallServer() as server:
        report = replay(folder, server, 1.0, control, said).run()
    assert report["complete"] is False
    assert report["snapshots_played"] == 0
    assert "cannot be repaired" in said[0]


def test_a_missing_recording_or_column_is_told_by_name(folder: Path) -> None:
    with pytest.raises(Rejected, match=r"Bearing9_2\.parquet, but Bearing9_1"):
        Recording(folder, "Bearing9_2")
    parquet.write_table(pa.table({"t_s": [0.0]}), folder / "Bearing9_3.parquet")
    with pytest.raises(Rejected, match="horizontal_mg, vertical_mg"):
        Recording(folder, "Bearing9_3")


def test_without_pyarrow_the_error_says_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(Rejected, match=r"pip install 'forewarn\[replay\]'"):
        Recording(folder, "Bearing9_1")


def test_the_plant_file_of_the_rig_names_the_topics_that_are_played(root: Path) -> None:
    plant = load_plant(root / "simulators" / "pronostia_plant.yaml")
    names = {"1_1": 1800, "1_2": 1800, "2_1": 1650, "2_2": 1650, "3_1": 1500, "3_2": 1500}
    assert {a.id: a.nominal_rpm for a in plant.assets} == {f"bearing{n}": rpm for n, rpm in names.items()}
    for asset in plant.assets:
        channels = ("horizontal", "vertical")
        assert [s.topic for s in asset.signals] == [topic_of(asset.id.capitalize(), c) for c in channels]
        (bearing,) = asset.components
        assert bearing.bearing is not None
        assert (bearing.bearing.rolling_elements, bearing.bearing.pitch_diameter_mm) == (13, 25.6)


@pytest.mark.data
def test_the_recorded_set_has_the_length_that_its_paper_says(data_dir: Callable[[str], Path]) -> None:
    recording = Recording(data_dir("pronostia"), "Bearing3_1")
    assert recording.life_s == 5150.0
    first = next(iter(recording))
    assert (first.t_s, len(first.milli_g["horizontal"])) == (0.0, 2560)
