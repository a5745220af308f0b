"""How long each class of data is kept, and what went when that was applied. Values only."""

from __future__ import annotations

from dataclasses import dataclass

from forewarn.core.clock import US_PER_DAY


@dataclass(frozen=True, slots=True)
class Retention:
    """Days that each class is kept, None = for ever: raw readings, waveforms, minute rollups, hour rollups.

    Whole files go, so that a little more may be kept: a day of raw readings, a month of minutes, a year of hours.
    Raises `ValueError` when waveforms, which lie in the files of the raw readings, should outlive those.

    >>> Retention(raw_days=10).first_kept_day(10, now_us=100 * US_PER_DAY)
    90
    """

    raw_days: int | None = None
    waveform_days: int | None = None
    minute_days: int | None = None
    hour_days: int | None = None

    def __post_init__(self) -> None:
        if self.raw_days is not None and (self.waveform_days or 0) > self.raw_days:
            raise ValueError(f"waveforms cannot be kept for longer ({self.waveform_days} days) than raw readings")

    def first_kept_day(self, days: int, now_us: int) -> int:
        """The earliest day of which anything is young enough."""
        return (now_us - days * US_PER_DAY) // US_PER_DAY


KEEP_ALL = Retention()


@dataclass(frozen=True, slots=True)
class Report:
    """What retention took away: days with their readings, waveforms of other days, rollup files, bytes on disk."""

    days: tuple[str, ...] = ()
    readings: int = 0
    waveforms: int = 0
    rollup_files: tuple[str, ...] = ()
    bytes_freed: int = 0
