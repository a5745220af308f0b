"""The ingest process: front door, journal, decoding, quality and the raw series store. Its only way out is files."""

from __future__ import annotations

import asyncio
import gc
import json
import resource
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress

import structlog

from forewarn.api import wiring_ingest
from forewarn.api.broker_sources import broker_sources
from forewarn.api.children import when_parent_ends
from forewarn.api.door_settings import front_door_settings
from forewarn.api.ingest_control import IngestControl
from forewarn.api.settings import Settings
from forewarn.api.sparkplug import Certificates
from forewarn.api.store_upkeep import StoreUpkeep
from forewarn.ingest.commit import MOST_GROUP_BYTES, GroupCommit
from forewarn.ingest.consumer import refusal_frame
from forewarn.ingest.control import ControlServer
from forewarn.ingest.desk import Command
from forewarn.ingest.door.front_door import FrontDoor
from forewarn.ingest.ticking import tick

SWITCH_INTERVAL_S = 0.0001
"""How long the decoding thread may hold up an acknowledgement. With Python's usual 5 ms a client that waits for each
PUBACK before it sends again saw 12 ms, with 0.5 ms 0.9 ms, at a busy consumer. At 60,000 messages a second 0.1 ms
brought the p99 from three times that of the fsync to twice, and took nothing from the highest rate."""

GC_THRESHOLDS = 20_000, 20, 20
"""Young garbage is looked for every 20,000 new objects instead of every 700: frames come by tens of thousands a second
and live for a while."""

log = structlog.get_logger(__name__)


def run_ingest(settings: Settings, as_child: bool) -> int:
    """Run until told to stop (SIGTERM, SIGINT, or the parent's end when `as_child`). Answers the exit status."""
    try:
        return asyncio.run(_run(settings, as_child))
    except OSError as error:
        log.critical("ingest_cannot_run", error=str(error))
        return 1


async def _run(settings: Settings, as_child: bool) -> int:
    loop = asyncio.get_running_loop()
    clock = settings.clock.clock()
    ended: asyncio.Future[int] = loop.create_future()

    def end(status: int) -> None:
        with suppress(RuntimeError):  # the loop is closed: the process is ending already
            loop.call_soon_threadsafe(lambda: None if ended.done() else ended.set_result(status))

    def now_us() -> int:
        return clock.plant_us(time.time_ns() // 1000)

    _listen_for_the_end(loop, end, as_child)
    _allow_many_sockets()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    parts = wiring_ingest.ingest_parts(settings)

    def tell(commands: Sequence[Command]) -> None:
        with suppress(RuntimeError):  # as above; a desk repeats what was not answered
            loop.call_soon_threadsafe(control.publish, commands)

    consumers = parts.consumers(lambda _: end(1), tell)

    def wake() -> None:
        for consumer in consumers:
            consumer.wake()

    most_bytes = min(MOST_GROUP_BYTES, settings.journal.limit_bytes // 4)
    commit = GroupCommit(parts.journal, lambda _: wake(), most_group_bytes=most_bytes)
    commit.watch(lambda pressed: None, lambda _: end(1))

    def refused(client: str, topic: str | None, reason: str, size: int) -> None:
        commit.submit_silently(refusal_frame(now_us(), client, topic or "", reason, size))

    door = FrontDoor(front_door_settings(settings.mqtt), commit, now_us, refused)
    sources = broker_sources(settings, parts.plant.signals, commit, now_us)
    control = IngestControl(settings, parts, consumers, commit, door, sources, now_us)
    asked = ControlServer(settings.control_socket)
    control.register(asked)
    upkeep = StoreUpkeep(parts.store, now_us)
    upkeep.register(asked)
    for consumer in consumers:
        consumer.start()
    wake()
    await asked.start()
    ticking = loop.create_task(tick(consumers, commit, now_us))
    keeping = loop.create_task(upkeep.run())
    port = await door.start()
    certificates = Certificates(settings.sparkplug.host_id)
    door.publish(*certificates.birth()[0])
    for source in sources.values():
        source.start()
    _spare_the_collector()
    print(json.dumps({"ready": True, "mqtt_port": port}), flush=True)
    status = await ended
    ticking.cancel()
    keeping.cancel()
    door.publish(*certificates.will())
    await asked.stop()
    await asyncio.gather(door.stop(), *(source.stop() for source in sources.values()))
    await commit.close()
    await asyncio.gather(*(loop.run_in_executor(None, consumer.stop) for consumer in consumers))
    parts.close()
    return status


def _allow_many_sockets() -> None:
    """Every device is a file descriptor, and Debian gives a program 1024 unless it asks for more."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # may not be allowed: then the devices beyond are refused
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _spare_the_collector() -> None:
    """What is there now stays: a full collection walked over all of it, and no PUBACK left for 160 ms."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


def _listen_for_the_end(loop: asyncio.AbstractEventLoop, end: wiring_ingest.End, as_child: bool) -> None:
    loop.add_signal_handler(signal.SIGTERM, end, 0)
    if as_child:
        # Ctrl-C reaches the whole group; the parent ends us in its own order
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        when_parent_ends(lambda: end(0))
    else:
        loop.add_signal_handler(signal.SIGINT, end, 0)
        print("forewarn ingest: stop with Ctrl-C", file=sys.stderr)
