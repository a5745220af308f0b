"""One MQTT 3.1.1 publisher of QoS 1 over one socket, in plain Python, cheap enough to measure others with.

Everything is encoded before the clock starts. It keeps at most `window` messages unacknowledged, sends them in as few
system calls as the window allows, and counts acknowledgements by their bytes (a PUBACK of 3.1.1 is exactly four).
The same publisher is used for every server that is compared.

>>> result = publish("127.0.0.1", 1883, [b"plant/m1/vibration"] * 3, [b'{"value":1.5}'] * 3, window=1000)
>>> result.acked, result.in_order
(3, True)
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

PUBACK_BYTES = 4
SEND_BYTES = 256 * 1024
_PACKET_IDS = 65_535
_TICK_MS = 1  # at a steady rate: how long it may sleep before it looks whether more is due


@dataclass(frozen=True)
class PublishResult:
    """What came of a run. Times are `time.perf_counter()` seconds; both arrays have one entry per message.

    `acked_at_s` is NaN where no acknowledgement came before the server closed or the timeout passed. `in_order` says
    that the acknowledgements carried the identifiers in the order of sending.
    """

    sent: int
    acked: int
    seconds: float  # from the first byte sent to the last acknowledgement
    in_order: bool
    sent_at_s: NDArray[np.float64]
    acked_at_s: NDArray[np.float64]

    @property
    def messages_per_s(self) -> float:
        """Acknowledged messages per second."""
        return self.acked / self.seconds if self.seconds else 0.0

    def ack_latency_s(self, share: float) -> float:
        """Quantile of the time from handing a message to the kernel to reading its acknowledgement."""
        latency = self.acked_at_s[: self.acked] - self.sent_at_s[: self.acked]
        return float(np.quantile(latency, share)) if self.acked else float("nan")


def publish(
    host: str,
    port: int,
    topics: Sequence[bytes],
    payloads: Sequence[bytes],
    window: int = 1000,
    client_id: bytes = b"raw-publisher",
    timeout_s: float = 60.0,
    rate_per_s: float | None = None,
) -> PublishResult:
    """Publish `payloads[i]` on `topics[i]` and wait for every acknowledgement; at a steady rate when one is given.

    Returns what was acknowledged when the server closes the connection or nothing arrives for `timeout_s`.
    Raises `ConnectionError` when the server does not accept CONNECT, `ValueError` for a window outside 1..65535.
    """
    if not 1 <= window <= _PACKET_IDS:
        raise ValueError(f"a window is 1 to {_PACKET_IDS} messages, not {window}")
    stream, ends, acks = _encode(topics, payloads)
    with socket.create_connection((host, port), timeout=timeout_s) as peer:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _connect(peer, client_id)
        peer.setblocking(False)
        return _Run(peer, stream, ends, acks, window, timeout_s, rate_per_s).go()


def _encode(topics: Sequence[bytes], payloads: Sequence[bytes]) -> tuple[bytes, list[int], bytes]:
    """All packets in one buffer, the offset where each begins (and the end), and the acknowledgements to expect."""
    packets, acks, ends, at = [], [], [0], 0
    for index, (topic, payload) in enumerate(zip(topics, payloads, strict=True)):
        packet_id = (index % _PACKET_IDS + 1).to_bytes(2, "big")
        body = len(topic).to_bytes(2, "big") + topic + packet_id + payload
        packet = b"\x32" + _varint(len(body)) + body
        packets.append(packet)
        acks.append(b"\x40\x02" + packet_id)
        at += len(packet)
        ends.append(at)
    return b"".join(packets), ends, b"".join(acks)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*out, value))


def _connect(peer: socket.socket, client_id: bytes) -> None:
    """CONNECT with a clean session and no keep-alive."""
    body = b"\x00\x04MQTT\x04\x02\x00\x00" + len(client_id).to_bytes(2, "big") + client_id
    peer.sendall(b"\x10" + _varint(len(body)) + body)
    answer = b""
    while len(answer) < PUBACK_BYTES:
        more = peer.recv(PUBACK_BYTES - len(answer))
        if not more:
            raise ConnectionError("the server closed before CONNACK")
        answer += more
    if answer != b"\x20\x02\x00\x00":
        raise ConnectionError(f"the server refused CONNECT: {answer.hex(' ')}")


class _Run:
    """The state of one run: how far the stream is sent, and how far it is acknowledged."""

    def __init__(
        self,
        peer: socket.socket,
        stream: bytes,
        ends: list[int],
        acks: bytes,
        window: int,
        timeout_s: float,
        rate_per_s: float | None,
    ) -> None:
        self._peer, self._stream, self._ends, self._acks = peer, memoryview(stream), ends, acks
        self._window, self._timeout_s, self._rate_per_s = window, timeout_s, rate_per_s
        self._started_s = 0.0
        self._total = len(ends) - 1
        self._sent_bytes = self._ack_bytes = 0
        self._sent = 0  # messages handed over, the last one perhaps in part
        self._in_order = True
        self._sends: list[tuple[float, int]] = []  # when, messages handed over by then
        self._receipts: list[tuple[float, int]] = []  # when, messages acknowledged by then

    def go(self) -> PublishResult:
        """Send and count until everything is acknowledged."""
        poll = select.poll()
        poll.register(self._peer, select.POLLIN)
        waits_to_write = False
        self._started_s = started_s = heard_s = time.perf_counter()
        while self._ack_bytes < len(self._acks):
            blocked = self._send()
            if blocked != waits_to_write:
                poll.modify(self._peer, select.POLLIN | (select.POLLOUT if blocked else 0))
                waits_to_write = blocked
            events = poll.poll(self._timeout_s * 1000 if self._rate_per_s is None else _TICK_MS)
            now_s = time.perf_counter()
            heard_s = now_s if events else heard_s
            if now_s - heard_s > self._timeout_s or (events and events[0][1] & ~select.POLLOUT and not self._receive()):
                break
        return self._result(started_s)

    def _send(self) -> bool:
        """Send what the window allows; True when the socket would not take it all."""
        allowed = min(self._ack_bytes // PUBACK_BYTES + self._window, self._total)
        if self._rate_per_s is not None:
            allowed = min(allowed, int((time.perf_counter() - self._started_s) * self._rate_per_s) + 1)
        end = self._ends[allowed]
        while self._sent_bytes < end:
            stop = min(end, self._sent_bytes + SEND_BYTES)
            try:
                self._sent_bytes += self._peer.send(self._stream[self._sent_bytes : stop])
            except (BlockingIOError, ConnectionError):  # of the latter the next receive tells
                break
        while self._sent < allowed and self._ends[self._sent] < self._sent_bytes:
            self._sent += min(64, allowed - self._sent)
        while self._sent and self._ends[self._sent - 1] >= self._sent_bytes:
            self._sent -= 1
        if not self._sends or self._sends[-1][1] != self._sent:
            self._sends.append((time.perf_counter(), self._sent))
        return self._sent_bytes < end

    def _receive(self) -> bool:
        """Count what arrived; False when the server has closed."""
        try:
            data = self._peer.recv(SEND_BYTES)
        except BlockingIOError:
            return True
        except ConnectionError:
            return False
        end = self._ack_bytes + len(data)
        if self._acks[self._ack_bytes : end] != data:
            self._in_order = False
        self._ack_bytes = end
        self._receipts.append((time.perf_counter(), end // PUBACK_BYTES))
        return bool(data)

    def _result(self, started_s: float) -> PublishResult:
        acked = min(self._ack_bytes // PUBACK_BYTES, self._total)
        ended_s = self._receipts[-1][0] if self._receipts else started_s
        return PublishResult(
            sent=self._sent,
            acked=acked,
            seconds=ended_s - started_s,
            in_order=self._in_order,
            sent_at_s=_per_message(self._sends, self._total),
            acked_at_s=_per_message(self._receipts, self._total),
        )


def _per_message(steps: Sequence[tuple[float, int]], total: int) -> NDArray[np.float64]:
    """One time per message from the times at which the running count was known."""
    times = np.full(total, np.nan)
    for (_, before), (at_s, count) in pairwise([(0.0, 0), *steps]):
        times[before:count] = at_s
    return times
