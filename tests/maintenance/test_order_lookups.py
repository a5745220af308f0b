"""An advice stays as fast with ten thousand closed orders as with none: no look-up walks all of them."""

from __future__ import annotations

import sqlalchemy as sa

from forewarn.maintenance.orders.book import OrderBookSql
from forewarn.maintenance.records import Records
from tests.maintenance.samples import advice


def test_every_look_up_of_an_advice_searches_by_an_index(sqlite_records: Records) -> None:
    """On SQLite, which tells its plan in words; the indexes are the same on PostgreSQL."""
    records, book = sqlite_records, OrderBookSql(sqlite_records)
    asked: list[tuple[str, object]] = []

    @sa.event.listens_for(records._writer, "before_cursor_execute")
    def listen(_connection: object, _cursor: object, statement: str, values: object, *_more: object) -> None:
        asked.append((statement, values))

    book.advise(advice())
    book.advise(advice(start_in_h=20))
    selects = [
        (text, values) for text, values in asked if text.startswith(("SELECT", "UPDATE")) and "audit_head" not in text
    ]
    selects = [asked for asked in selects if "FROM job_plan" not in asked[0]]  # plans are few, and all are weighed
    assert len(selects) > 8
    with records.write() as connection:
        for text, values in selects:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values).all()  # type: ignore[arg-type]
            walked = [row.detail for row in plan if row.detail.startswith("SCAN")]
            assert not walked, f"{text}: {walked}"
