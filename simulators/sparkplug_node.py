"""A Sparkplug B edge node: what it says is computed (`EdgeNode`), how it gets there is MQTT (`ConnectedNode`).

It behaves as the specification wants: NDEATH as its will, births before data, data by alias alone, one sequence number
for the node and its devices, births again when a host asks, and silence until its primary host is online.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from forewarn.core.errors import Rejected, Retriable
from forewarn.ingest.formats.sparkplug_payload import Metric, Payload, Value, decode, encode
from forewarn.ingest.formats.sparkplug_types import DataType, metric_of

NAMESPACE = "spBv1.0"
REBIRTH = "Node Control/Rebirth"
BD_SEQ = "bdSeq"
WAIT_S = 10.0
BREATH_S = 0.02


class Packet(NamedTuple):
    """One PUBLISH."""

    topic: str
    payload: bytes


class Tag(NamedTuple):
    """A metric that a node or device has: `device` "" = the node itself."""

    device: str
    name: str
    datatype: DataType


class EdgeNode:
    """An edge node without its connection. Times are Unix milliseconds.

    Aliases are dealt out anew at every birth, in an order that `turn` rotates: a host must not believe old ones.

    >>> node = EdgeNode("press shop", "edge-1", [Tag("", "Temp", DataType.FLOAT)])
    >>> [packet.topic for packet in node.births(1_795_392_000_000)]
    ['spBv1.0/press shop/NBIRTH/edge-1']
    >>> node.data("", {"Temp": 21.5}, 1_795_392_001_000).topic
    'spBv1.0/press shop/NDATA/edge-1'
    """

    def __init__(self, group: str, name: str, tags: Sequence[Tag], bd_seq: int = 0) -> None:
        self.group, self.name, self.bd_seq = group, name, bd_seq
        self.turn = 0
        self._tags = list(tags)
        self._values: dict[Tag, Value] = dict.fromkeys(tags)
        self._aliases: dict[Tag, int] = {}
        self._seq = 0

    def topic(self, verb: str, device: str = "") -> str:
        """The topic of a verb of this node, or of one of its devices."""
        return "/".join([NAMESPACE, self.group, verb, self.name, *([device] if device else [])])

    def will(self) -> Packet:
        """NDEATH: no sequence number, and the number of the births that it ends."""
        return Packet(self.topic("NDEATH"), encode(Payload(None, [self._bd_metric(None)])))

    def births(self, now_ms: int) -> list[Packet]:
        """NBIRTH and one DBIRTH per device, with the values as they are."""
        rotated = self._tags[self.turn % len(self._tags) :] + self._tags[: self.turn % len(self._tags)]
        self._aliases = {tag: number for number, tag in enumerate(rotated)}
        self._seq = -1
        control = metric_of(REBIRTH, DataType.BOOLEAN, False, now_ms)
        own = [self._bd_metric(now_ms), control, *self._born("", now_ms)]
        devices = list(dict.fromkeys(tag.device for tag in self._tags if tag.device))
        return [self._packet("NBIRTH", "", own, now_ms), *(self.device_birth(device, now_ms) for device in devices)]

    def device_birth(self, device: str, now_ms: int) -> Packet:
        """DBIRTH of one device."""
        return self._packet("DBIRTH", device, self._born(device, now_ms), now_ms)

    def device_death(self, device: str, now_ms: int) -> Packet:
        """DDEATH of one device."""
        return self._packet("DDEATH", device, [], now_ms)

    def data(self, device: str, values: Mapping[str, Value], now_ms: int, historical_ms: int | None = None) -> Packet:
        """NDATA or DDATA by alias alone; `historical_ms` is when values were taken that could not be sent then."""
        metrics = []
        for tag in self._tags:
            if tag.device == device and tag.name in values:
                value = values[tag.name]
                at_ms = now_ms if historical_ms is None else historical_ms
                metric = metric_of(None, tag.datatype, value, at_ms, self._aliases[tag])
                metric.datatype, metric.is_historical = None, historical_ms is not None
                if historical_ms is None:
                    self._values[tag] = value
                metrics.append(metric)
        return self._packet("DDATA" if device else "NDATA", device, metrics, now_ms)

    def is_rebirth_request(self, packet: Packet) -> bool:
        """Whether a host asks for the births. Commands for others, and other commands, are none."""
        if packet.topic != self.topic("NCMD"):
            return False
        return any(m.name == REBIRTH and m.value is True for m in decode(packet.payload).metrics)

    def _born(self, device: str, now_ms: int) -> list[Metric]:
        mine = [tag for tag in self._tags if tag.device == device]
        return [metric_of(t.name, t.datatype, self._values[t], now_ms, self._aliases[t]) for t in mine]

    def _bd_metric(self, now_ms: int | None) -> Metric:
        metric = metric_of(BD_SEQ, DataType.INT64, self.bd_seq, now_ms or 0)
        metric.timestamp_ms = now_ms
        return metric

    def _packet(self, verb: str, device: str, metrics: list[Metric], now_ms: int) -> Packet:
        self._seq = (self._seq + 1) % 256
        return Packet(self.topic(verb, device), encode(Payload(now_ms, metrics, self._seq)))


class ConnectedNode:
    """An edge node on a broker. One thread: `serve` reads the socket and answers requests.

    With `primary_host` it is silent until that host's STATE says that it is online. Raises Retriable when the broker
    does not answer in time.
    """

    def __init__(self, node: EdgeNode, host: str, port: int, primary_host: str = "", qos: int = 0) -> None:
        self.node, self.rebirths = node, 0
        self.granted: list[ReasonCode] = []
        self._state_topic = f"{NAMESPACE}/STATE/{primary_host}" if primary_host else ""
        self._qos = qos
        self.is_host_online = not primary_host
        self._asked = False
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"{node.group}-{node.name}".replace(" ", "-"))
        self._client.on_message = lambda client, data, message: self._heard(
            Packet(message.topic, bytes(message.payload))
        )
        self._client.on_subscribe = lambda client, data, mid, codes, properties: self.granted.extend(codes)
        self._client.will_set(*node.will(), qos=1)
        self._client.connect(host, port)
        self._wait_for(self._client.is_connected, "no CONNACK")
        topics = [node.topic("NCMD"), *([self._state_topic] if primary_host else [])]
        self._client.subscribe([(topic, 1) for topic in topics])
        self._wait_for(lambda: len(self.granted) == len(topics), "no SUBACK")
        if any(code.is_failure for code in self.granted):
            raise Rejected("subscription_refused", ", ".join(topics))

    def begin(self) -> None:
        """Wait for the primary host, then publish the births."""
        self._wait_for(lambda: self.is_host_online, "the primary host is not online")
        self._publish(*self.node.births(_now_ms()))

    def send(self, device: str, values: Mapping[str, Value]) -> None:
        """One data message."""
        self._publish(self.node.data(device, values, _now_ms()))

    def lose(self, device: str, values: Mapping[str, Value]) -> None:
        """One data message that gets a number and never arrives."""
        self.node.data(device, values, _now_ms())

    def serve(self, seconds: float) -> None:
        """Read what comes, and publish the births when they are asked for."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._client.loop(min(BREATH_S, left))
            if self._asked:
                self._asked, self.rebirths = False, self.rebirths + 1
                self.node.turn += 1
                self._publish(*self.node.births(_now_ms()))

    def leave(self) -> None:
        """Say goodbye: NDEATH first, since a DISCONNECT drops the will."""
        self._publish(self.node.will())
        self._client.disconnect()
        self._client.loop(BREATH_S)

    def _heard(self, packet: Packet) -> None:
        if packet.topic == self._state_topic:
            self.is_host_online = json.loads(packet.payload)["online"] is True
        elif self.node.is_rebirth_request(packet):
            self._asked = True

    def _publish(self, *packets: Packet) -> None:
        for packet in packets:
            self._client.publish(*packet, qos=self._qos)
        self._client.loop(BREATH_S)

    def _wait_for(self, happened: Callable[[], bool], what: str) -> None:
        until = time.monotonic() + WAIT_S
        while not happened():
            if time.monotonic() > until:
                raise Retriable(what)
            self._client.loop(BREATH_S)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
