"""Settings of the Sparkplug host -> its desk, and the certificates that it publishes where edge nodes look for them."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from forewarn.api.settings import Settings
from forewarn.core.clock import US_PER_S
from forewarn.ingest.desk import Command
from forewarn.ingest.sparkplug import state
from forewarn.ingest.sparkplug.host import HostRules, SparkplugHost
from forewarn.ingest.topics import TopicTable

_SINCE_MS = time.time_ns() // 1_000_000
"""When this process began: the time in the certificates that it publishes at its own front door."""


def sparkplug_desk(settings: Settings) -> Callable[[TopicTable], SparkplugHost]:
    """A maker of desks, for `Intake`."""
    told = settings.sparkplug
    rules = HostRules(
        told.host_id,
        _SINCE_MS,
        round(told.reorder_timeout_s * US_PER_S),
        round(told.rebirth_interval_s * US_PER_S),
        frozenset(told.groups),
    )
    return partial(SparkplugHost, rules=rules)


class Certificates:
    """What one connection to a broker says about us: the will before CONNECT, then the birth with the same time.

    Every CONNECT begins a new one. At our own front door there is no CONNECT of ours: `birth` when it opens, `will`
    when it closes.

    >>> told = Certificates("forewarn")
    >>> told.will().payload.replace(b"false", b"true") == told.birth()[0].payload
    True
    """

    def __init__(self, host_id: str) -> None:
        self._host_id, self._since_ms = host_id, _SINCE_MS

    def will(self) -> Command:
        """The last will of a new CONNECT."""
        self._since_ms = max(time.time_ns() // 1_000_000, self._since_ms)
        return state.death(self._host_id, self._since_ms)

    def birth(self) -> list[Command]:
        """What to publish first after that CONNECT."""
        return [state.birth(self._host_id, self._since_ms)]
