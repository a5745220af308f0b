"""How long to wait before the next attempt to connect. The random share keeps many clients from coming at once."""

from __future__ import annotations

from enum import Enum
from random import Random

from forewarn.ingest.brokers.target import Pace


class End(Enum):
    """Why a connection ended, or did not come about. The words stand in the log and in `brokers.json`."""

    LOST = "connection lost"
    AWAY = "the broker cannot be reached"
    REFUSED = "the broker refuses us"
    OLD_PROTOCOL = "the broker does not speak our version of MQTT"
    EVICTED = "the broker takes us and closes again and again; perhaps another client uses our client id"
    TAKEN_OVER = "another client has taken our place with the same client id"
    STOPPED = "stopped"


_NEEDS_A_PERSON = {End.REFUSED, End.EVICTED, End.TAKEN_OVER}
_SUSPICIOUS = 3


class Backoff:
    """Doubling pauses with a random share of half, from `first_s` to `longest_s`; never shorter than half of `first_s`.

    Only a connection that held for `stable_s` starts the pauses anew. One that is accepted and soon lost three times in
    a row is called evicted and treated like a refusal: two clients with one id push each other out for ever, and MQTT
    3.1.1, like Mosquitto 2.0.11 on MQTT 5, gives no reason.

    >>> backoff = Backoff(Pace(first_s=1, longest_s=60, slow_s=30), Random(1))
    >>> [round(backoff.pause_s(End.AWAY, 0)) for _ in range(8)]
    [1, 2, 4, 5, 12, 23, 50, 54]
    >>> backoff.pause_s(End.REFUSED, 0) >= 30
    True
    """

    def __init__(self, pace: Pace, random: Random) -> None:
        self._pace, self._random = pace, random
        self.failures = self._short = 0

    def judged(self, end: End, lived_s: float) -> End:
        """The same end, or `EVICTED` when this was the third short connection in a row."""
        self._short = self._short + 1 if end is End.LOST and 0 < lived_s < self._pace.stable_s else 0
        return End.EVICTED if self._short >= _SUSPICIOUS else end

    def pause_s(self, end: End, lived_s: float) -> float:
        """Seconds to wait after a connection that ended like this after `lived_s` seconds (0: none came about)."""
        if lived_s >= self._pace.stable_s:
            self.failures = 0
        longest = min(self._pace.longest_s, self._pace.first_s * 2.0 ** min(self.failures, 30))
        self.failures += 1
        share = self._random.uniform(0.5, 1.0)
        if end in _NEEDS_A_PERSON:
            return self._pace.slow_s * (0.5 + share)
        return longest * share
