"""Tracks that grow: appended, corrected by late readings, and forgotten when old."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.plant import Asset
from forewarn.core.readings import Quality, Readings, SignalSpec
from forewarn.ingest.store.memory import MemoryStore
from forewarn.pipeline.history import AssetHistory, GrowingTrack

SPEC = SignalSpec("pump-1", "temp", "temperature", "degC", "t")
ASSET = Asset("pump-1", "Pump 1", "pump", "s", "a", signals=(SPEC,))


@given(st.lists(st.lists(st.integers(0, 10_000), max_size=30), max_size=12))
def test_a_growing_track_equals_the_obvious_list(batches: list[list[int]]) -> None:
    track, oracle = GrowingTrack(), dict[int, float]()
    for batch in batches:
        times = sorted(set(batch))
        if not times:
            continue
        track.replace_from(times[0], np.array(times), np.array(times, dtype=np.float64))
        oracle = {t: v for t, v in oracle.items() if t < times[0]} | {t: float(t) for t in times}
    assert track.view().at.tolist() == sorted(oracle)
    assert track.view().value.tolist() == [oracle[t] for t in sorted(oracle)]


def test_forgetting_keeps_what_is_newer() -> None:
    track = GrowingTrack()
    track.replace_from(0, np.arange(100), np.arange(100.0))
    track.forget_before(90)
    assert track.view().at.tolist() == list(range(90, 100))


def store_with(at_hours: list[float], flags: list[int] | None = None) -> tuple[MemoryStore, dict[str, int]]:
    store = MemoryStore()
    (number,) = store.assign([SPEC.name])
    at = [round(h * US_PER_HOUR) for h in at_hours]
    store.write(1, Readings.of([number] * len(at), at, at_hours, flags), [], [])
    return store, {SPEC.name: number}


def test_a_late_reading_inside_the_margin_is_found_at_the_next_look() -> None:
    store, numbers = store_with([10, 11, 12])
    history = AssetHistory(ASSET, numbers, store)
    history.refresh()
    store.write(2, Readings.of([numbers[SPEC.name]], [round(11.5 * US_PER_HOUR)], [11.5]), [], [])
    history.refresh()
    assert history.tracks["temp"].value.tolist() == [10, 11, 11.5, 12]


def test_flagged_readings_reach_the_sensor_watch_but_no_model() -> None:
    store, numbers = store_with([1, 2, 3], [0, int(Quality.STUCK), 0])
    history = AssetHistory(ASSET, numbers, store)
    history.refresh()
    assert history.tracks["temp"].value.tolist() == [1, 3]
    assert list(history.recent["temp"].quality) == [0, int(Quality.STUCK), 0]


def test_what_is_told_later_counts_once_a_live_reading_is_newer() -> None:
    told = int(Quality.HISTORICAL)
    store, numbers = store_with([1, 2, 7, 8], [0, 0, told, told])
    history = AssetHistory(ASSET, numbers, store)
    history.refresh()
    assert history.tracks["temp"].value.tolist() == [1, 2]
    store.write(2, Readings.of([numbers[SPEC.name]], [9 * US_PER_HOUR], [9.0]), [], [])
    history.refresh()  # the told ones lie further back than late readings are looked for
    assert history.tracks["temp"].value.tolist() == [1, 2, 7, 8, 9]
    assert list(history.recent["temp"].value) == [1, 2, 9]


def test_a_live_reading_that_is_not_believed_brings_nothing_told_later_to_the_end_of_a_track() -> None:
    store, numbers = store_with([1, 2, 3], [0, int(Quality.HISTORICAL), int(Quality.STUCK)])
    history = AssetHistory(ASSET, numbers, store)
    history.refresh()
    assert history.tracks["temp"].value.tolist() == [1]


def test_only_told_later_nothing_is_known() -> None:
    store, numbers = store_with([1, 2], [int(Quality.HISTORICAL)] * 2)
    history = AssetHistory(ASSET, numbers, store)
    history.refresh()
    assert (history.tracks, history.recent) == ({}, {})


def test_features_are_read_back_from_the_derived_store_at_start() -> None:
    derived = MemoryStore()
    (number,) = derived.assign(["pump-1/vib:rms"])
    derived.write(1, Readings.of([number, number], [10, 20], [0.1, 0.2]), [], [])
    history = AssetHistory(ASSET, {}, MemoryStore())
    history.load_features(derived)
    assert history.tracks["vib:rms"].value.tolist() == [0.1, 0.2]
    assert history.newest_us("vib:rms") == 20
