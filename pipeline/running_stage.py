"""Operating hours, hour by hour, into the derived store: each clock hour once, when late readings cannot change it any
more; and after a restart a look back, which writes what late data changed as a correction.

The store never overwrites, so an hour is a small account: its points add up. The second point of an hour stands one
microsecond after the first. Written again after a crash, the same points are duplicates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from forewarn.core.clock import US_PER_DAY, US_PER_HOUR
from forewarn.core.plant import Asset
from forewarn.core.ports import SeriesReader
from forewarn.core.readings import Floats, Track
from forewarn.pipeline.derived import Row
from forewarn.pipeline.running import WINDOW_DAYS, hours_between, hours_per_day, known_of, known_series, run_series

SETTLED_AFTER_US = 2 * US_PER_HOUR
"""As long as `history.LATE_MARGIN_US`: so late a reading may come and still count at once."""

WINDOW_US = WINDOW_DAYS * US_PER_DAY
DIGITS = 6  # of an hour: 4 milliseconds


@dataclass(slots=True)
class _Hour:
    """What is stored of one clock hour."""

    run_h: float = 0.0
    known_h: float = 0.0
    points: int = 0


@dataclass(slots=True)
class _Account:
    """The stored hours of one asset in the window, and up to where they are settled."""

    hours: dict[int, _Hour] = field(default_factory=dict)
    settled_us: int | None = None  # None: not looked back yet


class RunningStage:
    """Keeps the accounts of all assets. One thread uses it."""

    def __init__(self, derived: SeriesReader) -> None:
        self._derived = derived
        self._accounts: dict[str, _Account] = {}

    def new_rows(self, asset: Asset, track: Track | None) -> list[Row]:
        """Rows to be written for the track of the asset's running signal; ask `wrote` once they are durable."""
        if asset.running is None or track is None or len(track) < 2:
            return []
        account = self._account(asset.id)
        until_us = (int(track.at[-1]) - SETTLED_AFTER_US) // US_PER_HOUR * US_PER_HOUR
        from_us = self._from_us(account, track)
        if until_us <= from_us:
            return []
        edges = np.arange(from_us, until_us + 1, US_PER_HOUR, dtype=np.int64)
        lead_us = max(round(asset.running.resolution_s * 1e6), US_PER_DAY)
        spans = known_of(asset.running, track.between(from_us - lead_us, 2**62))
        return _rows(asset.id, account, edges.tolist(), *hours_between(spans, edges))

    def wrote(self, asset: Asset, track: Track | None, rows: list[Row]) -> None:
        """The rows of `new_rows` are durable: enter them into the account."""
        if asset.running is None or track is None or len(track) < 2:
            return
        account = self._account(asset.id)
        for name, at_us, value in rows:
            _enter(account, name == known_series(asset.id), [at_us], [value])
        settled_us = (int(track.at[-1]) - SETTLED_AFTER_US) // US_PER_HOUR * US_PER_HOUR
        account.settled_us = max(settled_us, account.settled_us or 0)
        for old in [at_us for at_us in account.hours if at_us < account.settled_us - WINDOW_US - US_PER_DAY]:
            del account.hours[old]

    def forget(self, asset: str) -> None:
        """The asset is described otherwise now: look back again, as after a restart."""
        self._accounts.pop(asset, None)

    def hours_per_day(self, asset: Asset, now_us: int) -> float | None:
        """Measured operating hours per day over the last 30 days, None where too little is known."""
        if asset.running is None:
            return None
        hours = [hour for at_us, hour in self._account(asset.id).hours.items() if now_us - WINDOW_US <= at_us < now_us]
        return hours_per_day(sum(hour.run_h for hour in hours), sum(hour.known_h for hour in hours))

    def _account(self, asset: str) -> _Account:
        if asset not in self._accounts:
            self._accounts[asset] = self._read(asset)
        return self._accounts[asset]

    def _read(self, asset: str) -> _Account:
        account = _Account()
        for name in (run_series(asset), known_series(asset)):
            number = self._derived.names().get(name)
            if number is not None:
                readings = self._derived.read(number, 0, 2**62)
                _enter(account, name == known_series(asset), readings.at.tolist(), readings.value.tolist())
        return account

    def _from_us(self, account: _Account, track: Track) -> int:
        """The hour to begin with: where we stopped; after a start 30 days back, as far as the readings reach whole."""
        if account.settled_us is not None:
            return account.settled_us
        first_us = int(track.at[0]) // US_PER_HOUR * US_PER_HOUR
        if first_us in account.hours and int(track.at[0]) > first_us:  # its beginning may have been deleted since
            first_us += US_PER_HOUR
        looked_back_us = (int(track.at[-1]) - WINDOW_US) // US_PER_HOUR * US_PER_HOUR
        return max(first_us, looked_back_us)


def _enter(account: _Account, known: bool, at_us: Sequence[int], value: Sequence[float]) -> None:
    for at, hours in zip(at_us, value, strict=True):
        hour = account.hours.setdefault(at // US_PER_HOUR * US_PER_HOUR, _Hour())
        if known:
            hour.known_h += hours
            hour.points += 1
        else:
            hour.run_h += hours


def _rows(asset: str, account: _Account, slots: list[int], run_h: Floats, known_h: Floats) -> list[Row]:
    """The difference between what is known now and what is stored, by hour."""
    rows: list[Row] = []
    for slot_us, run, known in zip(slots, run_h.tolist(), known_h.tolist(), strict=False):
        stored = account.hours.get(slot_us, _Hour())
        more_run, more_known = round(run - stored.run_h, DIGITS), round(known - stored.known_h, DIGITS)
        if more_run or more_known:
            at_us = slot_us + stored.points
            rows += [(run_series(asset), at_us, more_run), (known_series(asset), at_us, more_known)]
    return rows
