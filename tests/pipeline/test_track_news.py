"""What a process holds of an asset's tracks equals what the history holds, whatever was lost on the way."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.plant import Asset
from forewarn.core.readings import Readings, SignalSpec, Track, Tracks
from forewarn.ingest.store.memory import MemoryStore
from forewarn.pipeline.history import AssetHistory
from forewarn.pipeline.track_news import POINT_BYTES, Growth, Parcel, Shelf, packed

SPECS = tuple(SignalSpec("p", name, "temperature", "degC", "t") for name in ("de", "nde"))
ASSET = Asset("p", "p", "pump", "s", "a", signals=SPECS)


def plain(tracks: Tracks | None) -> Mapping[str, tuple[list[int], list[float]]] | None:
    return None if tracks is None else {name: (t.at.tolist(), t.value.tolist()) for name, t in tracks.items()}


def opened(shelf: Shelf, tracks: Tracks, growth: Growth | None) -> tuple[Tracks | None, bool]:
    """As the pool does: the news, and everything when they were not enough (then True)."""
    found = shelf.opened("p", packed(tracks, growth, whole=False))
    if found is not None:
        return found, False
    return shelf.opened("p", packed(tracks, growth, whole=True)), True


step = st.tuples(
    st.sampled_from(["told", "told", "told", "feature", "forgotten", "lost", "another process"]),
    st.lists(st.integers(-9, 30), min_size=1, max_size=6),
    st.booleans(),
)


@given(st.lists(step, max_size=25))
def test_news_lead_to_the_same_tracks_as_everything(steps: list[tuple[str, list[int], bool]]) -> None:
    store, shelf, now, follows = MemoryStore(), Shelf(), 10, True
    numbers = dict(zip([s.name for s in SPECS], store.assign([s.name for s in SPECS]), strict=True))
    history = AssetHistory(ASSET, numbers, store)
    for place, (what, offsets, both) in enumerate(steps):
        if what == "told":  # some of it late, within the two hours that are looked at again
            at = sorted({max(now + offset, 1) for offset in offsets})
            for name in numbers if both else [SPECS[0].name]:
                values = [float(t + place % 2) for t in at]
                written = Readings.of([numbers[name]] * len(at), [t * US_PER_HOUR // 6 for t in at], values)
                store.write(place + 1, written, [], [])
            now = max(now, at[-1])
        history.refresh()
        if what == "feature":
            history.add_features(now * US_PER_HOUR, {"vib:rms": float(now)})
        if what == "forgotten":
            history.forget_old(120 * 24 * US_PER_HOUR + (now - 5) * US_PER_HOUR // 6)
        if what == "another process":
            shelf, follows = Shelf(), False
        growth, tracks = history.growth(), history.tracks
        if what == "lost":
            follows = False
            continue
        found, whole = opened(shelf, tracks, growth)
        assert plain(found) == plain(tracks)
        assert whole != (follows or growth.before is None)
        follows = True


def track(points: int) -> Track:
    return Track(np.arange(points) * 10, np.arange(points, dtype=np.float64))


def test_only_what_is_new_travels() -> None:
    shelf = Shelf()
    opened(shelf, {"a": track(1_000), "b": track(1_000)}, Growth(1, None))
    news = packed({"a": track(1_001), "b": track(1_002)}, Growth(2, 1, {"a": (0, 1_000), "b": (0, 1_000)}), whole=False)
    assert sum(len(p.value) for p in news.pieces.values()) == 3 * 8
    assert plain(shelf.opened("p", news)) == plain({"a": track(1_001), "b": track(1_002)})


def test_signals_of_the_same_times_share_them() -> None:
    shelf, tracks = Shelf(), {"a": track(50), "b": track(50)}
    opened(shelf, tracks, Growth(1, None))
    longer = {"a": track(51), "b": track(51)}
    found, whole = opened(shelf, longer, Growth(2, 1, {"a": (0, 50), "b": (0, 50)}))
    assert found is not None
    assert (found["a"].at is found["b"].at, whole) == (True, False)


def test_news_that_do_not_join_are_not_believed() -> None:
    shelf = Shelf()
    opened(shelf, {"a": track(10)}, Growth(1, None))
    shifted = Track(np.arange(11) * 10 + 5, np.arange(11.0))
    assert shelf.opened("p", packed({"a": shifted}, Growth(2, 1, {"a": (0, 10)}), whole=False)) is None
    assert shelf.opened("p", packed({"a": track(11)}, Growth(3, 2, {"a": (0, 11)}), whole=False)) is None


def test_a_full_shelf_serves_who_is_on_it_and_is_sent_all_others_whole() -> None:
    shelf = Shelf(most_bytes=15 * POINT_BYTES)
    whole: Parcel = packed({"a": track(10)}, Growth(1, None), whole=True)
    assert shelf.opened("p", whole) is not None
    assert shelf.opened("q", whole) is not None
    news = packed({"a": track(11)}, Growth(2, 1, {"a": (0, 10)}), whole=False)
    assert (shelf.opened("q", news), plain(shelf.opened("p", news))) == (None, plain({"a": track(11)}))


def test_what_nobody_knows_the_growth_of_is_always_whole() -> None:
    shelf = Shelf()
    for points in (5, 7, 3):
        found, whole = opened(shelf, {"a": track(points)}, None)
        assert (plain(found), whole) == (plain({"a": track(points)}), False)
