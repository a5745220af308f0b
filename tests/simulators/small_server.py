"""An MQTT 3.1.1 server of a few lines that keeps what it was sent, and can withhold PUBACKs and cut connections."""

from __future__ import annotations

import socket
import threading
from dataclasses import dataclass, field
from types import TracebackType
from typing import BinaryIO

CONNECT, PUBLISH, PINGREQ, DISCONNECT = 1, 3, 12, 14


@dataclass
class SmallServer:
    """Listens on a free port of 127.0.0.1 from entering the context on.

    `acks_per_connection`: PUBACKs given before it goes silent (None: all); `cut_after`: messages read on a connection
    before it is cut (None: never); `refuse`: return code of CONNACK. Only the first `troubled` connections misbehave.
    """

    acks_per_connection: int | None = None
    cut_after: int | None = None
    troubled: int = 1
    refuse: int = 0
    received: list[tuple[str, bytes]] = field(default_factory=list)
    acked: list[tuple[str, bytes]] = field(default_factory=list)
    connections: int = 0
    clean_goodbyes: int = 0
    _withheld: list[tuple[tuple[str, bytes], bytes]] = field(default_factory=list)
    _connection: socket.socket | None = None

    def __enter__(self) -> SmallServer:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        if self._connection is not None and self._connection.fileno() >= 0:
            self._connection.shutdown(socket.SHUT_RDWR)
        self._thread.join()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:  # closed: the test is over
                return
            self.connections += 1
            self._connection = connection
            self._withheld.clear()
            with connection, connection.makefile("rb") as stream:
                self._serve(connection, stream, self.connections <= self.troubled)

    def _serve(self, connection: socket.socket, stream: BinaryIO, troubled: bool) -> None:
        seen = given = 0
        while packet := self._packet(stream):
            head, body = packet
            if head >> 4 == CONNECT:
                connection.sendall(bytes((0x20, 2, 0, self.refuse)))
            elif head >> 4 == PINGREQ:
                connection.sendall(b"\xd0\x00")
            elif head >> 4 == DISCONNECT:
                self.clean_goodbyes += 1
            elif head >> 4 == PUBLISH:
                seen += 1
                topic_end = 2 + int.from_bytes(body[:2], "big")
                message = (body[2:topic_end].decode(), body[topic_end + 2 :])
                self.received.append(message)
                if not troubled or self.acks_per_connection is None or given < self.acks_per_connection:
                    given += 1
                    self._acknowledge(connection, message, body[topic_end : topic_end + 2])
                else:
                    self._withheld.append((message, body[topic_end : topic_end + 2]))
                if troubled and self.cut_after is not None and seen >= self.cut_after:
                    return

    def _acknowledge(self, connection: socket.socket, message: tuple[str, bytes], packet_id: bytes) -> None:
        self.acked.append(message)
        connection.sendall(b"\x40\x02" + packet_id)

    def release(self) -> None:
        """Give the PUBACKs that were withheld on the present connection, and all further ones."""
        self.acks_per_connection = None
        withheld, self._withheld = self._withheld, []
        for message, packet_id in withheld:
            assert self._connection is not None
            self._acknowledge(self._connection, message, packet_id)

    @staticmethod
    def _packet(stream: BinaryIO) -> tuple[int, bytes] | None:
        try:
            head = stream.read(1)
            length = shift = 0
            while head:
                byte = stream.read(1)
                if not byte:
                    return None
                length |= (byte[0] & 0x7F) << shift
                shift += 7
                if not byte[0] & 0x80:
                    return head[0], stream.read(length)
        except OSError:  # the other side is gone
            return None
        return None
