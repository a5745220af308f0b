"""The book of models in the records: `core.ports.ModelBook` on SQLite or PostgreSQL.

Several programs may use it at once. Who changes a name locks its row in `model_name`; an index makes sure that one
version decides.
"""

from __future__ import annotations

import json

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from forewarn.core.errors import Conflict
from forewarn.core.model_cards import ModelCard, ModelEntry, Stage, card_bytes, card_from_json
from forewarn.core.ports import Actor
from forewarn.core.work import Json
from forewarn.maintenance.audit import AuditEntry, append, history_of
from forewarn.maintenance.outbox import post
from forewarn.maintenance.records import Records
from forewarn.maintenance.records_postgresql import in_turn
from forewarn.maintenance.records_tables import MODEL_NAME, MODEL_VERSION
from forewarn.maintenance.registry.desk import (
    give_number,
    subject,
    take_back,
    take_card,
    take_failure,
    take_note,
    take_stage,
)

_COLUMNS = MODEL_VERSION.c


class ModelBookSql:
    """Versions with their cards, audit rows and messages; every change is one transaction."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def reserve(self, name: str) -> int:
        """See `core.ports.ModelBook.reserve`. Raises Rejected "bad_name"."""
        try:
            return self._reserve_once(name)
        except Conflict:  # two programs wrote the first row of a name; now it is there to be locked
            return self._reserve_once(name)

    def _reserve_once(self, name: str) -> int:
        with self._records.write() as connection:
            return give_number(ModelRows(connection), name)

    def add(self, card: ModelCard, actor: Actor, at_us: int) -> ModelEntry:
        """See `core.ports.ModelBook.add`."""
        with self._records.write() as connection:
            return take_card(ModelRows(connection), card, actor, at_us)

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
        with self._records.write() as connection:
            key = (name, version)
            return take_stage(ModelRows(connection), key, stage, actor, revision, at_us, report_sha256, forced)

    def roll_back(self, name: str, actor: Actor, at_us: int, reason: str) -> ModelEntry:
        """See `core.ports.ModelBook.roll_back`."""
        with self._records.write() as connection:
            return take_back(ModelRows(connection), name, actor, at_us, reason)

    def fail(self, name: str, version: int, reason: str, actor: Actor, at_us: int) -> ModelEntry:
        """See `core.ports.ModelBook.fail`. The same failure again writes nothing."""
        with self._records.write() as connection:
            return take_failure(ModelRows(connection), (name, version), reason, actor, at_us)

    def note(self, name: str, action: str, told: Json, actor: Actor, at_us: int) -> None:
        """See `core.ports.ModelBook.note`."""
        with self._records.write() as connection:
            take_note(ModelRows(connection), name, action, told, actor, at_us)

    def entry(self, name: str, version: int) -> ModelEntry | None:
        """One version."""
        found = self._read(sa.select(MODEL_VERSION).where(_COLUMNS.name == name, _COLUMNS.version == version))
        return found[0] if found else None

    def entries(self, name: str | None = None, stage: Stage | None = None, limit: int = 500) -> list[ModelEntry]:
        """Versions, names ascending, newest version first; of one name, or of one stage."""
        query = sa.select(MODEL_VERSION).order_by(_COLUMNS.name, _COLUMNS.version.desc()).limit(limit)
        if name is not None:
            query = query.where(_COLUMNS.name == name)
        if stage is not None:
            query = query.where(_COLUMNS.stage == stage.value)
        return self._read(query)

    def champion(self, name: str) -> ModelEntry | None:
        """The version that decides, or None."""
        found = self.entries(name, Stage.CHAMPION, 1)
        return found[0] if found else None

    def history(self, name: str) -> list[Json]:
        """Audit rows of a name, oldest first: seq, at_us, actor, role, action, before, after, prev, hash."""
        with self._records.read() as connection:
            return history_of(connection, subject(name))

    def _read(self, query: sa.Select[tuple[object, ...]]) -> list[ModelEntry]:
        with self._records.read() as connection:
            return [_entry(row) for row in connection.execute(query)]


class ModelRows:
    """`registry.desk.ModelStore` over one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def lock(self, name: str) -> int:
        """See `ModelStore`."""
        in_turn(self._connection, "model", name)
        query = sa.select(MODEL_NAME.c.newest).where(MODEL_NAME.c.name == name).with_for_update()
        return int(self._connection.execute(query).scalar() or 0)

    def number(self, name: str, newest: int) -> None:
        """See `ModelStore`."""
        values = MODEL_NAME.update().where(MODEL_NAME.c.name == name).values(newest=newest)
        if self._connection.execute(values).rowcount == 0:
            self._try(MODEL_NAME.insert().values(name=name, newest=newest), f"{name} was named by another program")

    def all_of(self, name: str) -> list[ModelEntry]:
        """See `ModelStore`."""
        query = sa.select(MODEL_VERSION).where(_COLUMNS.name == name).order_by(_COLUMNS.version.desc())
        return [_entry(row) for row in self._connection.execute(query)]

    def keep(self, entry: ModelEntry) -> None:
        """See `ModelStore`."""
        values = {
            "stage": entry.stage.value,
            "revision": entry.revision,
            "changed_at_us": entry.changed_at_us,
            "report_sha256": entry.report_sha256,
            "promoted_at_us": entry.promoted_at_us,
            "failed": entry.failed,
        }
        if entry.revision > 1:  # checked once more where it is written: what was read must still be there
            known = (_COLUMNS.name == entry.name) & (_COLUMNS.version == entry.version)
            before = known & (_COLUMNS.revision == entry.revision - 1)
            if self._try(MODEL_VERSION.update().where(before).values(values), _BEATEN) != 1:
                raise Conflict(_BEATEN)
            return
        told = {"card": card_bytes(entry.card).decode(), "file_sha256": entry.card.file_sha256}
        row = {"name": entry.name, "version": entry.version, **told, **values}
        self._try(MODEL_VERSION.insert().values(row), f"{entry.name} {entry.version} is there already")

    def record(self, entry: AuditEntry) -> int:
        """See `ModelStore`."""
        return append(self._connection, entry)

    def post(self, kind: str, body: Json, at_us: int) -> None:
        """See `ModelStore`."""
        post(self._connection, kind, body, at_us)

    def _try(self, statement: sa.Update | sa.Insert, conflict: str) -> int:
        try:
            return self._connection.execute(statement).rowcount
        except IntegrityError as error:
            raise Conflict(conflict) from error


_BEATEN = "somebody else changed this model just now: read it again"


def _entry(row: sa.Row[tuple[object, ...]]) -> ModelEntry:
    return ModelEntry(
        card_from_json(json.loads(row.card)),
        Stage(row.stage),
        row.revision,
        row.changed_at_us,
        row.report_sha256,
        row.promoted_at_us,
        row.failed,
    )
