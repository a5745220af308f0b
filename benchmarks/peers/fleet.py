"""A fleet of devices, each on an MQTT connection of its own, in one process: cheap enough to leave the cores to others.

Every device publishes one message per channel and round, QoS 1, all channels in one write; rounds follow one another
at a rate that may change. The messages of round r are the same for all but topic and value, so the fleet needs no
ledger on disk: a device whose first n messages were acknowledged, in order, got them for its rounds 0 to n / channels.
A device that must not send (its window is full, its peer does not read) remembers how many rounds it owes, as a gateway
with a buffer would.
"""

from __future__ import annotations

import asyncio
import functools
import resource
import time
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forewarn.ingest.commit import LatencyHistogram

SLOTS = 20  # groups of devices that publish at different moments of a round
PUBACK_BYTES = 4
_PACKET_IDS = 65_535
_CONNECT_TOGETHER = 100
_CLEAN = b"\x00\x04MQTT\x04\x02\x00\x00"  # MQTT 3.1.1, clean session, no keep-alive


@dataclass(frozen=True)
class Fleet:
    """Who publishes: `window` is how many messages of one device may be unacknowledged."""

    port: int
    devices: int = 2000
    channels: int = 8
    window: int = 200


@dataclass(frozen=True)
class Harvest:
    """What came of it: `rounds_ms` the time of every round, `acked` messages of each device, the rest in seconds."""

    rounds_ms: list[int]
    acked: NDArray[np.int64]
    cpu_s: float
    in_order: bool
    lost_connections: int


def topic_of(device: int, channel: int) -> str:
    """Where a channel publishes."""
    return f"soak/d{device:05d}/c{channel}"


def value_of(device: int, channel: int, rounds: NDArray[np.intp]) -> NDArray[np.float64]:
    """What it says in some rounds: four digits and a quarter, as from a sensor with two decimals."""
    return (1000.25 + (device * 31 + channel * 7 + rounds * 13) % 9000).astype(np.float64)


class RunningFleet:
    """The fleet in a process of its own. `tell` sets the pace, `figures` asks how far it is, `harvest` ends it."""

    def __init__(self, fleet: Fleet) -> None:
        self._pipe, theirs = get_context("spawn").Pipe()
        self._process = get_context("spawn").Process(target=_main, args=(fleet, theirs), daemon=True)
        self._process.start()
        if (said := self._pipe.recv()) != "connected":
            raise ConnectionError(said)

    def tell(self, rounds_per_s: float) -> None:
        """From now on so many rounds a second; 0: no more, only what is owed."""
        self._ask("pace", rounds_per_s)

    def figures(self) -> dict[str, Any]:
        """Messages that were `due`, `acked`, and the p99 of the PUBACK latency (s) since it was asked last."""
        found: dict[str, Any] = self._ask("figures", 0.0)
        return found

    def harvest(self) -> Harvest:
        """End it and take the books."""
        found: Harvest = self._ask("harvest", 0.0)
        self._process.join(10)
        return found

    def _ask(self, what: str, number: float) -> Any:
        self._pipe.send((what, number))
        return self._pipe.recv()


def _main(fleet: Fleet, pipe: Connection) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    asyncio.run(_Run(fleet, pipe).go())


class _Device(asyncio.Protocol):
    """One connection: what is due, sent and acknowledged, in messages."""

    def __init__(self, run: _Run, number: int) -> None:
        self._run, self._number = run, number
        self.connected: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.due = self.sent = self.acked = 0  # rounds, rounds, messages
        self._rest = b""
        self._sent_at_s: list[float] = []
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        name = f"d{self._number:05d}".encode()
        body = _CLEAN + len(name).to_bytes(2, "big") + name
        transport.write(b"\x10" + bytes((len(body),)) + body)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self._run.lost_connections += not self._run.ending
        if not self.connected.done():
            self.connected.set_exception(ConnectionError("the server closed before CONNACK"))

    def data_received(self, data: bytes) -> None:
        data = self._rest + data
        if not self.connected.done():
            if len(data) >= PUBACK_BYTES:
                self.connected.set_result(None)
            data = data[PUBACK_BYTES:]
        whole = len(data) // PUBACK_BYTES
        self._rest = data[whole * PUBACK_BYTES :]
        if whole:
            self._count(whole, int.from_bytes(data[whole * PUBACK_BYTES - 2 : whole * PUBACK_BYTES], "big"))

    def _count(self, acks: int, last_id: int) -> None:
        channels = self._run.fleet.channels
        before, self.acked = self.acked // channels, self.acked + acks
        if last_id != (self.acked - 1) % _PACKET_IDS + 1:
            self._run.in_order = False
        whole = self.acked // channels - before
        if whole:
            now_s = time.perf_counter()
            for sent_s in self._sent_at_s[:whole]:
                self._run.latency.add(now_s - sent_s)
            del self._sent_at_s[:whole]
        if self.sent < self.due:
            self.pump()

    def pump(self) -> None:
        """Send the rounds that are due, as far as the window allows."""
        channels, window = self._run.fleet.channels, self._run.fleet.window
        while self._transport and self.sent < self.due and (self.sent + 1) * channels - self.acked <= window:
            self._transport.write(self._run.packets(self._number, self.sent))
            self._sent_at_s.append(time.perf_counter())
            self.sent += 1


