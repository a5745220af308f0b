"""One connection to a broker, from CONNECT to its end, driven by one thread.

The thread waits for the socket and for news of the disk, reads while there is room, hands frames on in batches, and
sends acknowledgements, commands and pings whether it reads or not. Reading stops (TCP tells the broker) when the window
is full: brokers cannot be trusted with it, Mosquitto 2.0 overshoots an MQTT 5 Receive Maximum of 10 to 190.
"""

from __future__ import annotations

import select
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import Enum
from typing import Protocol

import structlog
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from forewarn.ingest.brokers.acks import ConnectionAcks, Receipt
from forewarn.ingest.brokers.backoff import End
from forewarn.ingest.brokers.client import connect, facts_of, new_client, subscribe
from forewarn.ingest.brokers.keepalive import PINGREQ, KeepAlive
from forewarn.ingest.brokers.messages import topic_of
from forewarn.ingest.brokers.outbox import Outbox
from forewarn.ingest.brokers.promise import Facts
from forewarn.ingest.brokers.target import Target
from forewarn.ingest.brokers.wake import Wake
from forewarn.ingest.desk import Command
from forewarn.ingest.own_topics import qos_of

LOG = structlog.get_logger("forewarn.ingest.brokers")
BURST = 500  # messages that are read before acknowledgements and pings have their turn
COMMANDS_ON_THE_WAY = 20
VERSION_TOPIC = "$SYS/broker/version"
HUNG_UP = select.POLLERR | select.POLLHUP | select.POLLNVAL
UNSUPPORTED_VERSION, TAKEN_OVER = 0x84, 0x8E
BUSY = {0x88, 0x89, 0x97, 0x9C, 0x9D, 0x9F}  # unavailable, busy, quota, other server, moved, rate: may pass by itself


class Phase(Enum):
    """Where a connection stands. Each leads to the next, or to the end."""

    CONNECTING = "waiting for CONNACK"
    SUBSCRIBING = "waiting for SUBACK"
    LISTENING = "listening"
    LEAVING = "waiting for what was taken to become durable"


class Owner(Protocol):
    """What a connection needs of the source that it belongs to."""

    target: Target
    outbox: Outbox
    stopping: bool  # finish what was taken, then disconnect
    draining: bool  # unsubscribe, take what is still queued, then say so
    pressed: bool  # the journal cannot take more
    hopeless: bool  # the journal has failed: nothing will become durable any more

    def held(self) -> list[str]:
        """Filters that our session at the broker may hold."""
        ...

    def note_filters(self, filters: Sequence[str]) -> None:
        """Remember them."""
        ...

    def deliver(self, acks: ConnectionAcks, messages: Sequence[MQTTMessage], receipts: Sequence[Receipt]) -> None:
        """Make these durable, then tell `acks`."""
        ...

    def greetings(self) -> Sequence[Command]:
        """What is published after each connect."""
        ...

    def connected(self, facts: Facts) -> None:
        """The connection listens."""
        ...

    def learned(self, facts: Facts) -> None:
        """More is known of the connection that listens."""
        ...

    def drained(self) -> None:
        """Nothing is queued for us any more."""
        ...


