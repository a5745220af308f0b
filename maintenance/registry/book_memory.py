"""The book of models without a database: for tests, notebooks and what-if runs. Keeps the contract of the SQL one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from forewarn.core.errors import Conflict
from forewarn.core.model_cards import ModelCard, ModelEntry, Stage
from forewarn.core.ports import Actor
from forewarn.core.work import Json
from forewarn.maintenance.audit import START, AuditEntry, AuditHead, as_history, chained
from forewarn.maintenance.registry.desk import (
    give_number,
    subject,
    take_back,
    take_card,
    take_failure,
    take_note,
    take_stage,
)


class MemoryModelBook:
    """`core.ports.ModelBook` in a dictionary; one step at a time. `messages` is its outbox: (kind, body)."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._kept: dict[tuple[str, int], ModelEntry] = {}
        self._newest: dict[str, int] = {}
        self._audit: list[dict[str, Any]] = []
        self.messages: list[tuple[str, Json]] = []

    def reserve(self, name: str) -> int:
        """See `core.ports.ModelBook.reserve`."""
        with self._transaction():
            return give_number(self, name)

    def add(self, card: ModelCard, actor: Actor, at_us: int) -> ModelEntry:
        """See `core.ports.ModelBook.add`."""
        with self._transaction():
            return take_card(self, card, actor, at_us)

    def move(
        self,
        name: str,
        version: int,
        stage: Stage,
        actor: Actor,
        revision: int,
        at_us: int,
        *,
        report_sha256: str = "",
        forced: str = "",
    ) -> ModelEntry:
        """See `core.ports.ModelBook.move`."""
        with self._transaction():
            return take_stage(self, (name, version), stage, actor, revision, at_us, report_sha256, forced)

    def roll_back(self, name: str, actor: Actor, at_us: int, reason: str) -> ModelEntry:
        """See `core.ports.ModelBook.roll_back`."""
        with self._transaction():
            return take_back(self, name, actor, at_us, reason)

    def fail(self, name: str, version: int, reason: str, actor: Actor, at_us: int) -> ModelEntry:
        """See `core.ports.ModelBook.fail`."""
        with self._transaction():
            return take_failure(self, (name, version), reason, actor, at_us)

    def note(self, name: str, action: str, told: Json, actor: Actor, at_us: int) -> None:
        """See `core.ports.ModelBook.note`."""
        with self._transaction():
            take_note(self, name, action, told, actor, at_us)

    def entry(self, name: str, version: int) -> ModelEntry | None:
        """See `core.ports.ModelBook.entry`."""
        return self._kept.get((name, version))

    def entries(self, name: str | None = None, stage: Stage | None = None, limit: int = 500) -> list[ModelEntry]:
        """See `core.ports.ModelBook.entries`."""
        wanted = [e for e in list(self._kept.values()) if name in (None, e.name) and stage in (None, e.stage)]
        return sorted(wanted, key=lambda entry: (entry.name, -entry.version))[:limit]

    def champion(self, name: str) -> ModelEntry | None:
        """See `core.ports.ModelBook.champion`."""
        return next(iter(self.entries(name, Stage.CHAMPION)), None)

    def history(self, name: str) -> list[Json]:
        """See `core.ports.ModelBook.history`."""
        return [as_history(row) for row in list(self._audit) if row["subject"] == subject(name)]

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._turn:
            before = (dict(self._kept), dict(self._newest), list(self._audit), list(self.messages))
            try:
                yield
            except BaseException:
                self._kept, self._newest, self._audit, self.messages = before
                raise

    # What `registry.desk.ModelStore` asks for, within a transaction.

    def lock(self, name: str) -> int:
        """See `ModelStore`."""
        return self._newest.get(name, 0)

    def number(self, name: str, newest: int) -> None:
        """See `ModelStore`."""
        self._newest[name] = newest

    def all_of(self, name: str) -> list[ModelEntry]:
        """See `ModelStore`."""
        return self.entries(name, limit=len(self._kept))

    def keep(self, entry: ModelEntry) -> None:
        """See `ModelStore`."""
        rival = next((e for e in self.all_of(entry.name) if e.stage is Stage.CHAMPION), None)
        if entry.stage is Stage.CHAMPION and rival is not None and rival.version != entry.version:
            raise Conflict(f"{rival.name} {rival.version} is champion already")
        self._kept[entry.name, entry.version] = entry

    def record(self, entry: AuditEntry) -> int:
        """See `ModelStore`."""
        head = AuditHead(len(self._audit), self._audit[-1]["hash"] if self._audit else START)
        self._audit.append(chained(entry, head))
        return len(self._audit)

    def post(self, kind: str, body: Json, at_us: int) -> None:
        """See `ModelStore`."""
        self.messages.append((kind, {**body, "at_us": at_us}))
