"""What the plant asks of its machines: shifts, products, weekly stops, weather. Pure functions of time and a seed.

The plant keeps Central European winter time (UTC+1) all year, as its controllers do.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from forewarn.core.clock import US_PER_DAY, US_PER_HOUR
from forewarn.core.readings import Floats

LOCAL_OFFSET_US = US_PER_HOUR
PRODUCT_RUN_US = 9 * US_PER_HOUR  # one product runs so long before the next
PRODUCTS = 509  # a prime, so that the sequence does not lock to days or weeks
EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday; Monday = 0


@dataclass(frozen=True, slots=True)
class LocalTime:
    """Time on the clock in the plant: hour in [0, 24), weekday 0 (Monday) to 6."""

    hour: float
    weekday: int

    @staticmethod
    def of(at_us: int) -> LocalTime:
        """Local time of a UTC time in microseconds.

        >>> LocalTime.of(0)
        LocalTime(hour=1.0, weekday=3)
        """
        day, in_day_us = divmod(at_us + LOCAL_OFFSET_US, US_PER_DAY)
        return LocalTime(in_day_us / US_PER_HOUR, (day + EPOCH_WEEKDAY) % 7)


@dataclass(frozen=True, slots=True, eq=False)
class Wander:
    """A slow, irregular, bounded change: sines of unrelated periods; standard deviation 1; any time in any order."""

    per_us: tuple[float, ...]
    phase: tuple[float, ...]

    @staticmethod
    def draw(rng: np.random.Generator, shortest_h: float, longest_h: float, count: int = 5) -> Wander:
        """Sines with log-spread periods between two lengths in hours."""
        periods_h = np.exp(rng.uniform(math.log(shortest_h), math.log(longest_h), count))
        per_us = 2 * math.pi / (periods_h * US_PER_HOUR)
        return Wander(tuple(per_us.tolist()), tuple(rng.uniform(0, 2 * math.pi, count).tolist()))

    def at(self, at_us: int) -> float:
        """Value at a time."""
        total = sum(math.sin(w * at_us + p) for w, p in zip(self.per_us, self.phase, strict=True))
        return total * math.sqrt(2.0 / len(self.phase))


@dataclass(frozen=True, slots=True, eq=False)
class Weather:
    """Air in the hall, degC: warm in the afternoon, warmer and colder days."""

    slow: Wander
    mean_c: float = 23.0

    @staticmethod
    def draw(rng: np.random.Generator) -> Weather:
        """The weather of one run."""
        return Weather(Wander.draw(rng, 40.0, 300.0))

    def ambient_c(self, at_us: int) -> float:
        """Temperature of the hall at a time."""
        hour = LocalTime.of(at_us).hour
        return self.mean_c + 2.5 * math.cos(2 * math.pi * (hour - 15.0) / 24.0) + 1.3 * self.slow.at(at_us)


@dataclass(frozen=True, slots=True, eq=False)
class Demand:
    """What one machine has to do: `load_at` in shares of nominal, 0 while it is stopped by plan.

    pattern "continuous": round the clock with a cleaning stop of two hours a week; "two_shift": 06:00 to 22:00, not on
    Sundays. Product changes, nights and weekends lower the load.
    """

    pattern: str
    product: Floats
    wander: Wander
    stop_weekday: int
    stop_hour: int

    @staticmethod
    def draw(pattern: str, rng: np.random.Generator) -> Demand:
        """The demand of one machine. Refuses an unknown pattern."""
        if pattern not in ("continuous", "two_shift"):
            raise ValueError(f"no shift pattern {pattern!r}")
        product = rng.choice([0.88, 0.94, 1.0, 1.05], size=PRODUCTS)
        wander = Wander.draw(rng, 3.0, 40.0)
        return Demand(pattern, product, wander, int(rng.integers(0, 5)), int(rng.integers(7, 13)))

    def running_at(self, at_us: int) -> bool:
        """Does the plan let it run?"""
        local = LocalTime.of(at_us)
        if self.pattern == "two_shift":
            return 6.0 <= local.hour < 22.0 and local.weekday != 6
        return not (local.weekday == self.stop_weekday and self.stop_hour <= local.hour < self.stop_hour + 2)

    def load_at(self, at_us: int) -> float:
        """Load as a share of nominal, 0.45 to 1.1 while running."""
        if not self.running_at(at_us):
            return 0.0
        local = LocalTime.of(at_us)
        night = 0.10 if self.pattern == "continuous" and not 6.0 <= local.hour < 22.0 else 0.0
        weekend = 0.08 if self.pattern == "continuous" and local.weekday >= 5 else 0.0
        product = float(self.product[(at_us // PRODUCT_RUN_US) % PRODUCTS])
        return min(1.1, max(0.45, 0.9 * product - night - weekend + 0.03 * self.wander.at(at_us)))
