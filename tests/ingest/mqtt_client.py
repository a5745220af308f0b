"""A blocking MQTT client of a few lines, written without the product's codec, that can also misbehave; and paho's."""

from __future__ import annotations

import contextlib
import socket
from types import TracebackType
from typing import Self

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

VERSIONS = pytest.mark.parametrize("version", [4, 5], ids=["v3.1.1", "v5"])
HANG_GUARD_S = 60.0
NO_PROPERTIES = b"\x00"


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*out, value))


def packet(head: int, body: bytes = b"") -> bytes:
    return bytes((head,)) + varint(len(body)) + body


def field(value: str | bytes) -> bytes:
    raw = value.encode() if isinstance(value, str) else value
    return len(raw).to_bytes(2, "big") + raw


def connect_packet(
    version: int = 4,
    client_id: str = "press-1",
    clean: bool = True,
    keep_alive_s: int = 0,
    will: tuple[str, bytes, int, bool] | None = None,
    user: str | None = None,
    password: bytes | None = None,
    properties: bytes = b"",
    protocol: str = "MQTT",
) -> bytes:
    """CONNECT; `properties` is the encoded property list without its length (version 5 only)."""
    flags = clean << 1 | (user is not None) << 7 | (password is not None) << 6
    if will is not None:
        flags |= 0x04 | will[2] << 3 | will[3] << 5
    body = field(protocol) + bytes((version, flags)) + keep_alive_s.to_bytes(2, "big")
    if version == 5:
        body += varint(len(properties)) + properties
    body += field(client_id)
    if will is not None:
        body += (NO_PROPERTIES if version == 5 else b"") + field(will[0]) + field(will[1])
    body += b"".join(field(part) for part in (user, password) if part is not None)
    return packet(0x10, body)


def publish_packet(
    version: int, topic: str | bytes, payload: bytes = b"1", packet_id: int = 0, qos: int | None = None, head: int = 0
) -> bytes:
    qos = (1 if packet_id else 0) if qos is None else qos
    identifier = packet_id.to_bytes(2, "big") if qos else b""
    properties = NO_PROPERTIES if version == 5 else b""
    return packet(head or 0x30 | qos << 1, field(topic) + identifier + properties + payload)


def subscribe_packet(version: int, packet_id: int, *filters: tuple[str, int]) -> bytes:
    wanted = b"".join(field(topic) + bytes((options,)) for topic, options in filters)
    return packet(0x82, packet_id.to_bytes(2, "big") + (NO_PROPERTIES if version == 5 else b"") + wanted)


def unsubscribe_packet(version: int, packet_id: int, *topics: str) -> bytes:
    names = b"".join(field(topic) for topic in topics)
    return packet(0xA2, packet_id.to_bytes(2, "big") + (NO_PROPERTIES if version == 5 else b"") + names)


PING, PONG = packet(0xC0), packet(0xD0)
GOODBYE = packet(0xE0)


class RawClient:
    """One socket. `read` gives whole packets as (first byte, body), and None at the end of the stream."""

    def __init__(self, port: int, through: socket.socket | None = None) -> None:
        self.socket = through or socket.create_connection(("127.0.0.1", port), timeout=HANG_GUARD_S)
        self._buffer = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        with contextlib.suppress(ConnectionError):  # the server may have closed: the next read tells
            self.socket.sendall(data)

    def read(self) -> tuple[int, bytes] | None:
        while True:
            length, shift, at = 0, 0, 1
            while at < len(self._buffer):
                byte = self._buffer[at]
                length |= (byte & 0x7F) << shift
                shift, at = shift + 7, at + 1
                if byte < 0x80:
                    if len(self._buffer) >= at + length:
                        head, body = self._buffer[0], self._buffer[at : at + length]
                        self._buffer = self._buffer[at + length :]
                        return head, body
                    break
            if not self._more():
                return None

    def _more(self) -> bool:
        try:
            data = self.socket.recv(65_536)
        except ConnectionResetError:
            return False
        self._buffer += data
        return bool(data)

    def is_silent(self) -> bool:
        """Whether a ping is answered before anything else: nothing else was on its way."""
        self.send(PING)
        return self.read() == (0xD0, b"")

    def is_closed(self) -> bool:
        """Whether the server closed, after whatever it still said."""
        while self.read() is not None:
            pass
        return True

    def last_reason(self) -> int | None:
        """The reason code of the DISCONNECT with which the server ended an MQTT 5 connection, None without one."""
        reason = None
        while (answer := self.read()) is not None:
            if answer[0] == 0xE0:
                reason = answer[1][0]
        return reason

    def acked_ids(self, count: int) -> list[int]:
        """The packet identifiers of the next `count` packets, which must be positive acknowledgements."""
        identifiers: list[int] = []
        for _ in range(count):
            answer = self.read()
            assert answer is not None, f"closed after {len(identifiers)} acknowledgements"
            assert answer[0] == 0x40, answer
            assert len(answer[1]) == 2, answer
            identifiers.append(int.from_bytes(answer[1], "big"))
        return identifiers


def connected(port: int, version: int = 4, client_id: str = "press-1", **options: object) -> RawClient:
    """A client that the server let in."""
    client = RawClient(port)
    client.send(connect_packet(version, client_id, **options))  # type: ignore[arg-type]  # the options of connect_packet
    answer = client.read()
    assert answer is not None
    assert answer[0] == 0x20, answer
    assert answer[1][:2] == b"\0\0", answer
    return client


def paho_client(version: int, client_id: str = "press-1") -> paho.Client:
    return paho.Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=MQTTProtocolVersion(version))
