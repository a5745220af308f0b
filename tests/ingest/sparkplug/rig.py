"""A host at a desk of its own: frames in, readings by name out, and a restart whenever a test wants one."""

from __future__ import annotations

from dataclasses import dataclass, field

from forewarn.core.clock import US_PER_S
from forewarn.core.readings import SignalSpec
from forewarn.ingest.delivery import RETAIN, Frame
from forewarn.ingest.desk import Command, Taken
from forewarn.ingest.formats.sparkplug_payload import Metric, Payload, decode, encode
from forewarn.ingest.formats.sparkplug_types import DataType
from forewarn.ingest.sparkplug.host import HostRules, SparkplugHost
from forewarn.ingest.sparkplug.memory import NodeStatus
from forewarn.ingest.sparkplug.topics import place_of
from forewarn.ingest.topics import TopicTable
from forewarn.simulators.sparkplug_node import EdgeNode, Packet, Tag

START_MS = 1_795_392_000_000
GROUP, NODE, DEVICE = "press shop", "edge-1", "drive"
TAGS = [
    Tag("", "Cabinet/Temp", DataType.FLOAT),
    Tag(DEVICE, "Speed", DataType.DOUBLE),
    Tag(DEVICE, "Load", DataType.INT16),
    Tag(DEVICE, "Running", DataType.BOOLEAN),
]
QUANTITIES = {"Cabinet/Temp": "temperature", "Speed": "speed", "Load": "ratio", "Running": "run_state"}


def spec_of(tag: Tag, node: str = NODE) -> SignalSpec:
    quantity = QUANTITIES.get(tag.name, "dimensionless")
    place = place_of(GROUP, node, tag.device)
    return SignalSpec(node, tag.name, quantity, "", place, field=tag.name, format="sparkplug")


SPECS = [spec_of(tag) for tag in TAGS]
Reading = tuple[str, int, float]
"""Name of the signal, Unix milliseconds, value."""


@dataclass
class Rig:
    """Time stands still between calls; `seconds` moves it. `rows` is the store's memory."""

    rules: HostRules = field(default_factory=HostRules)
    specs: list[SignalSpec] = field(default_factory=lambda: list(SPECS))
    now_us: int = START_MS * 1000
    rows: dict[str, bytes] = field(default_factory=dict)
    asked: list[Command] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.taken: list[Taken] = []
        self.readings: list[Reading] = []
        self.qualities: dict[Reading, int] = {}
        self.refused: list[tuple[str, str]] = []
        self.begin()

    def begin(self) -> None:
        """A new process, with the rows of the one before."""
        self.host = SparkplugHost(TopicTable(self.specs, list(range(len(self.specs)))), self.rules)
        self.host.restore(self.rows)

    @property
    def now_ms(self) -> int:
        return self.now_us // 1000

    def take(self, packet: Packet, flags: int = 0) -> list[Reading]:
        """The readings that this message made known."""
        self.now_us += 1000
        return self._note(self.host.take(Frame(self.now_us, flags, "gw", *packet), self.now_us))

    def retained(self, packet: Packet) -> list[Reading]:
        return self.take(packet, RETAIN)

    def all(self, packets: list[Packet]) -> list[Reading]:
        return [reading for packet in packets for reading in self.take(packet)]

    def seconds(self, seconds: float) -> list[Reading]:
        """Let time pass, with a tick whenever the host wants one."""
        until, found = self.now_us + round(seconds * US_PER_S), []
        while (wakes := self.host.wakes_at_us) is not None and wakes <= until:
            self.now_us = max(self.now_us, wakes)
            found += self._note(self.host.due(self.now_us))
        self.now_us = until
        return found

    def _note(self, taken: object) -> list[Reading]:
        assert isinstance(taken, list | tuple)
        found: list[Reading] = []
        for one in taken:
            self.taken.append(one)
            decoded = one.decoded
            self.refused += decoded.refused
            for row, at, value, quality in zip(decoded.rows, decoded.at, decoded.value, decoded.quality, strict=True):
                found.append((self.specs[row].signal, at // 1000, value))
                self.qualities[found[-1]] = quality
        self.readings += found
        self.asked += self.host.commands()
        for key, data in self.host.changed().items():
            if data is None:
                self.rows.pop(key, None)
            else:
                self.rows[key] = data
        return found

    @property
    def reasons(self) -> list[str]:
        return [reason for reason, _ in self.refused]

    def status(self, device: str = "") -> NodeStatus:
        return next(one for one in self.host.statuses() if one.device == device)


def edge_node(bd_seq: int = 0, name: str = NODE, tags: list[Tag] | None = None) -> EdgeNode:
    return EdgeNode(GROUP, name, TAGS if tags is None else tags, bd_seq)


def is_rebirth(command: Command) -> bool:
    metrics = decode(command.payload).metrics
    return [(m.name, m.datatype, m.value) for m in metrics] == [("Node Control/Rebirth", DataType.BOOLEAN, True)]


def born(rules: HostRules | None = None) -> tuple[Rig, EdgeNode]:
    """A host that knows one node, all of whose metrics are null yet."""
    rig, node = Rig(rules or HostRules()), edge_node()
    rig.all(node.births(rig.now_ms))
    rig.refused.clear()
    return rig, node


def said(node: EdgeNode, rig: Rig, **values: float) -> Packet:
    return node.data(DEVICE, values, rig.now_ms)


def by_hand(verb: str, metrics: list[Metric], seq: int | None, ms: int | None, device: str = "") -> Packet:
    return Packet(edge_node().topic(verb, device), encode(Payload(ms, metrics, seq)))
