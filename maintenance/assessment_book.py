"""What the models said over time: the newest assessment of each asset, and a thinned past.

Bounded: an asset keeps at most `keep` rows. When they are full, every second row of the older half goes, so the far
past stays visible with wider steps.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from forewarn.core.errors import Rejected
from forewarn.core.work import Json
from forewarn.maintenance.evidence import canonical
from forewarn.maintenance.records import Records
from forewarn.maintenance.records_postgresql import in_turn
from forewarn.maintenance.records_tables import ASSESSMENT, ASSESSMENT_LATEST

ROWS_AT_ONCE = 500
Key = tuple[str, int]
"""Asset and moment."""

Row = dict[str, object]


class AssessmentBook:
    """Assessments as JSON objects (`evidence.assessment_json`): each has at least `asset` and `at_us`."""

    def __init__(self, records: Records, keep: int = 2_000) -> None:
        if keep < 4:
            raise ValueError(f"an asset keeps at least 4 assessments, not {keep}")
        self._records = records
        self._keep = keep

    def save(self, assessment: Json) -> None:
        """Keep one; the same asset and moment again replaces it. Raises Rejected when asset or at_us is missing."""
        self.save_all([assessment])

    def save_all(self, assessments: Sequence[Json]) -> None:
        """Keep many in one transaction (one disk write for a whole plant)."""
        rows = [_row(assessment) for assessment in assessments]
        with self._records.write() as connection:
            in_turn(connection, "assessments")
            for first in range(0, len(rows), ROWS_AT_ONCE):
                some = rows[first : first + ROWS_AT_ONCE]
                self._save(connection, {(str(row["asset"]), _time(row)): row for row in some})

    def latest(self) -> dict[str, Json]:
        """Asset -> its newest assessment."""
        with self._records.read() as connection:
            rows = connection.execute(sa.select(ASSESSMENT_LATEST.c.asset, ASSESSMENT_LATEST.c.body))
            return {row.asset: json.loads(row.body) for row in rows}

    def watched_since(self) -> dict[str, int]:
        """Asset -> when it was first assessed. That row is never thinned."""
        with self._records.read() as connection:
            first = sa.select(ASSESSMENT.c.asset, sa.func.min(ASSESSMENT.c.at_us)).group_by(ASSESSMENT.c.asset)
            return {asset: int(at_us) for asset, at_us in connection.execute(first)}

    def history(self, asset: str, since_us: int = 0, limit: int = 1_000) -> list[Json]:
        """Assessments of an asset from `since_us` on, ascending in time; more than `limit` are thinned evenly.

        The newest one is always among them.
        """
        since = (ASSESSMENT.c.asset == asset) & (ASSESSMENT.c.at_us >= since_us)
        with self._records.read() as connection:
            query = sa.select(ASSESSMENT.c.at_us).where(since).order_by(ASSESSMENT.c.at_us)
            times = connection.execute(query).scalars().all()
            if len(times) > limit:
                query = query.where(ASSESSMENT.c.at_us.in_(_evenly(times, limit)))
            bodies = connection.execute(query.with_only_columns(ASSESSMENT.c.body)).scalars().all()
        return [json.loads(body) for body in bodies]

    def _save(self, connection: sa.Connection, rows: Mapping[Key, Row]) -> None:
        """A batch of rows with different keys, in a handful of statements however many they are."""
        there = _there(connection, rows)
        _put(connection, ASSESSMENT, list(rows.values()))
        by_asset: dict[str, list[Key]] = {}
        for key in rows:
            by_asset.setdefault(key[0], []).append(key)
        known = _newest(connection, list(by_asset))
        latest: list[Row] = []
        for asset, keys in by_asset.items():
            newest, before = max(keys), known.get(asset)
            told = rows[newest]
            if before is not None and before.at_us > newest[1]:
                told = {"asset": asset, "at_us": before.at_us, "body": before.body}
            count = len(set(keys) - there) + (before.kept if before is not None else 0)
            latest.append({**told, "kept": self._thinned(connection, asset, count)})
        _put(connection, ASSESSMENT_LATEST, latest)

    def _thinned(self, connection: sa.Connection, asset: str, kept: int) -> int:
        """Number of rows kept after making room, where there are too many."""
        mine = ASSESSMENT.c.asset == asset
        while kept > self._keep:
            older = sa.select(ASSESSMENT.c.at_us).where(mine).order_by(ASSESSMENT.c.at_us).limit(kept // 2)
            gone = connection.execute(older).scalars().all()[1::2]  # the very first stays
            connection.execute(
                ASSESSMENT.delete().where(mine & (ASSESSMENT.c.at_us == sa.bindparam("gone"))),
                [{"gone": at_us} for at_us in gone],
            )
            kept -= len(gone)
        return kept


def _newest(connection: sa.Connection, assets: Sequence[str]) -> dict[str, sa.Row[tuple[object, ...]]]:
    query = sa.select(ASSESSMENT_LATEST).where(ASSESSMENT_LATEST.c.asset.in_(assets))
    return {row.asset: row for row in connection.execute(query)}


def _there(connection: sa.Connection, rows: Mapping[Key, Row]) -> set[Key]:
    """Which of these keys are kept already."""
    asset, at_us = ASSESSMENT.c.asset, ASSESSMENT.c.at_us
    assets, times = sorted({key[0] for key in rows}), sorted({key[1] for key in rows})
    query = sa.select(asset, at_us).where(asset.in_(assets), at_us.in_(times))
    return {(row.asset, row.at_us) for row in connection.execute(query)} & rows.keys()


def _put(connection: sa.Connection, table: sa.Table, rows: Sequence[Row]) -> None:
    """Insert, and replace what has the same primary key."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    new = insert(table)
    keys = [column.name for column in table.primary_key]
    values = {column.name: new.excluded[column.name] for column in table.c if column.name not in keys}
    connection.execute(new.on_conflict_do_update(index_elements=keys, set_=values), list(rows))


def _evenly(times: Sequence[int], count: int) -> list[int]:
    """So many of the times with even steps, the last one among them.

    >>> _evenly([1, 2, 3, 4, 5, 6], 3)
    [2, 4, 6]
    """
    return [times[(place + 1) * len(times) // count - 1] for place in range(count)]


def _row(assessment: Json) -> dict[str, object]:
    asset, at_us = assessment.get("asset"), assessment.get("at_us")
    if not isinstance(asset, str) or not isinstance(at_us, int):
        raise Rejected("assessment_incomplete", "an assessment names its asset and at_us")
    try:
        return {"asset": asset, "at_us": at_us, "body": canonical(assessment)}
    except (TypeError, ValueError) as error:
        raise Rejected("assessment_not_json", str(error)) from error


def _time(row: dict[str, object]) -> int:
    at_us = row["at_us"]
    assert isinstance(at_us, int)
    return at_us
