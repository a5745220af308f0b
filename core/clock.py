"""Plant time: one affine map of wall time, fixed at start and shared by all processes.

Data times, quality rules and due dates use plant time; leases, sessions and keep-alives use wall time. In production
the map is the identity; the demo lets months pass in minutes.
"""

from __future__ import annotations

from dataclasses import dataclass

US_PER_S = 1_000_000
US_PER_HOUR = 3_600 * US_PER_S
US_PER_DAY = 24 * US_PER_HOUR


@dataclass(frozen=True, slots=True)
class PlantClock:
    """plant = origin_plant + (wall - origin_wall) * rate; microseconds since 1970 UTC.

    `rate` is plant seconds per wall second, at least 1 (plant time never runs backwards).

    >>> PlantClock(origin_wall_us=10_000_000, origin_plant_us=0, rate=3600.0).plant_us(11_000_000)
    3600000000
    >>> PlantClock().plant_us(42)
    42
    """

    origin_wall_us: int = 0
    origin_plant_us: int = 0
    rate: float = 1.0

    def __post_init__(self) -> None:
        if not self.rate > 0:
            raise ValueError(f"a plant clock runs forwards: rate {self.rate} is not above 0")

    def plant_us(self, wall_us: int) -> int:
        """Plant time of a wall time."""
        return self.origin_plant_us + round((wall_us - self.origin_wall_us) * self.rate)

    def wall_us(self, plant_us: int) -> int:
        """Wall time at which a plant time is reached."""
        return self.origin_wall_us + round((plant_us - self.origin_plant_us) / self.rate)
