"""Retraining tasks in the records: a model that keeps drifting is one task, opened once and closed once."""

from __future__ import annotations

import json
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from forewarn.core.retraining import RetrainingTask
from forewarn.maintenance.evidence import canonical
from forewarn.maintenance.records import Records
from forewarn.maintenance.records_tables import RETRAINING_TASK

_COLUMNS = RETRAINING_TASK.c


class RetrainingBook:
    """Tasks of all models. Several programs may use it at once."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def want(self, model: str, asset_class: str, reasons: Sequence[str], at_us: int) -> RetrainingTask:
        """The open task of a model, made where there is none, its reasons as of now. Asked for again it stays one."""
        values = {"seen_at_us": at_us, "reasons": canonical(list(reasons))}
        with self._records.write() as connection:
            if not connection.execute(
                RETRAINING_TASK.update().where(_is_open(model, asset_class)).values(values)
            ).rowcount:
                new = {**values, "model": model, "asset_class": asset_class, "opened_at_us": at_us, "closed_by": ""}
                try:
                    with connection.begin_nested():
                        connection.execute(RETRAINING_TASK.insert(), new)
                except IntegrityError:
                    pass  # another program was faster: there is one, which is what was wanted
            row = connection.execute(sa.select(RETRAINING_TASK).where(_is_open(model, asset_class))).one()
        return _task(row)

    def close(self, model: str, asset_class: str, by: str, at_us: int) -> bool:
        """Close the open task of a model, if there is one; was there? `by`: the version that was trained, or why."""
        ends = sa.case((_COLUMNS.opened_at_us > at_us, _COLUMNS.opened_at_us), else_=at_us)
        with self._records.write() as connection:
            change = RETRAINING_TASK.update().where(_is_open(model, asset_class))
            return connection.execute(change.values(closed_at_us=ends, closed_by=by)).rowcount > 0

    def tasks(self, open_only: bool = True, limit: int = 200) -> list[RetrainingTask]:
        """Tasks, newest first."""
        query = sa.select(RETRAINING_TASK).order_by(_COLUMNS.id.desc()).limit(limit)
        if open_only:
            query = query.where(_COLUMNS.closed_at_us.is_(None))
        with self._records.read() as connection:
            return [_task(row) for row in connection.execute(query)]


def _is_open(model: str, asset_class: str) -> sa.ColumnElement[bool]:
    return (_COLUMNS.model == model) & (_COLUMNS.asset_class == asset_class) & _COLUMNS.closed_at_us.is_(None)


def _task(row: sa.Row[tuple[object, ...]]) -> RetrainingTask:
    return RetrainingTask(
        id=row.id,
        model=row.model,
        asset_class=row.asset_class,
        opened_at_us=row.opened_at_us,
        seen_at_us=row.seen_at_us,
        reasons=tuple(json.loads(row.reasons)),
        closed_at_us=row.closed_at_us,
        closed_by=row.closed_by,
    )
