"""What a host remembers, as rows for the store's memory, and what the API reads out of them.

`sparkplug/node/GROUP/NODE` is small and changes with every message, `sparkplug/birth/GROUP/NODE[/DEVICE]` is large and
changes with births, `sparkplug/held/GROUP/NODE` holds the messages that wait for their predecessors.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from forewarn.core.errors import Rejected
from forewarn.ingest.delivery import Frame
from forewarn.ingest.formats.sparkplug_payload import decode
from forewarn.ingest.sparkplug.node import SEQUENCE, Birth, Message, Node, Row
from forewarn.ingest.sparkplug.topics import address_of

MEMORY_PREFIX = "sparkplug/"
NODE_ROWS = f"{MEMORY_PREFIX}node/"
BIRTH_ROWS = f"{MEMORY_PREFIX}birth/"
HELD_ROWS = f"{MEMORY_PREFIX}held/"
HOST_ROW = f"{MEMORY_PREFIX}host"

T = TypeVar("T")

_log = logging.getLogger(__name__)
_encode = msgspec.msgpack.Encoder().encode
_ROW = msgspec.msgpack.Decoder(Row)
_BIRTH = msgspec.msgpack.Decoder(Birth)
_HOST = msgspec.msgpack.Decoder(int)
_HELD = msgspec.msgpack.Decoder(list[tuple[int, int, str, str, bytes]])


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """An edge node (`device` "") or one of its devices, for people. `last_seq` is the number of the newest message that
    stood in its place, `rebirths` how often this host asked for births."""

    group: str
    node: str
    device: str
    state: str
    since_us: int
    bd_seq: int | None
    last_seq: int
    rebirths: int


def statuses_of(group: str, node: str, row: Row) -> list[NodeStatus]:
    """The node, then its devices by name."""
    conditions = [("", row.condition), *sorted(row.devices.items())]
    last_seq = (row.next_seq - 1) % SEQUENCE
    return [
        NodeStatus(group, node, device, condition.state, condition.since_us, row.bd_seq, last_seq, row.rebirths)
        for device, condition in conditions
    ]


def statuses_in(memory: Mapping[str, bytes]) -> list[NodeStatus]:
    """Every node and device that the rows of a store tell of; rows of others are passed over."""
    return [one for node in nodes_in(memory).values() for one in statuses_of(node.group, node.name, node.row)]


class Changes:
    """Which rows have to be written: those of touched nodes, and of their births only the ones that are others."""

    def __init__(self) -> None:
        self._touched: dict[str, Node] = {}
        self._births: dict[str, dict[str, Birth]] = {}
        self._held: set[str] = set()

    def touch(self, node: Node) -> None:
        """Something about it may have changed."""
        self._touched[node.key] = node

    def are_kept(self, nodes: Mapping[str, Node]) -> None:
        """These came out of the rows."""
        self._births = {key: dict(node.births) for key, node in nodes.items()}
        self._held = {key for key, node in nodes.items() if node.held}

    def taken(self) -> dict[str, bytes | None]:
        """Rows that changed since the last call."""
        out: dict[str, bytes | None] = {}
        for key, node in self._touched.items():
            out[f"{NODE_ROWS}{key}"] = _encode(node.row)
            if node.held or key in self._held:
                out[f"{HELD_ROWS}{key}"] = _encode([tuple(m.frame) for m in node.held]) if node.held else None
            (self._held.add if node.held else self._held.discard)(key)
            out |= self._other_births(key, node.births)
        self._touched = {}
        return out

    def _other_births(self, key: str, births: Mapping[str, Birth]) -> dict[str, bytes | None]:
        kept = self._births.get(key, {})
        out: dict[str, bytes | None] = {_birth_row(key, gone): None for gone in kept.keys() - births.keys()}
        others = {device: birth for device, birth in births.items() if kept.get(device) is not birth}
        self._births[key] = dict(births)
        return out | {_birth_row(key, device): _encode(birth) for device, birth in others.items()}


def _birth_row(key: str, device: str) -> str:
    return f"{BIRTH_ROWS}{key}/{device}" if device else f"{BIRTH_ROWS}{key}"


def nodes_in(memory: Mapping[str, bytes]) -> dict[str, Node]:
    """Nodes by descriptor. A row that cannot be read (another version wrote it) is left out: births are asked for."""
    nodes: dict[str, Node] = {}
    for key, data in memory.items():
        if key.startswith(NODE_ROWS):
            group, _, name = key.removeprefix(NODE_ROWS).partition("/")
            row = _read(_ROW, key, data)
            if row is not None:
                nodes[f"{group}/{name}"] = Node(group, name, row)
    for key, data in memory.items():
        kind = BIRTH_ROWS if key.startswith(BIRTH_ROWS) else HELD_ROWS if key.startswith(HELD_ROWS) else ""
        levels = key.removeprefix(kind).split("/") if kind else []
        node = nodes.get("/".join(levels[:2]))
        if node is None:
            continue
        if kind == BIRTH_ROWS:
            birth = _read(_BIRTH, key, data)
            if birth is not None:
                node.births["/".join(levels[2:])] = birth
        else:
            node.held = [_message(Frame(*one)) for one in _read(_HELD, key, data) or []]
    return nodes


def host_row(since_ms: int) -> bytes:
    """The time in the newest certificate of ours that came back to us."""
    return _encode(since_ms)


def host_time_in(memory: Mapping[str, bytes]) -> int | None:
    """What `host_row` wrote; None when it never did."""
    return _read(_HOST, HOST_ROW, memory[HOST_ROW]) if HOST_ROW in memory else None


def _message(frame: Frame) -> Message:
    return Message.of(frame, address_of(frame.topic), decode(frame.payload))


def _read(decoder: msgspec.msgpack.Decoder[T], key: str, data: bytes) -> T | None:
    try:
        return decoder.decode(data)
    except (msgspec.DecodeError, Rejected) as error:
        _log.warning("memory row %s cannot be read and is left out: %s", key, error)
        return None
