"""A source at a real broker, with a group commit on a thread of its own and a log that a test can stop and fill."""

from __future__ import annotations

import asyncio
import ssl
import threading
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from forewarn.ingest.brokers.promise import PromiseBoard, read_promises
from forewarn.ingest.brokers.source import PahoSource
from forewarn.ingest.brokers.target import Pace, Target
from forewarn.ingest.commit import GroupCommit
from tests.ingest.running_door import ARRIVAL_US, FsyncLog

QUICK = Pace(answer_s=5.0, first_s=0.1, longest_s=0.4, slow_s=0.6, stable_s=0.2, quiet_s=0.4)
PATIENCE_S = 20.0
T = TypeVar("T")


def until(what: Callable[[], bool], reason: str = "") -> None:
    """Wait for something that has to come."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not what():
        if time.monotonic() > deadline_s:
            raise TimeoutError(reason or "it never came true")
        time.sleep(0.005)


def target_at(port: int, **changes: Any) -> Target:
    """The broker "hall" on this port."""
    told: dict[str, Any] = {"client_id": "hall-0", "filters": ["plant/#"], "pace": QUICK, "port": port, **changes}
    return Target("hall", "127.0.0.1", **told)


def published(
    port: int,
    payloads: Iterable[bytes],
    topic: str = "plant/p1/temp",
    qos: int = 1,
    tls: ssl.SSLContext | None = None,
    **options: Any,
) -> int:
    """Publish and wait until the broker has confirmed all of them; how many they were."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.max_inflight_messages_set(500)
    if tls is not None:
        client.tls_set_context(tls)
    client.connect("127.0.0.1", port)
    client.loop_start()
    sent = [client.publish(topic, payload, qos, **options) for payload in payloads]
    for info in sent:
        info.wait_for_publish(PATIENCE_S)
        assert info.is_published()
    client.disconnect()
    client.loop_stop()
    return len(sent)


def numbers(count: int, start: int = 0) -> list[bytes]:
    """Payloads that can be told apart."""
    return [b"%d" % i for i in range(start, start + count)]


class RunningSource:
    """What a test needs of a source that runs."""

    def __init__(self, folder: Path, target: Target, **options: Any) -> None:
        self.log = FsyncLog(folder / "journal")
        self.folder = folder
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.commit = GroupCommit(self.log, first_retry_s=0.005, longest_retry_s=0.02)
        board = PromiseBoard(folder / "brokers.json")
        self.source = PahoSource(
            target, self.commit, lambda: ARRIVAL_US, folder / "brokers" / "hall.json", board, **options
        )
        self.call(self._start())

    async def _start(self) -> None:
        self.source.start()

    def call(self, work: Coroutine[object, object, T]) -> T:
        """Run a coroutine on the loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    @property
    def row(self) -> dict[str, Any]:
        """What `brokers.json` says of it."""
        return read_promises(self.folder / "brokers.json").get("hall", {})

    def listening(self, connections: int = 1) -> None:
        """Wait until it listens."""
        until(lambda: self.source.connections >= connections, "it never listened")

    def received(self, count: int) -> list[bytes]:
        """Wait for so many durable frames."""
        until(lambda: len(self.log.frames) >= count, f"{len(self.log.frames)} of {count} came")
        return self.log.payloads()

    def close(self) -> None:
        """Stop in good order."""
        self.log.gate.set()
        self.log.is_full = False
        self.call(self.source.stop())
        self.call(self.commit.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_S)
        self._loop.close()
        self.log.close()


@contextmanager
def running_source(folder: Path, target: Target, **options: Any) -> Iterator[RunningSource]:
    folder.mkdir(exist_ok=True)
    running = RunningSource(folder, target, **options)
    try:
        yield running
    finally:
        running.close()
