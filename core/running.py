"""How an asset runs: what the page and the API show of it. Values only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RunningState:
    """`state` is "running", "standing" or "unknown"; `since_us` when that began, as far back as was looked.

    `hours_total` are the operating hours since they are counted (an hours meter: what it shows), `hours_24h` those of
    the last 24 hours, `share_30d` in [0, 1] the part of the known time of the last 30 days in which it ran. None: not
    known.
    """

    state: str
    since_us: int | None
    hours_total: float | None
    hours_24h: float | None
    share_30d: float | None
