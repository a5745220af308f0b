"""How the tracks of an asset travel to the process that judges it: everything once, then only what is new.

Both sides name what they hold by a version. Whoever is told of a change to a version that is not the one it holds, or
whose points do not join, says so and is sent everything. So a lost message or a new process costs time, never an
answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from forewarn.core.readings import Int64s, Track, Tracks

POINT_BYTES = 16
"""Of one point: its time and its value."""

HELD_BYTES = 2 * 1024**3
"""So much does one process hold of tracks; assets beyond that are sent whole each time."""


@dataclass(frozen=True, slots=True)
class Growth:
    """How tracks came from the version before (None: nothing is known of that): of each track so many points at its
    front are gone, and so many after them are the same. All others are new."""

    version: int
    before: int | None
    same: Mapping[str, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Piece:
    """What is new of one track. `times` is a place in `Parcel.times`, `value` float64 as bytes; `joins_us` is the time
    of the last point that stayed (0: none did)."""

    times: int
    value: bytes
    gone: int
    kept: int
    joins_us: int


@dataclass(frozen=True, slots=True)
class Parcel:
    """Pieces of all tracks of an asset by name; a track that is not named is no more. `times` int64 as bytes: signals
    that came with one message share theirs. `before` None: the tracks are whole."""

    version: int | None
    before: int | None
    times: tuple[bytes, ...]
    pieces: Mapping[str, Piece]


def packed(tracks: Tracks, growth: Growth | None, whole: bool) -> Parcel:
    """The parcel for somebody who holds the version before, or (`whole`) for anybody.

    >>> tracks = {"flow": Track.of([10, 20, 30], [0.1, 0.2, 0.3])}
    >>> news = packed(tracks, Growth(8, 7, {"flow": (0, 2)}), whole=False)
    >>> len(news.pieces["flow"].value), news.pieces["flow"].joins_us
    (8, 20)
    """
    before = None if whole or growth is None else growth.before
    same = growth.same if growth is not None and before is not None else {}
    times, pieces = dict[bytes, int](), dict[str, Piece]()
    for name, track in tracks.items():
        gone, kept = same.get(name, (0, 0))
        place = times.setdefault(track.at[kept:].tobytes(), len(times))
        joins_us = int(track.at[kept - 1]) if kept else 0
        pieces[name] = Piece(place, track.value[kept:].tobytes(), gone, kept, joins_us)
    return Parcel(growth.version if growth else None, before, tuple(times), pieces)


@dataclass(slots=True)
class Held:
    """Tracks of one asset as of a version."""

    version: int | None
    tracks: dict[str, Track]

    @property
    def size(self) -> int:
        """Bytes, at most."""
        return POINT_BYTES * sum(map(len, self.tracks.values()))


class Shelf:
    """What a process holds of its assets, at most `most_bytes` of points."""

    def __init__(self, most_bytes: int = HELD_BYTES) -> None:
        self._held: dict[str, Held] = {}
        self._bytes, self._most = 0, most_bytes

    def opened(self, id: str, parcel: Parcel) -> Tracks | None:
        """The tracks of the asset after this parcel; None where it does not follow what is held."""
        held = self._held.get(id)
        if parcel.before is None:
            grown = joined({}, parcel)
        elif held is None or held.version != parcel.before:
            grown = None
        else:
            grown = joined(held.tracks, parcel)
        self.forget(id)
        if grown is not None and parcel.version is not None:
            self._hold(id, Held(parcel.version, grown))
        return grown

    def forget(self, id: str) -> None:
        """Hold nothing of this asset."""
        held = self._held.pop(id, None)
        self._bytes -= held.size if held else 0

    def _hold(self, id: str, held: Held) -> None:
        """Not when the shelf is full: who stays on it is served quickly, instead of all being pushed out in turn."""
        if self._bytes + held.size <= self._most:
            self._held[id] = held
            self._bytes += held.size


def joined(tracks: Tracks, parcel: Parcel) -> dict[str, Track] | None:
    """The tracks with their new points; None where a piece does not join. Tracks of the same times share one array."""
    new = [np.frombuffer(times, np.int64) for times in parcel.times]
    made: dict[tuple[int, int, int, int], Int64s] = {}
    grown: dict[str, Track] = {}
    for name, piece in parcel.pieces.items():
        value, old = np.frombuffer(piece.value, np.float64), tracks.get(name)
        if not piece.kept:
            grown[name] = Track(new[piece.times], value)
            continue
        end = piece.gone + piece.kept
        if old is None or len(old) < end or old.at[end - 1] != piece.joins_us:
            return None
        key = id(old.at), piece.gone, piece.kept, piece.times
        at = made.get(key)
        if at is None:
            at = made[key] = np.concatenate([old.at[piece.gone : end], new[piece.times]])
        grown[name] = Track(at, np.concatenate([old.value[piece.gone : end], value]))
    return grown
