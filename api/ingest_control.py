"""What the ingest process does when it is asked over its control socket: replay, reload, status, import, enter."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec
import structlog

from forewarn.api.settings import Settings
from forewarn.api.wiring_ingest import IngestParts
from forewarn.core.errors import Rejected, Retriable
from forewarn.core.work import Json
from forewarn.ingest.commit import GroupCommit
from forewarn.ingest.consumer import Consumer
from forewarn.ingest.control import ControlServer
from forewarn.ingest.delivery import Frame
from forewarn.ingest.desk import Command
from forewarn.ingest.door.front_door import FrontDoor
from forewarn.ingest.formats.columns import decode as decode_columns
from forewarn.ingest.imports import Entered, frames_by_hand, read_spool
from forewarn.ingest.replay import Wanted, choose
from forewarn.ingest.store.reader import PackedReader
from forewarn.pipeline.adopted import load_plant_with_adopted

PATIENCE_S = 20.0
"""How long a command waits for the journal or a consumer before it says that it cannot be done now."""

IMPORT_PAGE = 20
"""Frames of 10,000 readings that are made durable at once: devices wait no longer behind an import than for that."""

T = TypeVar("T")
log = structlog.get_logger(__name__)


class BrokerSource(Protocol):
    """What is asked of a source that listens to somebody else's broker."""

    connections: int
    messages: int

    def publish(self, commands: Sequence[Command]) -> None:
        """Publish, now or later. Callable from any thread."""
        ...


class IngestControl:
    """The handlers of the ingest process. Everything but `publish` belongs to the thread of the event loop."""

    def __init__(
        self,
        settings: Settings,
        parts: IngestParts,
        consumers: Sequence[Consumer],
        commit: GroupCommit,
        door: FrontDoor,
        sources: Mapping[str, BrokerSource],
        now_us: Callable[[], int],
    ) -> None:
        self._settings, self._parts, self._consumers = settings, parts, consumers
        self._commit, self._door, self._sources, self._now_us = commit, door, sources, now_us
        self._book = PackedReader(settings.series_dir)
        self._reloading = asyncio.Lock()

    def register(self, server: ControlServer) -> None:
        """Answer these commands."""
        server.register("replay", self.replay)
        server.register("reload", self.reload)
        server.register("status", self.status)
        server.register("import", self.import_)
        server.register("enter", self.enter)

    def publish(self, commands: Sequence[Command]) -> None:
        """Tell the senders, at our own door and at every broker. On the loop."""
        for command in commands:
            try:
                self._door.publish(command.topic, command.payload, command.retain)
            except Rejected as error:
                log.warning("not_published", topic=command.topic, reason=error.reason)
        for source in self._sources.values():
            source.publish(commands)

    async def replay(self, arguments: Json) -> object:
        """Read rows of the quarantine again: {rows | reason | topic, before_row?}. Answers when they are durable in the
        journal: how many were asked for, which rows lack a part of their message, which are gone, where to go on."""
        wanted = _converted(arguments, Wanted)
        chosen = await asyncio.get_running_loop().run_in_executor(None, choose, self._book, wanted, self._now_us())
        if chosen.frames:
            await self._durable(chosen.frames)
        return {
            "asked": len(chosen.frames),
            "payload_cut": chosen.cut,
            "missing": chosen.missing,
            "go_on_before": chosen.go_on_before,
        }

    async def import_(self, arguments: Json) -> object:
        """Put a spool of history into the journal: {spool}, the name of a file in the import folder, which is then
        deleted. Answers how many readings when all are durable."""
        name = arguments.get("spool")
        if not isinstance(name, str) or Path(name).name != name:
            raise Rejected("bad_request", "the name of a spool is expected")
        path = self._settings.import_dir / name
        readings, page = 0, list[Frame]()
        for frame in read_spool(path, self._now_us()):
            page.append(frame)
            readings += len(decode_columns(frame.payload))
            if len(page) >= IMPORT_PAGE:
                await self._durable(page)
                page = []
        if page:
            await self._durable(page)
        path.unlink()
        return {"readings": readings}

    async def enter(self, arguments: Json) -> object:
        """Put what a person entered into the journal: {by, readings: [{series, at_us, value}]}, values in canonical
        units. Answers how many when all are durable."""
        wanted = _converted(arguments, Entry)
        frames = frames_by_hand(wanted.readings, wanted.by, self._now_us())
        if frames:
            await self._durable(frames)
        return {"readings": len(frames)}

    async def _durable(self, frames: Sequence[Frame]) -> None:
        told: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        size = sum(len(frame.payload) for frame in frames)
        self._commit.submit(frames, _Told(told), b"", len(frames), size)
        await _within(told, "the journal is full")

    async def reload(self, arguments: Json) -> object:
        """Read the plant file and the adopted signals again, and go on with them between two batches. An error in
        either leaves the old plant in force."""
        async with self._reloading:
            loop, settings = asyncio.get_running_loop(), self._settings
            plant = await loop.run_in_executor(None, load_plant_with_adopted, settings.plant, settings.adopted)
            for swapped in self._parts.use(plant, self._consumers):
                await _within(asyncio.wrap_future(swapped), "a store is busy")
        log.info("plant_reloaded", signals=len(plant.signals))
        return {"assets": len(plant.assets), "signals": len(plant.signals)}

    async def status(self, arguments: Json) -> object:
        """Figures of this moment: door, commit, journal, consumers, brokers."""
        counters, journal = self._commit.counters, self._parts.journal
        progress = [consumer.progress for consumer in self._consumers]
        return {
            "door": self._door.counters.as_dict(),
            "commit": {
                "messages": counters.messages,
                "commits": counters.commits,
                "retries": counters.retries,
                "pending_bytes": self._commit.pending_bytes,
                "fsync_s": _quantiles(counters.fsync_latency.quantile_s),
                "acknowledge_s": _quantiles(counters.acknowledge_latency.quantile_s),
            },
            "journal": {"start": journal.start, "end": journal.end, "kept_bytes": journal.end - journal.start},
            "consumers": [{"position": one.position, "lag_bytes": one.lag_bytes} for one in progress],
            "brokers": {
                name: {"connections": source.connections, "messages": source.messages}
                for name, source in self._sources.items()
            },
        }


class _Told:
    """An `AckSink` that lets a coroutine go on."""

    def __init__(self, told: asyncio.Future[None]) -> None:
        self._told = told

    def acknowledge(self, acks: bytes, messages: int) -> None:
        """The frames are durable."""
        if not self._told.done():
            self._told.set_result(None)


async def _within(work: asyncio.Future[T], otherwise: str) -> T:
    try:
        return await asyncio.wait_for(work, PATIENCE_S)
    except TimeoutError as error:
        raise Retriable(f"{otherwise}: not done within {PATIENCE_S:g} s, ask again") from error


class Entry(msgspec.Struct, forbid_unknown_fields=True):
    """Arguments of the command `enter`."""

    by: str
    readings: list[Entered]


def _converted(arguments: Json, type: type[T]) -> T:
    try:
        return msgspec.convert(arguments, type=type)
    except msgspec.ValidationError as error:
        raise Rejected("bad_request", str(error)) from error


def _quantiles(quantile_s: Callable[[float], float]) -> Json:
    return {"p50": quantile_s(0.5), "p90": quantile_s(0.9), "p99": quantile_s(0.99)}
