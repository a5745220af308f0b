"""What the models said over time: the newest assessment of each asset, and a thinned past.

Bounded: an asset keeps at most `keep` rows. When they are full, every second row of the older half goes, so the far
past stays visible with wider steps.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import sqlalchemy as sa

from forewarn.core.errors import Rejected
from forewarn.core.work import Json
from forewarn.maintenance.evidence import canonical
from forewarn.maintenance.records import Records
from forewarn.maintenance.records_postgresql import in_turn
from forewarn.maintenance.records_tables import ASSESSMENT, ASSESSMENT_LATEST


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
            for row in rows:
                self._save(connection, row)

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

    def _save(self, connection: sa.Connection, row: dict[str, object]) -> None:
        key = (ASSESSMENT.c.asset == row["asset"]) & (ASSESSMENT.c.at_us == row["at_us"])
        replaced = connection.execute(ASSESSMENT.update().where(key).values(row)).rowcount
        if not replaced:
            connection.execute(ASSESSMENT.insert().values(row))
        latest = ASSESSMENT_LATEST.c
        mine = latest.asset == row["asset"]
        known = connection.execute(sa.select(latest.at_us, latest.kept).where(mine)).one_or_none()
        if known is None:
            connection.execute(ASSESSMENT_LATEST.insert().values(**row, kept=1))
            return
        kept = known.kept if replaced else self._thinned(connection, str(row["asset"]), known.kept + 1)
        newest = row if _time(row) >= known.at_us else {}
        connection.execute(ASSESSMENT_LATEST.update().where(mine).values(**newest, kept=kept))

    def _thinned(self, connection: sa.Connection, asset: str, kept: int) -> int:
        """Number of rows kept after making room, when there are too many."""
        if kept <= self._keep:
            return kept
        mine = ASSESSMENT.c.asset == asset
        older = sa.select(ASSESSMENT.c.at_us).where(mine).order_by(ASSESSMENT.c.at_us).limit(kept // 2)
        gone = connection.execute(older).scalars().all()[1::2]  # the very first stays
        connection.execute(
            ASSESSMENT.delete().where(mine & (ASSESSMENT.c.at_us == sa.bindparam("gone"))),
            [{"gone": at_us} for at_us in gone],
        )
        return kept - len(gone)


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
