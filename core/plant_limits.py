"""Limits that the plant's engineers set, and their shelving. Values only.

A limit is raised when one of its bounds has been passed for long enough, and ends when all values have come back by
their hysteresis (ISA-18.2: on-delay and deadband). Shelving silences a limit or a whole machine until a time.
"""

from __future__ import annotations

from dataclasses import dataclass

LEVELS = ("alert", "alarm")


@dataclass(frozen=True, slots=True)
class Bound:
    """A value of a signal that is not to be passed, in its canonical unit. `direction`: +1 above it, -1 below it, is
    wrong. It is over when the value has come back by `hysteresis` (>= 0) behind the level."""

    signal: str
    level: float
    direction: int = 1
    hysteresis: float = 0.0

    def __post_init__(self) -> None:
        if self.direction not in (1, -1):
            raise ValueError(f"a direction is 1 or -1, not {self.direction}")
        if not self.hysteresis >= 0:
            raise ValueError(f"a hysteresis of {self.hysteresis:g} is below 0")


@dataclass(frozen=True, slots=True)
class PlantLimit:
    """`state` ("alert" or "alarm") while any of the bounds is passed, once that has lasted for `for_s` seconds."""

    name: str
    state: str
    any_of: tuple[Bound, ...]
    for_s: float = 0.0

    def __post_init__(self) -> None:
        if self.state not in LEVELS:
            raise ValueError(f"a limit gives alert or alarm, not {self.state!r}")
        if not self.any_of:
            raise ValueError(f"limit {self.name} has no bound")


@dataclass(frozen=True, slots=True)
class Shelved:
    """Somebody silenced a limit of an asset (`limit` None: the whole asset) until a time, and why."""

    asset: str
    limit: str | None
    until_us: int
    by: str = ""
    reason: str = ""

    def silences(self, asset: str, limit: str | None, now_us: int) -> bool:
        """Does it silence this limit of this asset now? `limit` None asks for the whole asset.

        >>> Shelved("p", "hot", 100).silences("p", "hot", 99), Shelved("p", "hot", 100).silences("p", None, 99)
        (True, False)
        >>> Shelved("p", None, 100).silences("p", "hot", 99), Shelved("p", None, 100).silences("p", "hot", 100)
        (True, False)
        """
        return self.asset == asset and self.limit in (None, limit) and now_us < self.until_us
