"""The desk for `spBv1.0/...`: messages of each edge node in order, read by their births; requests for rebirths.

A message that is the next one is read at once. Any other waits: its predecessors may come, or an NBIRTH that it belongs
to. When it has waited for the reorder timeout the node's births are not believed any more and a rebirth is asked for;
what can be told without a birth is stored, the rest is refused. So a value never gets a wrong name.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from forewarn.core.clock import US_PER_S
from forewarn.core.errors import Rejected
from forewarn.ingest.delivery import RETAIN, Frame
from forewarn.ingest.desk import Command, Taken
from forewarn.ingest.formats.result import Counted, Decoded
from forewarn.ingest.formats.sparkplug_payload import decode
from forewarn.ingest.sparkplug import state
from forewarn.ingest.sparkplug.memory import (
    HOST_ROW,
    Changes,
    NodeStatus,
    host_row,
    host_time_in,
    nodes_in,
    statuses_of,
)
from forewarn.ingest.sparkplug.metrics import Context, bd_seq_of, decode_metrics
from forewarn.ingest.sparkplug.node import Condition, Message, Node, Row, State
from forewarn.ingest.sparkplug.rebirth import MAX_ASKS, Asks, request
from forewarn.ingest.sparkplug.topics import PREFIX, STATE, address_of, place_of
from forewarn.ingest.topics import SignalBinding, TopicTable

MAX_NODES = 10_000
MAX_DEVICES = 1_000
HELD_PER_NODE = 128
FOREIGN_GROUPS_NAMED = 100
COMMANDS = frozenset({"NCMD", "DCMD"})

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HostRules:
    """How a host behaves. Times are plant time. `groups`: the only ones it looks after; none named = all.

    `host_id` names its STATE topic, `since_ms` (Unix milliseconds) is the time in its certificates.
    """

    host_id: str = "forewarn"
    since_ms: int = 0
    reorder_timeout_us: int = 2 * US_PER_S
    rebirth_interval_us: int = 30 * US_PER_S
    groups: frozenset[str] = frozenset()


class SparkplugHost:
    """One host application (`ingest.desk.Desk`). Raises Rejected for what cannot be read: `bad_topic`, `bad_protobuf`,
    `too_many_readings`, `missing_bdseq`, `too_many_nodes`; such a message moves nothing."""

    kinds = frozenset({"sparkplug"})
    prefix = PREFIX

    def __init__(self, topics: TopicTable, rules: HostRules) -> None:
        self._topics, self._rules = topics, rules
        self._asks = Asks(rules.rebirth_interval_us)
        self._nodes: dict[str, Node] = {}
        self._waiting: set[str] = set()
        self._changes = Changes()
        self._commands: list[Command] = []
        self._state_ms: int | None = None
        self._state_changed = False
        self._now_us = 0
        self._foreign: set[str] = set()

    # Desk

    def take(self, frame: Frame, now_us: int) -> Sequence[Taken]:
        """See `Desk`. Commands of other hosts, STATE, and groups that are not ours make nothing known."""
        address = address_of(frame.topic)
        self._now_us = max(self._now_us, frame.received_at_us)
        if address.verb == STATE:
            self._take_state(address.node, frame)
            return []
        if address.verb in COMMANDS or self._is_foreign(address.group):
            return []
        message = Message.of(frame, address, decode(frame.payload))
        node = self._node_of(message)
        out = self._given_up(node, now_us)
        out += self._arrived(node, message, now_us)
        if len(node.held) > HELD_PER_NODE or not self._rules.reorder_timeout_us:
            out += self._given_up(node, now_us, len(node.held) > HELD_PER_NODE)
        self._release_requests()
        return out

    def read_again(self, frame: Frame, now_us: int) -> Taken:
        """See `Desk`: by the births of today, if it was sent under them; else what has its own name and datatype."""
        address = address_of(frame.topic)
        if address.verb == STATE:
            state.read(frame.payload)
        if address.verb == STATE or address.verb in COMMANDS:
            return Taken(frame, Decoded())
        if self._is_foreign(address.group):
            raise Rejected("bad_topic", f"the group {address.group} is not among sparkplug.groups")
        message = Message.of(frame, address, decode(frame.payload))
        _check_death(message)
        node = self._nodes.get(f"{address.group}/{address.node}")
        birth = node.births.get(address.device) if node is not None else None
        if birth is not None and not birth.is_known_before(message):
            birth = None
        decoded, _ = decode_metrics(message, Context(self._fields(message), birth, now_us))
        return Taken(frame, decoded, _place(message))

    def due(self, now_us: int) -> Sequence[Taken]:
        """See `Desk`: messages whose predecessors did not come in time; requests whose turn it is."""
        self._now_us = max(self._now_us, now_us)
        out = [taken for key in sorted(self._waiting) for taken in self._given_up(self._nodes[key], now_us)]
        self._release_requests()
        return out

    @property
    def wakes_at_us(self) -> int | None:
        """See `Desk`."""
        held = [self._nodes[key].held[0].frame.received_at_us + self._rules.reorder_timeout_us for key in self._waiting]
        asked = self._asks.next_us
        return min(held if asked is None else [*held, asked], default=None)

    def commands(self) -> list[Command]:
        """See `Desk`: rebirth requests, and the own STATE when somebody said that we are gone."""
        found, self._commands = self._commands, []
        return found

    def changed(self) -> Mapping[str, bytes | None]:
        """See `Desk`."""
        out = self._changes.taken()
        if self._state_changed and self._state_ms is not None:
            out[HOST_ROW] = host_row(self._state_ms)
            self._state_changed = False
        return out

    def restore(self, memory: Mapping[str, bytes]) -> None:
        """See `Desk`."""
        self._nodes = nodes_in(memory)
        self._waiting = {key for key, node in self._nodes.items() if node.held}
        self._changes.are_kept(self._nodes)
        for key, node in self._nodes.items():
            if node.row.wants_birth:
                self._asks.want(key, node.row, node.row.asked_at_us)
        self._state_ms = host_time_in(memory)

    # For people

    def statuses(self) -> list[NodeStatus]:
        """Every edge node and device that was heard of."""
        return [one for n in self._nodes.values() for one in statuses_of(n.group, n.name, n.row)]

    # One message

    def _node_of(self, message: Message) -> Node:
        """Its edge node, a new one when it was never heard of. Raises Rejected before anything has moved."""
        address = message.address
        _check_death(message)
        node = self._nodes.get(f"{address.group}/{address.node}")
        if node is None:
            if len(self._nodes) >= MAX_NODES:
                raise Rejected("too_many_nodes", f"{MAX_NODES} edge nodes are known already")
            node = Node(address.group, address.node, Row(Condition(State.STALE, message.frame.received_at_us)))
            self._nodes[node.key] = node
        if address.verb == "DBIRTH" and len(node.row.devices) >= MAX_DEVICES and address.device not in node.row.devices:
            raise Rejected("too_many_nodes", f"{MAX_DEVICES} devices of this edge node are known already")
        self._changes.touch(node)
        return node

    def _arrived(self, node: Node, message: Message, now_us: int) -> list[Taken]:
        verb = message.address.verb
        if message.frame.flags & RETAIN:  # kept by a broker since who knows when: it says nothing about the present
            return [self._by_itself(node, message, now_us, "no_birth")]
        if verb == "NDEATH":
            return self._died(node, message, now_us)
        if node.is_repetition(message):
            return [self._read(node, message, now_us)]
        if verb == "NBIRTH" and node.accepts_birth(message):
            return self._born(node, message, now_us)
        if verb != "NBIRTH" and node.is_next(message):
            return [self._in_place(node, message, now_us), *self._followers(node, now_us)]
        node.held.append(message)
        self._waiting.add(node.key)
        return []

    def _born(self, node: Node, message: Message, now_us: int) -> list[Taken]:
        """What waited and was sent before it is of the old life; what was sent after it overtook it."""
        old = [held for held in node.held if not held.is_after(message)]
        node.held = [held for held in node.held if held.is_after(message)]
        out = [self._by_itself(node, held, now_us, "out_of_sequence") for held in old]
        node.born(message, bd_seq_of(message))
        self._asks.forget(node.key)
        out.append(self._read(node, message, now_us, 0))
        return [*out, *self._followers(node, now_us)]

    def _died(self, node: Node, message: Message, now_us: int) -> list[Taken]:
        """A death that does not match the last birth is the late will of an earlier connection."""
        if not node.row.boot or node.row.bd_seq not in (None, bd_seq_of(message)):
            return []
        out = [self._by_itself(node, held, now_us, "out_of_sequence") for held in node.held]
        node.held = []
        self._waiting.discard(node.key)
        node.died(message.frame.received_at_us)
        self._asks.forget(node.key)
        return out

    def _in_place(self, node: Node, message: Message, now_us: int) -> Taken:
        if message.address.verb == "DBIRTH":
            node.device_born(message)
        elif message.address.verb == "DDEATH":
            node.device_died(message)
        taken = self._read(node, message, now_us, node.number(message))
        node.remember(message)
        return taken

    def _followers(self, node: Node, now_us: int) -> Iterator[Taken]:
        """Messages that waited, now that their predecessors are there."""
        while (place := node.place_of_next()) is not None:
            message = node.held.pop(place)
            repeated = node.is_repetition(message)
            yield self._read(node, message, now_us) if repeated else self._in_place(node, message, now_us)
        if not node.held:
            self._waiting.discard(node.key)

    def _given_up(self, node: Node, now_us: int, all_of_them: bool = False) -> list[Taken]:
        """Messages that have waited long enough. Unless they were mere stragglers, something is lost."""
        until_us = self._now_us - self._rules.reorder_timeout_us
        late = [held for held in node.held if all_of_them or held.frame.received_at_us <= until_us]
        if not late:
            return []
        why = "out_of_sequence" if node.state == State.ONLINE else "no_birth"
        if not all(node.is_straggler(held) for held in late):
            node.lost(self._now_us)
            self._asks.want(node.key, node.row, self._now_us)
        node.held = [held for held in node.held if held not in late]
        if not node.held:
            self._waiting.discard(node.key)
        self._changes.touch(node)
        return [self._by_itself(node, held, now_us, why) for held in sorted(late, key=node.distance)]

    # Reading

    def _read(self, node: Node, message: Message, now_us: int, number: int | None = None) -> Taken:
        """By the birth. What the birth does not tell makes us ask for another one."""
        birth = node.births.get(message.address.device)
        decoded, all_told = decode_metrics(message, Context(self._fields(message), birth, now_us))
        if not all_told:
            self._asks.want(node.key, node.row, self._now_us)
        return _counted(node, message, decoded, number)

    def _by_itself(self, node: Node, message: Message, now_us: int, why: str) -> Taken:
        """Without a birth."""
        decoded, _ = decode_metrics(message, Context(self._fields(message), None, now_us, why))
        number = None if message.frame.flags & RETAIN else node.number(message)
        return _counted(node, message, decoded, number)

    def _fields(self, message: Message) -> Mapping[str, SignalBinding]:
        binding = self._topics.find(_place(message))
        return binding.fields if binding is not None else {}

    # Requests and the host's own state

    def _release_requests(self) -> None:
        for key in self._asks.due(self._now_us):
            node = self._nodes[key]
            self._commands.append(request(node.group, node.name, self._now_us))
            node.row.asked_at_us, node.row.asks, node.row.rebirths = (
                self._now_us,
                node.row.asks + 1,
                node.row.rebirths + 1,
            )
            if node.row.asks < MAX_ASKS:  # once more, when it does not answer
                self._asks.want(key, node.row, self._now_us)
            self._changes.touch(node)

    def _take_state(self, host_id: str, frame: Frame) -> None:
        """Ours: a late will of ours is corrected; a new session of ours means that births may have passed us by."""
        if host_id != self._rules.host_id:
            return
        said = state.read(frame.payload)
        if said.online and said.timestamp_ms != self._state_ms:
            if self._state_ms is not None:
                self._doubt_everything()
            self._state_ms, self._state_changed = said.timestamp_ms, True
        elif not said.online and not frame.flags & RETAIN:  # a kept one is older than the birth we are about to publish
            since_ms = max(said.timestamp_ms, self._rules.since_ms, self._state_ms or 0)
            self._commands.append(state.birth(host_id, since_ms))
            self._state_ms, self._state_changed = since_ms, True

    def _doubt_everything(self) -> None:
        for key, node in self._nodes.items():
            if node.state == State.ONLINE:
                node.lost(self._now_us)
                self._asks.want(key, node.row, self._now_us)
                self._changes.touch(node)
        self._release_requests()

    def _is_foreign(self, group: str) -> bool:
        """Another process looks after this group. Said once, for the first groups."""
        if not self._rules.groups or group in self._rules.groups:
            return False
        if group not in self._foreign and len(self._foreign) < FOREIGN_GROUPS_NAMED:
            self._foreign.add(group)
            _log.info("sparkplug group %s is not among sparkplug.groups: its messages are passed over", group)
        return True


def _check_death(message: Message) -> None:
    if message.address.verb == "NDEATH" and bd_seq_of(message) is None:
        raise Rejected("missing_bdseq", "an NDEATH that does not say which NBIRTH it ends")


def _place(message: Message) -> str:
    """The topic under which the plant file names its metrics."""
    return place_of(message.address.group, message.address.node, message.address.device)


def _counted(node: Node, message: Message, decoded: Decoded, number: int | None) -> Taken:
    if number is not None:
        decoded.counted.append(Counted(node.key, node.row.boot, number))
    return Taken(message.frame, decoded, _place(message))
