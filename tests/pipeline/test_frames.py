"""Stored series come as DataFrames: in canonical units, by time, without what is doubted."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pytest

from forewarn.core.errors import Rejected
from forewarn.core.plant import Asset, Plant
from forewarn.core.readings import Quality, Readings, SignalSpec
from forewarn.ingest.store.memory import MemoryStore
from forewarn.pipeline.frames import SeriesFrames, moment_us

SIGNALS = (
    SignalSpec("p1", "flow", "flow", "m^3/h", "t/flow"),
    SignalSpec("p1", "vib", "acceleration", "m/s^2", "t/vib", kind="waveform"),
    SignalSpec("p1", "level", "level", "m", "t/level"),
)
PLANT = Plant("works", (), (Asset("p1", "Pump 1", "pump", "s", "hall", signals=SIGNALS),))
HOUR_US = 3_600_000_000


@pytest.fixture
def frames() -> SeriesFrames:
    raw, derived = MemoryStore(), MemoryStore()
    (flow,) = raw.assign(["p1/flow"])
    doubted = int(Quality.OUT_OF_RANGE)
    raw.write(
        1, Readings.of([flow] * 4, [0, HOUR_US, 2 * HOUR_US, 3 * HOUR_US], [1, 2, 900, 4], [0, 0, doubted, 0]), [], []
    )
    (rms,) = derived.assign(["p1/vib:velocity_rms"])
    derived.write(1, Readings.of([rms], [HOUR_US], [2.5]), [], [])
    return SeriesFrames(PLANT, raw, derived)


def test_a_table_has_a_column_a_signal_by_utc_time_with_its_units(frames: SeriesFrames) -> None:
    table = frames.telemetry("p1", ["flow", "vib:velocity_rms"])
    assert table.attrs["units"] == {"flow": "m^3/h", "vib:velocity_rms": "mm/s"}
    assert isinstance(table.index, pd.DatetimeIndex)
    assert str(table.index.tz) == "UTC"
    assert table["flow"].dropna().tolist() == [1, 2, 4]
    assert table["vib:velocity_rms"].dropna().tolist() == [2.5]


def test_what_is_doubted_is_left_out_unless_it_is_asked_for(frames: SeriesFrames) -> None:
    assert 900 not in frames.telemetry("p1", ["flow"])["flow"].tolist()
    assert 900 in frames.telemetry("p1", ["flow"], doubtful=True)["flow"].tolist()


def test_the_interval_is_half_open(frames: SeriesFrames) -> None:
    assert frames.telemetry("p1", ["flow"], start=HOUR_US, stop=3 * HOUR_US)["flow"].tolist() == [2]


def test_every_scalar_signal_comes_by_default_and_one_without_readings_is_empty(frames: SeriesFrames) -> None:
    table = frames.telemetry("p1")
    assert list(table.columns) == ["flow", "level"]
    assert table["level"].isna().all()


def test_stored_features_are_listed_among_the_signals(frames: SeriesFrames) -> None:
    assert list(frames.signals("p1").index) == ["flow", "vib", "level", "vib:velocity_rms"]
    assert frames.assets().loc["p1", "signals"] == 3


@pytest.mark.parametrize(
    ("asset", "signal", "start", "reason"),
    [
        ("p9", "flow", None, "unknown_asset"),
        ("p1", "flaw", None, "unknown_signal"),
        ("p1", "flow", "yesterday", "bad_time"),
    ],
)
def test_what_is_not_there_is_refused_with_what_there_is(
    frames: SeriesFrames, asset: str, signal: str, start: str | None, reason: str
) -> None:
    with pytest.raises(Rejected) as refused:
        frames.telemetry(asset, [signal], start=start)
    assert refused.value.reason == reason


def test_a_moment_without_a_zone_is_utc() -> None:
    assert moment_us(datetime(2026, 11, 1), 0) == moment_us(datetime(2026, 11, 1, tzinfo=UTC), 0)  # noqa: DTZ001
