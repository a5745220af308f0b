"""Short visits to a broker, without a thread: to ask what it can do, and to examine it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from paho.mqtt.client import Client, ConnectFlags, MQTTMessage
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from forewarn.core.errors import Retriable
from forewarn.ingest.brokers.client import V5, connect, facts_of, new_client, serve_for, subscribe
from forewarn.ingest.brokers.promise import Facts
from forewarn.ingest.brokers.target import Target

LARGEST_PACKET = 268_435_455  # what MQTT allows


@dataclass
class Visit:
    """One connection, until what was waited for has come."""

    target: Target
    protocol: str
    code: ReasonCode | None = None
    facts: Facts = field(default_factory=Facts)
    granted: list[int] = field(default_factory=list)
    subscribed: bool = False
    messages: list[MQTTMessage] = field(default_factory=list)
    published: int = 0
    refused: int = 0

    def __post_init__(self) -> None:
        tls = self.target.tls.context() if self.target.tls else None
        self.client = new_client(self.target, self.protocol, tls)
        self.client.on_connect = self._on_connect
        self.client.on_subscribe = self._on_subscribe
        self.client.on_message = lambda client, data, message: self._take(message)
        self.client.on_publish = self._on_publish

    def open(self) -> bool:
        """Connect; False when the broker refused, Retriable when it cannot be reached."""
        try:
            connect(self.client, self.target)
        except OSError as error:
            raise Retriable(f"{self.target.address} cannot be reached: {error}") from error
        self.until(lambda: self.code is not None)
        return self.code is not None and not self.code.is_failure

    def subscribe(self, filters: list[str]) -> list[int]:
        """Codes granted; 255 for each when the broker hung up instead."""
        subscribe(self.client, filters, 1)
        self.until(lambda: self.subscribed)
        return self.granted if self.subscribed else [255] * len(filters)

    def until(self, done: Callable[[], bool], patience_s: float | None = None) -> bool:
        """Serve the connection until something is true, it ends, or patience does."""
        deadline_s = time.monotonic() + (self.target.pace.answer_s if patience_s is None else patience_s)
        while not done() and time.monotonic() < deadline_s and serve_for(self.client, 0.05):
            pass
        return done()

    def close(self) -> None:
        """Leave; the session stays."""
        self.client.disconnect()
        while self.client.socket() is not None and self.client.want_write():
            self.client.loop_write()

    def _on_connect(
        self, client: Client, data: object, flags: ConnectFlags, code: ReasonCode, properties: Properties | None
    ) -> None:
        self.code = code
        self.facts = facts_of(self.protocol, self.target.tls is not None, flags.session_present, properties)

    def _on_subscribe(
        self, client: Client, data: object, mid: int, codes: list[ReasonCode], properties: Properties | None
    ) -> None:
        self.granted, self.subscribed = [int(code.value) for code in codes], True

    def _on_publish(
        self, client: Client, data: object, mid: int, code: ReasonCode, properties: Properties | None
    ) -> None:
        self.published += 1
        self.refused += code.is_failure

    def _take(self, message: MQTTMessage) -> None:
        self.messages.append(message)
        self.client.ack(message.mid, message.qos)


def offered_by(target: Target) -> Facts | None:
    """What the broker says in an MQTT 5 CONNACK; None when it does not speak MQTT 5 or refuses us.

    Our session is left as it is: nothing is acknowledged, and no size limit makes the broker drop what it has for us.
    Raises Retriable when the broker cannot be reached.
    """
    visit = Visit(replace(target, maximum_packet_bytes=LARGEST_PACKET), V5)
    visit.client.on_message = None
    accepted = visit.open()
    visit.close()
    return visit.facts if accepted else None
