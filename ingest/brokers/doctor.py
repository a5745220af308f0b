"""Examines a broker before anybody relies on it, with client ids of its own, and cleans up after itself.

Each check is one thing that was seen to go wrong: sessions that are not kept, subscriptions that are refused, queues
that drop without a word while the reader is away, doors that stand open.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace

from paho.mqtt.reasoncodes import ReasonCode

from forewarn.core.errors import Retriable
from forewarn.ingest.brokers.client import V5, V311
from forewarn.ingest.brokers.link import VERSION_TOPIC
from forewarn.ingest.brokers.mosquitto_conf import Finding
from forewarn.ingest.brokers.promise import REFUSED, Facts, Promise, promise
from forewarn.ingest.brokers.sessions import end_session
from forewarn.ingest.brokers.target import Target
from forewarn.ingest.brokers.visit import Visit

QUEUE_TEST_MESSAGES = 1500  # Mosquitto drops from the 1001st on by default


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found: the facts, the promise they allow, and what to mend."""

    facts: Facts
    promise: Promise
    findings: list[Finding]


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
        visit = Visit(guest, protocol)
        accepted, said = visit.open(), visit.code
        visit.close()
        if accepted:
            return protocol
    raise Retriable(f"{guest.address} refuses us: {said or 'it closed the connection'}")


def _session(guest: Target, protocol: str) -> Facts:
    """Subscribe, leave and come back: is the session still there?"""
    first = Visit(guest, protocol)
    first.open()
    wanted = guest.subscriptions
    granted = dict(zip(wanted, first.subscribe(wanted), strict=False))
    first.subscribed = False
    first.subscribe([VERSION_TOPIC])
    first.until(lambda: any(m.topic == VERSION_TOPIC for m in first.messages), 0.5)
    software = next((m.payload.decode(errors="replace") for m in first.messages if m.topic == VERSION_TOPIC), None)
    first.close()
    again = Visit(guest, protocol)
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
    reader = Visit(guest, protocol)
    reader.open()
    granted = reader.subscribe([topic])
    reader.close()
    writer = Visit(replace(guest, client_id=f"{guest.client_id}-w"), protocol)
    writer.open()
    for _ in range(QUEUE_TEST_MESSAGES):
        writer.client.publish(topic, b"doctor", qos=1)
    writer.until(lambda: writer.published == QUEUE_TEST_MESSAGES)
    writer.close()
    end_session(writer.target, protocol, guest.tls.context() if guest.tls else None)
    back = Visit(guest, protocol)
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
    visit = Visit(stranger, protocol)
    if not visit.open():
        return []
    visit.close()
    end_session(stranger, protocol, guest.tls.context() if guest.tls else None)
    return [Finding("error", "clients without a password are let in: anybody may publish readings")]