class _Run:
    """All devices, and the rounds."""

    def __init__(self, fleet: Fleet, pipe: Connection) -> None:
        self.fleet, self._pipe = fleet, pipe
        self.rounds_ms: list[int] = []
        self.latency = LatencyHistogram()
        self.in_order, self.ending, self.lost_connections = True, False, 0
        self._per_s = 0.0
        self._devices: list[_Device] = []
        self._of_slot = functools.lru_cache(maxsize=1024)(self._encoded)

    async def go(self) -> None:
        """Connect, then publish until the harvest."""
        loop = asyncio.get_running_loop()
        try:
            for first in range(0, self.fleet.devices, _CONNECT_TOGETHER):
                numbers = range(first, min(first + _CONNECT_TOGETHER, self.fleet.devices))
                await asyncio.gather(*(self._connect(number) for number in numbers))
        except OSError as error:
            self._pipe.send(f"{len(self._devices)} devices connected, then: {error}")
            return
        self._pipe.send("connected")
        ended: asyncio.Future[None] = loop.create_future()
        loop.add_reader(self._pipe.fileno(), self._answer, ended)
        publishing = loop.create_task(self._publish())
        await ended
        publishing.cancel()

    async def _connect(self, number: int) -> None:
        make = functools.partial(_Device, self, number)
        _, device = await asyncio.get_running_loop().create_connection(make, "127.0.0.1", self.fleet.port)
        self._devices.append(device)
        await asyncio.wait_for(device.connected, 30)

    def _answer(self, ended: asyncio.Future[None]) -> None:
        what, number = self._pipe.recv()
        if what == "pace":
            self._per_s = number
            self._pipe.send(None)
        elif what == "figures":
            due = sum(device.due for device in self._devices) * self.fleet.channels
            acked = sum(device.acked for device in self._devices)
            self._pipe.send({"due": due, "acked": acked, "puback_p99_s": self.latency.quantile_s(0.99)})
            self.latency = LatencyHistogram()
        else:
            self.ending = True
            used, order = resource.getrusage(resource.RUSAGE_SELF), sorted(self._devices, key=lambda d: d._number)
            books, cpu_s = np.array([device.acked for device in order]), used.ru_utime + used.ru_stime
            self._pipe.send(Harvest(self.rounds_ms, books, cpu_s, self.in_order, self.lost_connections))
            ended.set_result(None)

    async def _publish(self) -> None:
        """Round after round; a round that comes late is not made up for, it is what it is."""
        slots = [[d for d in self._devices if d._number % SLOTS == slot] for slot in range(SLOTS)]
        at_s = time.perf_counter()
        while True:
            if not self._per_s:
                await asyncio.sleep(0.05)
                at_s = time.perf_counter()
                continue
            step_s = 1 / self._per_s / SLOTS
            before_ms = self.rounds_ms[-1] if self.rounds_ms else 0
            self.rounds_ms.append(max(time.time_ns() // 1_000_000, before_ms + 1))
            for devices in slots:
                for device in devices:
                    device.due += 1
                    if device.sent == device.due - 1:
                        device.pump()
                at_s += step_s
                await asyncio.sleep(max(0.0, at_s - time.perf_counter()))

    def packets(self, device: int, round_: int) -> bytes:
        """What a device sends in a round."""
        row: NDArray[np.uint8] = self._of_slot(device % SLOTS, round_)[device // SLOTS]
        return row.tobytes()

    def _encoded(self, slot: int, round_: int) -> NDArray[np.uint8]:
        """uint8[devices of the slot, bytes]: digits are put into a template, all devices at a time."""
        fleet, numbers = self.fleet, np.arange(slot, self.fleet.devices, SLOTS)
        topic, payload = topic_of(0, 0).encode(), f'{{"value":1000.25,"ts":{self.rounds_ms[round_]}}}'.encode()
        body = len(topic).to_bytes(2, "big") + topic + b"\0\0" + payload
        packet = np.frombuffer(b"\x32" + bytes((len(body),)) + body, np.uint8)
        made = np.tile(packet, (len(numbers), fleet.channels, 1))
        device_at, value_at = 4 + topic.index(b"d0") + 1, 4 + len(topic) + 2 + payload.index(b"1000")
        id_at, channel_at = 4 + len(topic), 4 + len(topic) - 1
        for channel in range(fleet.channels):
            made[:, channel, channel_at] = ord("0") + channel
            made[:, channel, id_at : id_at + 2] = divmod((round_ * fleet.channels + channel) % _PACKET_IDS + 1, 256)
            _put_digits(made[:, channel, device_at : device_at + 5], numbers)
            values = 1000 + (numbers * 31 + channel * 7 + round_ * 13) % 9000
            _put_digits(made[:, channel, value_at : value_at + 4], values)
        return made.reshape(len(numbers), -1)


def _put_digits(where: NDArray[np.uint8], numbers: NDArray[np.int64]) -> None:
    """Decimal digits of each number, right-aligned, zeros in front."""
    for place in range(where.shape[1] - 1, -1, -1):
        where[:, place] = ord("0") + numbers % 10
        numbers = numbers // 10
