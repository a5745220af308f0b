"""Publishes over real MQTT at QoS 1 and keeps every message until its PUBACK, whatever happens to the connection.

One thread. paho-mqtt writes to its socket from whichever thread calls `publish` and holds no lock while it does
(2.2.0: `_packet_queue` -> `_packet_write`), so two threads could tear a long waveform apart; here `loop` and `publish`
take turns in the caller's thread. The spool is ours: after a loss a fresh client sends everything unacknowledged again,
in order. A full spool makes `send` wait, which slows the source; nothing is ever dropped.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import asdict, dataclass

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from forewarn.core.errors import Rejected, Retriable
from forewarn.core.work import Json
from forewarn.simulators.wire import Message

SPOOL_MESSAGES = 1_000
KEEPALIVE_S = 30
CONNECT_WAIT_S = 5.0
BACK_OFF_S = (0.1, 0.2, 0.5, 1.0, 2.0)
BREATH_S = 0.05
FOR_NOW = ("Server unavailable", "Server busy")  # refusals that may be otherwise in a moment


@dataclass(frozen=True, slots=True)
class Target:
    """Where to publish. `username` and `password` only together."""

    host: str = "127.0.0.1"
    port: int = 1883
    username: str | None = None
    password: str | None = None
    client_id: str = "simulator"


@dataclass(slots=True)
class Ledger:
    """The publisher's books. `acked` counts each message once, at its first PUBACK; `resent` is what went out again
    after a lost connection (the other side may have stored those before)."""

    messages_sent: int = 0
    readings_sent: int = 0
    messages_acked: int = 0
    readings_acked: int = 0
    messages_resent: int = 0
    readings_resent: int = 0
    messages_refused: int = 0
    connections: int = 0

    def told(self) -> Json:
        """For the report."""
        return asdict(self)


class Publisher:
    """Sends messages in order, at least once each. Not for use from several threads.

    Raises Rejected when the server refuses our name, password or protocol (it would refuse for ever); an unreachable
    server is tried again and again until `give_up_s` without any connection have passed (then Retriable).
    """

    def __init__(self, target: Target, spool: int = SPOOL_MESSAGES, give_up_s: float = 60.0) -> None:
        self.ledger = Ledger()
        self._target, self._spool, self._give_up_s = target, spool, give_up_s
        self._waiting: dict[int, Message] = {}  # mid of the present client -> message, in order of sending
        self._unsent: deque[Message] = deque()  # left over from a lost connection
        self._client: mqtt.Client | None = None
        self._connected = False
        self._refusal = ""

    @property
    def outstanding(self) -> int:
        """Messages that no PUBACK has come for yet."""
        return len(self._waiting) + len(self._unsent)

    def send(self, message: Message) -> None:
        """Take a message. Waits while the spool is full or the server away."""
        self.ledger.messages_sent += 1
        self.ledger.readings_sent += message.readings
        while self.outstanding >= self._spool:
            self.pump(BREATH_S)
        self._hand_over(message)
        self.pump(0.0)

    def pump(self, timeout_s: float) -> None:
        """Read and write what the socket has, at most so long; restores a lost connection first."""
        if self._client is None:
            self._reconnect()
        client = self._client
        if client is not None and client.loop(timeout_s) != mqtt.MQTT_ERR_SUCCESS:
            self._lost()

    def wait_until(self, deadline_s: float) -> None:
        """Serve the connection until a time of `time.monotonic`."""
        while (left := deadline_s - time.monotonic()) > 0:
            self.pump(min(left, BREATH_S))

    def drain(self, timeout_s: float) -> bool:
        """Wait for the outstanding PUBACKs; False when some are missing after so long."""
        deadline = time.monotonic() + timeout_s
        while self.outstanding and time.monotonic() < deadline:
            self.pump(BREATH_S)
        return not self.outstanding

    def close(self) -> None:
        """Say goodbye (the server then knows that nothing broke)."""
        if self._client is not None and self._connected:
            self._client.disconnect()
            self._client.loop(BREATH_S)
        self._client = None

    def _hand_over(self, message: Message) -> None:
        """To paho when connected, else behind what already waits."""
        if self._client is None or not self._connected:
            self._unsent.append(message)
            return
        info = self._client.publish(message.topic, message.payload, qos=1)
        self._waiting[info.mid] = message

    def _lost(self) -> None:
        """The connection is gone: its packet ids mean nothing any more, its messages wait for the next one."""
        again = list(self._waiting.values())
        self.ledger.messages_resent += len(again)
        self.ledger.readings_resent += sum(message.readings for message in again)
        self._unsent.extendleft(reversed(again))
        self._waiting.clear()
        self._client, self._connected = None, False

    def _reconnect(self) -> None:
        """One connection, tried with growing pauses; then everything that waits goes out again, in order."""
        started, attempt = time.monotonic(), 0
        while not self._connect_once():
            if self._refusal:
                raise Rejected("mqtt_refused", f"{self._target.host}:{self._target.port} says {self._refusal}")
            if time.monotonic() - started > self._give_up_s:
                where = f"{self._target.host}:{self._target.port}"
                raise Retriable(f"no MQTT server at {where} for {self._give_up_s:.0f} s")
            time.sleep(BACK_OFF_S[min(attempt, len(BACK_OFF_S) - 1)])
            attempt += 1
        self.ledger.connections += 1
        while self._unsent and self._client is not None:
            self._hand_over(self._unsent.popleft())

    def _connect_once(self) -> bool:
        client = self._new_client()
        try:
            client.connect(self._target.host, self._target.port, keepalive=KEEPALIVE_S)
        except OSError:  # refused, unreachable, timed out: the caller tries again
            return False
        deadline = time.monotonic() + CONNECT_WAIT_S
        while not self._connected and not self._refusal and time.monotonic() < deadline:
            if client.loop(BREATH_S) != mqtt.MQTT_ERR_SUCCESS:
                break
        self._client = client if self._connected else None
        return self._connected

    def _new_client(self) -> mqtt.Client:
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=self._target.client_id, protocol=MQTTProtocolVersion.MQTTv311
        )
        client.max_inflight_messages_set(0)  # paho's own window of 20 would hide ours
        client.connect_timeout = CONNECT_WAIT_S
        if self._target.username is not None:
            client.username_pw_set(self._target.username, self._target.password)
        client.on_connect = self._on_connect
        client.on_publish = self._on_publish
        return client

    def _on_connect(
        self, client: mqtt.Client, data: object, flags: mqtt.ConnectFlags, code: ReasonCode, more: Properties | None
    ) -> None:
        self._connected = not code.is_failure
        self._refusal = str(code) if code.is_failure and code.getName() not in FOR_NOW else ""

    def _on_publish(
        self, client: mqtt.Client, data: object, mid: int, code: ReasonCode, more: Properties | None
    ) -> None:
        message = self._waiting.pop(mid, None)
        if message is None:  # an answer to a packet of an earlier connection
            return
        if code.is_failure:
            self.ledger.messages_refused += 1
            return
        self.ledger.messages_acked += 1
        self.ledger.readings_acked += message.readings
