"""A publisher whose ledger survives it: every id is on the disk before it is sent, and again after its PUBACK.

`python ledger.py '{"file": ..., "port": ..., ...}'` (the fields of `Orders`) publishes rising ids round robin over the
topics as QoS 1 JSON readings until standard input closes or `count` were sent, then waits for what is outstanding and
prints a report. It is a process of its own and imports nothing of the system under test: what happens to that cannot
touch the ledger. The ledger has one line an event: `s ID` (about to be sent) and `a ID` (acknowledged) for good
messages, `x ID` and `y ID` for those that were made bad on purpose.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

GROUP_S = 0.01
"""Small groups all the time: a system that forgets the last milliseconds before a kill is caught only by a load that
never pauses."""
IN_FLIGHT = 500


@dataclass(frozen=True, slots=True)
class Orders:
    """What to publish. Id `i` is the value of a reading of time `start_ms + i * step_ms`: no two share an identity.

    `rate` in messages a second, `outstanding` how many may wait for their PUBACK, `pad_bytes` of spaces behind each
    payload, `numbered`: each topic counts its messages in `seq` under the `boot` of this publisher. Every
    `bad_every`-th message (0: none) is one of `poisons`, pairs of a topic and a payload in which `@` stands for the id.
    """

    file: str
    port: int
    topics: tuple[str, ...]
    start_ms: int
    host: str = "127.0.0.1"
    rate: float = 1000.0
    count: int = 0
    first_id: int = 0
    outstanding: int = 2000
    in_flight: int = IN_FLIGHT
    pad_bytes: int = 0
    step_ms: int = 1
    numbered: bool = False
    bad_every: int = 0
    poisons: tuple[tuple[str, str], ...] = ()
    client_id: str = "ledger"
    mqtt5: bool = False

    def is_bad(self, i: int) -> bool:
        """Is this id one that is sent broken?"""
        return self.bad_every > 0 and i % self.bad_every == self.bad_every - 1

    def message(self, i: int) -> tuple[str, bytes]:
        """Topic and payload of an id."""
        if self.is_bad(i):
            topic, payload = self.poisons[i // self.bad_every % len(self.poisons)]
            return topic, payload.replace("@", str(i)).encode("latin-1")
        place, turns = i % len(self.topics), i // len(self.topics)
        number = f',"seq":{turns},"boot":"{self.start_ms}-{self.first_id}"' if self.numbered else ""
        payload = f'{{"value":{i},"ts":{self.start_ms + i * self.step_ms}{number}}}' + " " * self.pad_bytes
        return self.topics[place], payload.encode()


@dataclass(frozen=True, slots=True)
class Ledger:
    """Ids that were attempted and acknowledged, good and bad ones."""

    attempted: set[int] = field(default_factory=set)
    acked: set[int] = field(default_factory=set)
    bad_attempted: set[int] = field(default_factory=set)
    bad_acked: set[int] = field(default_factory=set)

    def by_mark(self) -> dict[str, set[int]]:
        """The sets under the marks of their lines."""
        return {"s": self.attempted, "a": self.acked, "x": self.bad_attempted, "y": self.bad_acked}


def read_ledger(*files: Path) -> Ledger:
    """Everything that these ledgers say. A last line that is cut short counts for nothing."""
    ledger = Ledger()
    marks = ledger.by_mark()
    for file in files:
        for line in file.read_text().split("\n")[:-1] if file.exists() else ():
            mark, _, number = line.partition(" ")
            marks[mark].add(int(number))
    return ledger


class LedgerFile:
    """Append-only file of events, fsynced in groups."""

    def __init__(self, file: Path) -> None:
        self._file = file.open("ab", buffering=0)

    def write(self, events: Iterable[tuple[str, int]]) -> None:
        """Make these events durable before the call returns."""
        lines = b"".join(f"{mark} {i}\n".encode() for mark, i in events)
        if lines:
            self._file.write(lines)
            os.fsync(self._file.fileno())


class Publisher:
    """paho with a ledger around it; paho sends again after each reconnect what was not acknowledged."""

    def __init__(self, orders: Orders) -> None:
        self._orders, self._ledger = orders, LedgerFile(Path(orders.file))
        self._waiting, self._done = dict[int, int](), deque[int]()
        self._next, self.acked, self.longest_wait_s = orders.first_id, 0, 0.0
        self._client = self._new_client()

    def _new_client(self) -> mqtt.Client:
        orders = self._orders
        protocol = MQTTProtocolVersion.MQTTv5 if orders.mqtt5 else MQTTProtocolVersion.MQTTv311
        clean = None if orders.mqtt5 else False  # MQTT 5 says it at connect
        client = mqtt.Client(CallbackAPIVersion.VERSION2, orders.client_id, clean, protocol=protocol)
        client.max_inflight_messages_set(orders.in_flight)
        client.reconnect_delay_set(1, 1)
        # the id is looked up later: publish() may not have returned yet
        client.on_publish = lambda c, d, mid, *rest: self._done.append(mid)
        return client

    def run(self, stop: threading.Event) -> None:
        """Publish until told to stop or done; comes back when everything is acknowledged."""
        self._client.connect_async(self._orders.host, self._orders.port, keepalive=10)
        self._client.loop_start()
        last_ack = time.monotonic()
        while self._waiting or not (stop.is_set() or self._has_sent_all()):
            if not stop.is_set() and len(self._waiting) < self._orders.outstanding:
                self._send_group()
            time.sleep(GROUP_S)
            if self._note_acks() or not self._waiting:
                last_ack = time.monotonic()
            self.longest_wait_s = max(self.longest_wait_s, time.monotonic() - last_ack)
        self._client.disconnect()
        self._client.loop_stop()

    def _has_sent_all(self) -> bool:
        return bool(self._orders.count) and self._next >= self._orders.first_id + self._orders.count

    def _send_group(self) -> None:
        size = max(1, round(self._orders.rate * GROUP_S))
        if self._orders.count:
            size = min(size, self._orders.first_id + self._orders.count - self._next)
        ids = range(self._next, self._next + size)
        self._ledger.write(("x" if self._orders.is_bad(i) else "s", i) for i in ids)
        self._next += size
        for i in ids:
            topic, payload = self._orders.message(i)
            self._waiting[self._client.publish(topic, payload, qos=1).mid] = i

    def _note_acks(self) -> int:
        acked = [self._waiting.pop(self._done.popleft()) for _ in range(len(self._done))]
        self._ledger.write(("y" if self._orders.is_bad(i) else "a", i) for i in acked)
        self.acked += len(acked)
        return len(acked)

    def report(self) -> dict[str, float]:
        """What was sent and acknowledged, and the longest time (s) without any PUBACK although some were due."""
        sent = self._next - self._orders.first_id
        return {"sent": sent, "acked": self.acked, "longest_wait_s": round(self.longest_wait_s, 3)}


def main() -> None:
    """See the module."""
    given = json.loads(sys.argv[1])
    given["topics"], given["poisons"] = tuple(given["topics"]), tuple(map(tuple, given.get("poisons", ())))
    publisher, stop = Publisher(Orders(**given)), threading.Event()

    def watch() -> None:
        while os.read(0, 4096):
            pass
        stop.set()

    threading.Thread(target=watch, daemon=True).start()
    publisher.run(stop)
    print(json.dumps(publisher.report()), flush=True)


if __name__ == "__main__":
    main()
