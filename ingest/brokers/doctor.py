"""Examines a broker before anybody relies on it, with client ids of its own, and cleans up after itself.

Each check is one thing that was seen to go wrong: sessions that are not kept, subscriptions that are refused, queues
that drop without a word while the reader is away, doors that stand open.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from paho.mqtt.client import Client, ConnectFlags, MQTTMessage
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from forewarn.core.errors import Retriable
from forewarn.ingest.brokers.client import V5, V311, connect, facts_of, new_client, serve_for, subscribe
from forewarn.ingest.brokers.link import VERSION_TOPIC
from forewarn.ingest.brokers.mosquitto_conf import Finding
from forewarn.ingest.brokers.promise import REFUSED, Facts, Promise, promise
from forewarn.ingest.brokers.sessions import end_session
from forewarn.ingest.brokers.target import Target

QUEUE_TEST_MESSAGES = 1500  # Mosquitto drops from the 1001st on by default


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found: the facts, the promise they allow, and what to mend."""

    facts: Facts
    promise: Promise
    findings: list[Finding]


@dataclass
class _Visit:
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


def examine(target: Target) -> Examination:
    """Look at a broker as `target` describes it. Raises Retriable when it cannot be reached or refuses us."""
    guest = replace(target, client_id=f"{target.client_id}-doctor-{secrets.token_hex(4)}")
    protocol = _protocol_of(guest)
    try:
        facts = _session(guest, protocol)
        findings = [*_subscriptions(facts), *_queue(guest, protocol), *_anonymous(guest, protocol)]
    finally:
        end_session(guest, protocol, guest.tls.context() if guest.tls else None)
    if guest.tls is None and guest.host not in ("127.0.0.1", "localhost", "::1"):
        findings.append(Finding("error", "no TLS: user, password and readings can be read and changed on the way"))
    if facts.session_kept is False:
        findings.append(Finding("error", "the broker does not keep sessions: what comes while we are away is lost"))
    if target.group and facts.shared_available is False:
        findings.append(Finding("error", "the broker has no shared subscriptions: take `group` out, split the filters"))
    return Examination(facts, promise(facts), findings)


def _protocol_of(guest: Target) -> str:
    tries = [V5, V311] if guest.protocol == "auto" else [guest.protocol]
    said: ReasonCode | None = None
    for protocol in tries:
        visit = _Visit(guest, protocol)
        accepted, said = visit.open(), visit.code
        visit.close()
        if accepted:
            return protocol
    raise Retriable(f"{guest.address} refuses us: {said or 'it closed the connection'}")


def _session(guest: Target, protocol: str) -> Facts:
    """Subscribe, leave and come back: is the session still there?"""
    first = _Visit(guest, protocol)
    first.open()
    wanted = guest.subscriptions
    granted = dict(zip(wanted, first.subscribe(wanted), strict=False))
    first.subscribed = False
    first.subscribe([VERSION_TOPIC])
    first.until(lambda: any(m.topic == VERSION_TOPIC for m in first.messages), 0.5)
    software = next((m.payload.decode(errors="replace") for m in first.messages if m.topic == VERSION_TOPIC), None)
    first.close()
    again = _Visit(guest, protocol)
    again.open()
    again.client.unsubscribe([*wanted, VERSION_TOPIC])
    again.until(lambda: not again.client.want_write(), 1.0)
    again.close()
    return replace(first.facts, granted=granted, software=software, session_kept=again.facts.session_present)


def _subscriptions(facts: Facts) -> list[Finding]:
    return [
        Finding("error", f"{filter_}: " + ("refused" if qos >= REFUSED else "granted with QoS 0 only"))
        for filter_, qos in facts.granted.items()
        if qos != 1
    ]


def _queue(guest: Target, protocol: str) -> list[Finding]:
    """Publish while the reader is away, on a topic of our own, and count what was kept."""
    topic = f"forewarn/doctor/{guest.client_id}"
    reader = _Visit(guest, protocol)
    reader.open()
    granted = reader.subscribe([topic])
    reader.close()
    writer = _Visit(replace(guest, client_id=f"{guest.client_id}-w"), protocol)
    writer.open()
    for _ in range(QUEUE_TEST_MESSAGES):
        writer.client.publish(topic, b"doctor", qos=1)
    writer.until(lambda: writer.published == QUEUE_TEST_MESSAGES)
    writer.close()
    end_session(writer.target, protocol, guest.tls.context() if guest.tls else None)
    back = _Visit(guest, protocol)
    back.open()
    back.until(lambda: len(back.messages) >= QUEUE_TEST_MESSAGES, 3.0)
    back.close()
    if granted != [1] or writer.refused or not back.messages:
        return [Finding("note", "the queue was not tested: the broker lets us not publish or read forewarn/doctor/#")]
    lost = QUEUE_TEST_MESSAGES - len(back.messages)
    if lost <= 0:
        return []
    what = f"of {QUEUE_TEST_MESSAGES} messages acknowledged while the reader was away {lost} were dropped"
    return [Finding("error", what + " (Mosquitto: max_queued_messages 0)")]


def _anonymous(guest: Target, protocol: str) -> list[Finding]:
    stranger = replace(guest, client_id=f"{guest.client_id}-s", username=None, password=None)
    visit = _Visit(stranger, protocol)
    if not visit.open():
        return []
    visit.close()
    end_session(stranger, protocol, guest.tls.context() if guest.tls else None)
    return [Finding("error", "clients without a password are let in: anybody may publish readings")]