class Link:
    """`run` returns when the connection has ended; `end` and `why` say how, `listened_s` for how long it was good."""

    def __init__(
        self,
        owner: Owner,
        protocol: str,
        tls: ssl.SSLContext | None,
        wake: Wake,
        will: Command | None,
        ask_version: bool,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.end: End | None = None
        self.why = ""
        self.listened_s = 0.0
        self.facts = Facts(protocol, tls is not None)
        self._owner, self._target, self._protocol, self._wake, self._now_s = owner, owner.target, protocol, wake, now_s
        self._will, self._ask_version = will, ask_version
        self._client = self._prepared(new_client(owner.target, protocol, tls, will))
        self._tls = tls
        self._acks = ConnectionAcks(wake.up)
        self._phase, self._phase_began_s = Phase.CONNECTING, now_s()
        self._listening_since_s: float | None = None
        self._newest_s = 0.0
        self._alive = KeepAlive(owner.target.keepalive_s, now_s())
        self._messages: list[MQTTMessage] = []
        self._receipts: list[Receipt] = []
        self._asked: dict[int, list[str]] = {}  # packet identifier of a SUBSCRIBE -> its filters
        self._awaited: set[int] = set()  # packet identifiers that the phase waits for
        self._sent: dict[int, int] = {}  # packet identifier of a PUBLISH -> number in the outbox

    def _prepared(self, client: Client) -> Client:
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_subscribe = self._on_subscribe
        client.on_unsubscribe = lambda client, data, mid, *_: self._awaited.discard(mid)
        client.on_publish = self._on_publish
        return client

    # ---- life

    def run(self) -> None:
        """Connect and serve until the end. Never raises for what the network or the broker does."""
        try:
            connect(self._client, self._target)
        except OSError as error:
            self._finish(End.REFUSED if isinstance(error, ssl.SSLError) else End.AWAY, str(error))
        try:
            while self.end is None:
                self._turn()
        except Exception as error:  # paho raises what a malformed packet makes it raise
            LOG.warning("broker_connection_broken", broker=self._target.name, kind=type(error).__name__, exc_info=True)
            self._finish(End.LOST, f"the broker's bytes could not be read: {error}")
        finally:
            self._hand_over()
            self._acks.end()
            self._owner.outbox.return_sent()
            self._close()
        if self._listening_since_s is not None:
            self.listened_s = self._now_s() - self._listening_since_s

    def _finish(self, end: End, why: str) -> None:
        if self.end is None:
            self.end, self.why = end, why

    def _close(self) -> None:
        peer = self._client.socket()
        if peer is not None:
            self._client.on_disconnect = None
            peer.close()

    def _enter(self, phase: Phase) -> None:
        self._phase, self._phase_began_s = phase, self._now_s()

    # ---- one turn

    def _turn(self) -> None:
        self._send_acks()
        self._send_commands()
        if self._client.want_write():
            self._client.loop_write()
        peer = self._client.socket()
        if peer is None or self.end is not None:
            self._finish(End.LOST, "closed")
            return
        reading = self._may_read()
        if self._wait(peer.fileno(), reading, self._client_pending()):
            self._read()
        self._hand_over()
        self._keep_alive(reading)
        self._advance()

    def _may_read(self) -> bool:
        owner, acks, target = self._owner, self._acks, self._target
        if self._phase is Phase.LEAVING:  # only the answers to our own publishes are still of interest
            return bool(self._sent) and acks.messages < target.window
        blocked = owner.pressed or owner.hopeless
        return not blocked and acks.messages < target.window and acks.size < target.window_bytes

    def _client_pending(self) -> bool:
        """Bytes that TLS has decrypted already are not seen by poll."""
        peer = self._client.socket()
        return isinstance(peer, ssl.SSLSocket) and peer.pending() > 0

    def _wait(self, descriptor: int, reading: bool, pending: bool) -> bool:
        """Sleep until something can be done; True when there is something to read and reading is allowed."""
        poll = select.poll()
        poll.register(self._wake.descriptor, select.POLLIN)
        writing = select.POLLOUT if self._client.want_write() else 0
        poll.register(descriptor, (select.POLLIN if reading else 0) | writing)
        found = dict(poll.poll(0 if reading and pending else self._alive.pause_s * 1000))
        if self._wake.descriptor in found:
            self._wake.clear()
        events = found.get(descriptor, 0)
        if events & HUNG_UP and not reading:
            self._finish(End.LOST, "closed by the broker while reading was stopped")
            return False
        return reading and (pending or bool(events & ~select.POLLOUT))

    def _read(self) -> None:
        """Read while messages keep coming and there is room, at most a burst."""
        self._alive.heard(self._now_s())
        for _ in range(BURST):
            before = len(self._receipts)
            if self._client.loop_read() != MQTTErrorCode.MQTT_ERR_SUCCESS:
                self._finish(End.LOST, "closed by the broker")
                return
            if len(self._receipts) == before or not self._may_read():
                return

    def _hand_over(self) -> None:
        if self._receipts:
            messages, receipts = self._messages, self._receipts
            self._messages, self._receipts = [], []
            self._newest_s = self._now_s()
            self._owner.deliver(self._acks, messages, receipts)

    def _send_acks(self) -> None:
        for receipt in self._acks.ready():
            self._client.ack(receipt.mid, receipt.qos)

    def _send_commands(self) -> None:
        if self._phase not in (Phase.LISTENING, Phase.LEAVING):
            return
        for number, command in self._owner.outbox.take(COMMANDS_ON_THE_WAY):
            qos = qos_of(command.topic)
            info = self._client.publish(command.topic, command.payload, qos, command.retain)
            if qos:
                self._sent[info.mid] = number
            else:
                self._owner.outbox.confirm(number)  # nothing more will be heard of it

    def _keep_alive(self, reading: bool) -> None:
        now_s, peer = self._now_s(), self._client.socket()
        if peer is not None and self._alive.ping_due(now_s) and not self._client.want_write():
            try:
                peer.send(PINGREQ)
            except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
                return  # so much lies before it that the broker hears from us anyway
            except OSError as error:
                self._finish(End.LOST, str(error))
            self._alive.pinged(now_s)
        if self._alive.dead(now_s, reading):
            self._finish(End.LOST, f"the broker was silent for {1.5 * self._target.keepalive_s:g} s")

    # ---- phases

    def _advance(self) -> None:
        if self._owner.stopping and self._phase is not Phase.LEAVING:
            self._enter(Phase.LEAVING)
            if self._will is not None and self._listening_since_s is not None:
                self._owner.outbox.put([self._will])  # a clean DISCONNECT makes the broker forget it
        waited_s = self._now_s() - self._phase_began_s
        if self._phase in (Phase.CONNECTING, Phase.SUBSCRIBING) and waited_s > self._target.pace.answer_s:
            self._finish(End.AWAY, f"no answer in {self._target.pace.answer_s:g} s: {self._phase.value}")
        elif self._phase is Phase.SUBSCRIBING and not self._awaited:
            self._listen()
        elif self._phase is Phase.LISTENING and self._owner.draining:
            self._drain()
        elif self._phase is Phase.LEAVING:
            self._leave(waited_s)

    def _subscribe(self) -> None:
        """Everything that is configured, on every connect: the broker may have lost the session without a word."""
        wanted = [] if self._owner.draining else self._target.subscriptions
        held = self._owner.held()
        if held:  # we were here before
            self.facts = replace(self.facts, session_kept=self.facts.session_present)
        self._owner.note_filters([*held, *wanted])
        gone = [f for f in held if f not in wanted]
        for filters in _portions(wanted):
            self._ask(filters, qos=1)
        for filters in _portions(gone):
            mid = self._client.unsubscribe(filters)[1]
            if mid is not None:
                self._awaited.add(mid)
        if gone:
            LOG.info("broker_filters_dropped", broker=self._target.name, filters=gone)
        if self._ask_version:
            self._ask([VERSION_TOPIC], qos=0)
        self._enter(Phase.SUBSCRIBING)

    def _ask(self, filters: list[str], qos: int) -> None:
        mid = subscribe(self._client, filters, qos)
        if mid is not None:
            self._asked[mid] = filters
            if qos:  # the question for the version may stay without an answer
                self._awaited.add(mid)

    def _listen(self) -> None:
        self._owner.note_filters([] if self._owner.draining else self._target.subscriptions)
        self._enter(Phase.LISTENING)
        self._listening_since_s = self._newest_s = self._now_s()
        self._owner.outbox.put(self._owner.greetings())
        self._owner.connected(self.facts)

    def _drain(self) -> None:
        quiet_s = self._now_s() - self._newest_s
        if self._acks.settled and self._may_read() and quiet_s > self._target.pace.quiet_s:
            self._owner.drained()

    def _leave(self, waited_s: float) -> None:
        """Disconnect when everything that was taken is durable and acknowledged, or after waiting long enough."""
        done = self._acks.settled and self._owner.outbox.empty and not self._client.want_write()
        if done or self._owner.hopeless or self._listening_since_s is None or waited_s > self._target.pace.answer_s:
            self._finish(End.STOPPED, "told to stop")
            self._client.disconnect()
            self._client.loop_write()

    # ---- what paho tells, in the same thread

    def _on_connect(
        self, client: Client, data: object, flags: ConnectFlags, code: ReasonCode, properties: Properties | None
    ) -> None:
        if code.is_failure:
            self._finish(_refusal(code.value), str(code))
            return
        self.facts = facts_of(self._protocol, self._tls is not None, flags.session_present, properties)
        interval_s = getattr(properties, "ServerKeepAlive", self._target.keepalive_s)
        self._alive = KeepAlive(interval_s, self._now_s())
        self._subscribe()

    def _on_disconnect(
        self, client: Client, data: object, flags: DisconnectFlags, code: ReasonCode, properties: Properties | None
    ) -> None:
        if flags.is_disconnect_packet_from_server and code.value == TAKEN_OVER:
            self._finish(End.TAKEN_OVER, str(code))
        elif self._phase is Phase.CONNECTING:
            self._finish(End.OLD_PROTOCOL, f"closed without a good answer to an MQTT {self._protocol} CONNECT")
        else:
            self._finish(End.LOST, str(code))

    def _on_message(self, client: Client, data: object, message: MQTTMessage) -> None:
        if message.qos == 0 and topic_of(message) == VERSION_TOPIC:
            client.unsubscribe(VERSION_TOPIC)
            self._tell(replace(self.facts, software=message.payload[:200].decode(errors="replace")))
            return
        receipt = Receipt(message.mid, message.qos, len(message.payload))
        self._acks.take(receipt)
        self._messages.append(message)
        self._receipts.append(receipt)

    def _on_subscribe(
        self, client: Client, data: object, mid: int, codes: list[ReasonCode], properties: Properties | None
    ) -> None:
        filters = self._asked.pop(mid, [])
        granted = {f: int(code.value) for f, code in zip(filters, codes, strict=False) if f != VERSION_TOPIC}
        self._tell(replace(self.facts, granted={**self.facts.granted, **granted}))
        self._awaited.discard(mid)

    def _on_publish(
        self, client: Client, data: object, mid: int, code: ReasonCode, properties: Properties | None
    ) -> None:
        if code.is_failure:
            LOG.error("broker_refused_command", broker=self._target.name, reason=str(code))
        number = self._sent.pop(mid, None)
        if number is not None:
            self._owner.outbox.confirm(number)

    def _tell(self, facts: Facts) -> None:
        self.facts = facts
        if self._phase is Phase.LISTENING:
            self._owner.learned(facts)


def _portions(filters: Sequence[str], size: int = 100) -> list[list[str]]:
    """Few enough for one packet."""
    return [list(filters[i : i + size]) for i in range(0, len(filters), size)]


def _refusal(code: int) -> End:
    if code == UNSUPPORTED_VERSION:
        return End.OLD_PROTOCOL
    return End.AWAY if code in BUSY else End.REFUSED
