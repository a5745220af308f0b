"""The host against an oracle that saw what was really sent: loss, delay, repetition, restarts of node and host.

The network delays a message for less time than the host waits, and an NBIRTH may overtake what was sent before it, but
is not overtaken by what was sent after it (where that happens only the sequence number can tell, see the reference).
Then every value that the host stores was sent, under that name; and all of it that no loss came near is stored.
"""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from forewarn.core.clock import US_PER_S
from forewarn.ingest.sparkplug.host import HostRules
from forewarn.simulators.sparkplug_node import Packet, Tag
from tests.ingest.sparkplug.rig import DEVICE, TAGS, Reading, Rig, edge_node

pytestmark = pytest.mark.slow

TIMEOUT_S = 2.0
INTERVAL_S = 5.0


class Plant(RuleBasedStateMachine):
    """One edge node with one device, a network between, one host."""

    def __init__(self) -> None:
        super().__init__()
        self.rig = Rig(HostRules(reorder_timeout_us=2 * US_PER_S, rebirth_interval_us=5 * US_PER_S))
        self.node = edge_node()
        self.true: set[Reading] = set()  # everything that was ever sent, by its name
        self.must: set[Reading] = set()  # of it, what nothing was lost before
        self.flight: list[tuple[int, Packet, list[Reading]]] = []  # (arrives at the latest, message, what it says)
        self.quiet = True  # nothing has happened that a host could take for a loss
        self.clean = False  # since the last birth that arrived, nothing was lost
        self.value = 0.0
        self.answered = 0

    # the edge node

    def _tell(self, packets: list[Packet], readings: list[list[Reading]], lost: bool = False) -> None:
        for packet, said in zip(packets, readings, strict=True):
            self.true |= set(said)
            if lost:
                self.clean = self.quiet = False
            else:
                self.flight.append((self.rig.now_us + round(TIMEOUT_S * US_PER_S) - 300_000, packet, said))
                if self.clean:
                    self.must |= set(said)

    def _births(self, lost: bool = False) -> None:
        self.rig.now_us += 2000
        self.node.turn += 1
        packets = self.node.births(self.rig.now_ms)
        known = {tag: value for tag, value in self.node._values.items() if value is not None}
        said = [
            [(tag.name, self.rig.now_ms, float(value)) for tag, value in known.items() if tag.device == device]
            for device in ("", DEVICE)
        ]
        self.clean = True
        self._tell(packets, said, lost)

    @initialize()
    def begins(self) -> None:
        self._births()
        self._settle()

    @rule()
    def node_is_born(self) -> None:
        """It restarts, or a host asked."""
        self._births()

    @rule(tags=st.lists(st.sampled_from(TAGS), min_size=1, max_size=5))
    def node_sends(self, tags: list[Tag]) -> None:
        for tag in tags:
            self._send(tag)

    @rule(tag=st.sampled_from(TAGS))
    def a_message_is_lost(self, tag: Tag) -> None:
        self._send(tag, lost=True)

    @rule()
    def births_are_lost(self) -> None:
        """After a life that was long enough: when it was as short as the births, the numbers tell nothing."""
        while not 60 < self.node._seq < 120:
            self._send(TAGS[0])
            self._settle()
        self._births(lost=True)

    def _send(self, tag: Tag, lost: bool = False) -> None:
        self.rig.now_us += 2000
        self.value += 1
        value = self.value % 2 if tag.name == "Running" else self.value % 30_000
        packet = self.node.data(tag.device, {tag.name: value}, self.rig.now_ms)
        self._tell([packet], [[(tag.name, self.rig.now_ms, float(value))]], lost)

    @rule()
    def node_restarts(self) -> None:
        self._settle()
        self.rig.take(self.node.will())
        self.node.bd_seq = (self.node.bd_seq + 1) % 256
        self._births()

    # the network

    @rule(data=st.data(), messages=st.integers(1, 4))
    def messages_arrive(self, data: st.DataObject, messages: int) -> None:
        for _ in range(min(messages, len(self.flight))):
            self._arrive(data)

    def _arrive(self, data: st.DataObject) -> None:
        births = [place for place, (_, packet, _) in enumerate(self.flight) if "/NBIRTH/" in packet.topic]
        place = data.draw(st.integers(0, min([3, len(self.flight) - 1, *births])))
        _, packet, _ = self.flight[place]
        if place in births and place > 0:  # the life before is over, whatever of it is still under way or waits
            self.must &= set(self.rig.readings).union(*(said for _, _, said in self.flight[place:]))
            self.quiet = False
        self.flight.pop(place)
        self.rig.take(packet)

    @precondition(lambda self: self.flight)
    @rule()
    def a_message_arrives_twice(self) -> None:
        self.quiet = False
        self.rig.take(self.flight[0][1])

    @rule(seconds=st.sampled_from([0.1, 0.5, 3.0]))
    def time_passes(self, seconds: float) -> None:
        until = self.rig.now_us + round(seconds * US_PER_S)
        while self.flight and self.flight[0][0] <= until:
            deadline, packet, _ = self.flight.pop(0)
            self.rig.seconds(max(0, deadline - self.rig.now_us) / US_PER_S)
            self.rig.take(packet)
        self.rig.seconds(max(0, until - self.rig.now_us) / US_PER_S)

    def _settle(self) -> None:
        """Everything under way arrives, in order."""
        for _, packet, _ in self.flight:
            self.rig.take(packet)
        self.flight = []

    # the host

    @rule()
    def host_restarts(self) -> None:
        self.rig.begin()

    @rule()
    def node_answers(self) -> None:
        """When the network is still, a host that lost something has asked, and no other one; births mend it."""
        self._settle()
        self.rig.seconds(2 * TIMEOUT_S)
        trusted = self.rig.host.statuses() and all(s.state == "online" for s in self.rig.host.statuses())
        self.rig.seconds(400)
        if not trusted:
            assert len(self.rig.asked) > self.answered
        self.answered = len(self.rig.asked)
        self._births()
        self._settle()
        assert {s.state for s in self.rig.host.statuses()} == {"online"}
        self.rig.seconds(400)
        assert len(self.rig.asked) == self.answered

    @invariant()
    def nothing_is_stored_that_was_not_sent_under_that_name(self) -> None:
        assert set(self.rig.readings) <= self.true

    def teardown(self) -> None:
        self._settle()
        self.rig.seconds(2 * TIMEOUT_S)
        missing = self.must - set(self.rig.readings)
        assert not missing
        if self.quiet:
            assert self.rig.asked == []


TestPlant = Plant.TestCase
TestPlant.settings = settings(max_examples=120, stateful_step_count=40, deadline=None)
