"""A TCP proxy between publisher and front door that misbehaves on order; it knows where MQTT packets begin and end.

What the client sends is cut into packets, and PUBLISH packets with QoS 1 may be sent twice, late, or in another order.
Either direction may be swallowed, and connections may be cut again and again. Everything published is kept as a
capture that can be played later.
"""

from __future__ import annotations

import asyncio
import random
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol

CONNECT, PUBLISH_QOS1 = 0x10, 0x32
CHUNK = 65_536
HELD = 40


@dataclass(slots=True)
class Mischief:
    """What is done at this moment, as shares of the messages; may be changed while it works."""

    duplicate: float = 0.0
    reorder: float = 0.0
    delay_s: float = 0.0
    swallow_up: bool = False  # towards the front door: it hears nothing
    swallow_down: bool = False  # towards the publisher: acknowledgements vanish
    cut_every_s: float = 0.0


def packets_of(buffer: bytearray) -> Iterator[bytes]:
    """Take whole packets off the front of a buffer."""
    while (end := _end_of_packet(buffer)) is not None:
        yield bytes(buffer[:end])
        del buffer[:end]


def _end_of_packet(buffer: bytearray) -> int | None:
    length, shift = 0, 0
    for place in range(1, min(5, len(buffer))):
        length |= (buffer[place] & 0x7F) << shift
        shift += 7
        if not buffer[place] & 0x80:
            end = place + 1 + length
            return end if len(buffer) >= end else None
    return None


def is_message(packet: bytes) -> bool:
    """PUBLISH with QoS 1, repeated or not."""
    return packet[0] & 0xF6 == PUBLISH_QOS1


class Tap(Protocol):
    """Looks at the whole packets of one connection, in both directions."""

    def up(self, packet: bytes) -> None:
        """From the client."""
        ...

    def down(self, packet: bytes) -> None:
        """From the server."""
        ...


class NoTap:
    """Looks away."""

    def up(self, packet: bytes) -> None:
        """Nothing to note."""

    def down(self, packet: bytes) -> None:
        """Nothing to note."""


@dataclass(slots=True)
class Proxy:
    """Listens on `port` of `host` for as long as its context; runs in a thread with a loop of its own."""

    upstream_port: int
    seed: int
    host: str = "127.0.0.1"
    mischief: Mischief = field(default_factory=Mischief)
    capture: list[bytes] = field(default_factory=list)
    port: int = 0
    connections: int = 0
    new_tap: Callable[[], Tap] = NoTap
    _random: random.Random = field(init=False)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _thread: threading.Thread | None = None
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def __enter__(self) -> Proxy:
        listening = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(listening,), daemon=True)
        self._thread.start()
        listening.wait()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        assert self._thread is not None
        self._thread.join()

    def cut(self) -> None:
        """Reset every connection now."""
        self._loop.call_soon_threadsafe(self._cut)

    def _cut(self) -> None:
        for writer in tuple(self._open):
            writer.transport.abort()

    def _serve(self, listening: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._relay, self.host, self.port))
        self.port = server.sockets[0].getsockname()[1]
        flapping = self._loop.create_task(self._flap())
        listening.set()
        self._loop.run_forever()
        flapping.cancel()
        server.close()
        self._cut()
        pending = asyncio.all_tasks(self._loop)
        for task in pending:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
        self._loop.close()

    async def _flap(self) -> None:
        while True:
            await asyncio.sleep(self.mischief.cut_every_s or 0.1)
            if self.mischief.cut_every_s:
                self._cut()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.upstream_port)
        except OSError:
            writer.transport.abort()
            return
        self._open |= {writer, up_writer}
        tap = self.new_tap()
        both = [
            asyncio.ensure_future(self._upwards(reader, up_writer, tap)),
            asyncio.ensure_future(self._downwards(up_reader, writer, tap)),
        ]
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        for task in both:
            task.cancel()
        for end in (writer, up_writer):
            end.transport.abort()
            self._open.discard(end)

    async def _upwards(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tap: Tap) -> None:
        buffer, held = bytearray(), list[bytes]()
        with suppress(ConnectionError):
            while data := await reader.read(CHUNK):
                buffer += data
                out = [sent for packet in packets_of(buffer) for sent in self._disturbed(packet, held, tap)]
                if self.mischief.delay_s:
                    await asyncio.sleep(self._random.uniform(0, self.mischief.delay_s))
                if not self.mischief.swallow_up:
                    writer.write(b"".join(out))
                    await writer.drain()

    def _disturbed(self, packet: bytes, held: list[bytes], tap: Tap) -> list[bytes]:
        """What goes on in place of a packet; a message that is held back follows some packets later."""
        tap.up(packet)
        if not is_message(packet):
            return [packet]
        self.capture.append(packet)
        if self._random.random() < self.mischief.reorder:
            held.append(packet)
            if len(held) <= HELD:
                return []
            self._random.shuffle(held)
            out, held[:] = held[:], []
            return out
        twice = self._random.random() < self.mischief.duplicate
        out = [packet, packet] if twice else [packet]
        if held and not self.mischief.reorder:
            out, held[:] = held + out, []
        return out

    async def _downwards(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tap: Tap) -> None:
        buffer = bytearray()
        with suppress(ConnectionError):
            while data := await reader.read(CHUNK):
                buffer += data
                for packet in packets_of(buffer):
                    tap.down(packet)
                if not self.mischief.swallow_down:
                    writer.write(data)
                    await writer.drain()


def play(capture: list[bytes], port: int, timeout_s: float = 60.0) -> int:
    """Send captured messages once more, as a client of another name; how many acknowledgements came."""
    connect = b"\x00\x04MQTT\x04\x02\x00\x3c" + b"\x00\x08replayer"
    with socket.create_connection(("127.0.0.1", port), timeout_s) as wire:
        wire.sendall(bytes([CONNECT, len(connect)]) + connect)
        acks = -4  # CONNACK has four bytes too
        for start in range(0, len(capture), 200):
            some = capture[start : start + 200]
            wire.sendall(b"".join(some))
            while acks < 4 * (start + len(some)):
                data = wire.recv(CHUNK)
                if not data:
                    return acks // 4
                acks += len(data)
    return acks // 4
