"""Upkeep of the raw series store in the ingest process, its only writer: retention once an hour, and what is asked of
the store over the control socket (`retention`, `backup`)."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable
from pathlib import Path

import structlog

from forewarn.core.errors import Rejected, Retriable
from forewarn.core.work import Json
from forewarn.ingest.control import ControlServer
from forewarn.ingest.store.packed import PackedStore

EVERY_S = 3600.0
log = structlog.get_logger(__name__)


class StoreUpkeep:
    """Runs on the event loop; the work itself is done in threads, between the writes of the consumer."""

    def __init__(self, store: PackedStore, now_us: Callable[[], int], every_s: float = EVERY_S) -> None:
        self._store, self._now_us, self._every_s = store, now_us, every_s
        self._one_at_a_time = asyncio.Lock()

    def register(self, server: ControlServer) -> None:
        """Answer these commands."""
        server.register("retention", self.retention)
        server.register("backup", self.backup)

    async def run(self) -> None:
        """Apply retention every hour until cancelled. What cannot be done now (disk full) is tried an hour later."""
        while True:
            await asyncio.sleep(self._every_s)
            try:
                await self.retention({})
            except Retriable as error:
                log.warning("retention_waits", error=str(error))

    async def retention(self, arguments: Json) -> object:
        """Drop what is older than the settings say: {}. Answers what went."""
        async with self._one_at_a_time:
            report = await asyncio.to_thread(self._store.apply_retention, self._now_us())
        if report.days or report.waveforms or report.rollup_files:
            log.info("retention_applied", **dataclasses.asdict(report))
        return dataclasses.asdict(report)

    async def backup(self, arguments: Json) -> object:
        """Copy the store into an empty folder: {folder}, an absolute path. Answers position, files and bytes."""
        folder = arguments.get("folder")
        if not isinstance(folder, str) or not Path(folder).is_absolute():
            raise Rejected("bad_request", "an absolute path is expected as folder")
        try:
            backup = await asyncio.to_thread(self._store.backup, Path(folder))
        except OSError as error:
            raise Rejected("backup_failed", str(error)) from error
        log.info("backup_taken", folder=folder, **dataclasses.asdict(backup))
        return dataclasses.asdict(backup)
