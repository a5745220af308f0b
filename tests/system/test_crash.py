"""kill -9 under load: nothing acknowledged is lost, nothing is stored twice, no cause gets a second order.

The long form is `sh run chaos`. Its verdict is itself tested here: what is missing, there twice, or invented must be
seen, wherever it stands.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from forewarn.core.readings import Readings
from forewarn.ingest.store.day_rows import DayRows
from forewarn.ingest.store.packed import PackedStore
from forewarn.maintenance.orders.book import OrderBookSql
from forewarn.maintenance.records import open_records
from tests.chaos.kills import kill_under_load
from tests.chaos.scenario import Bench
from tests.chaos.verdict import MUST_BE_ZERO, judged_orders, judged_readings, troubles_of_orders
from tests.maintenance.samples import advice

SIGNALS = ["ledger/n0", "ledger/n1"]
IDS = set(range(6000))
START_US = 1_795_392_000_000_000


@pytest.mark.slow
def test_killed_at_random_moments_the_system_loses_and_invents_nothing(tmp_path: Path) -> None:
    bench = Bench(tmp_path, seed=1, name="kills", kills=4)
    found = kill_under_load(bench, clock_rate=27_000.0)  # fast enough for orders within half a minute
    assert found.troubles() == []
    assert found.figures["killed"] == {"ingest": 2, "main": 1, "both": 1}
    assert found.figures["fleet"]["complete"]
    assert found.books["acked"] > 2000
    assert found.figures["books"]["duplicates"] > 0, "messages without PUBACK were sent again"
    assert found.figures["orders"]["open"] > 0, "else nothing was shown about orders"


@pytest.fixture
def series(tmp_path: Path) -> Path:
    """A store with every id once: most of them packed into chunks at a first close, the last hundred in the log."""
    folder = tmp_path / "series"
    for ids in (range(5900), range(5900, 6000)):
        store = PackedStore(folder)
        numbers = store.assign(SIGNALS)
        at = [START_US + 1000 * i for i in ids]
        readings = Readings.of([numbers[i % 2] for i in ids], at, [float(i) for i in ids])
        store.write(store.position + 1, readings, [], [])
        store.close()
    return folder


def counted(series: Path, attempted: set[int] = IDS, acked: set[int] = IDS, fleet_acked: int = 0) -> dict[str, int]:
    """What stands against a run, without the zeros."""
    result = judged_readings(series, SIGNALS, attempted, acked, fleet_acked)
    return {name: result[name] for name in MUST_BE_ZERO if result[name]}


def day_file(series: Path) -> Path:
    (file,) = series.glob("day-*.db")
    return file


def tamper(series: Path, change: Callable[[sqlite3.Connection], object]) -> None:
    with closing(sqlite3.connect(day_file(series))) as day, day:
        change(day)


def newest_entry(day: sqlite3.Connection) -> DayRows:
    blob: bytes = day.execute("SELECT columns FROM log ORDER BY id DESC LIMIT 1").fetchone()[0]
    return DayRows.from_bytes(blob)


def add_entry(day: sqlite3.Connection, rows: DayRows) -> None:
    day.execute("INSERT INTO log SELECT max(id) + 1, ?, ? FROM log", (len(rows), rows.to_bytes()))
    day.execute("UPDATE state SET last_id = (SELECT max(id) FROM log)")


def test_a_whole_store_has_nothing_against_it(series: Path) -> None:
    assert counted(series) == {}
    with closing(sqlite3.connect(day_file(series))) as day:
        assert day.execute("SELECT count(*) FROM chunk").fetchone()[0] > 0
        assert day.execute("SELECT sum(n) FROM log").fetchone()[0] == 100


def test_what_was_sent_but_never_acknowledged_may_be_there_or_not(series: Path) -> None:
    assert counted(series, acked=IDS - {7}) == {}
    assert counted(series, attempted=IDS | {6000}) == {}


def test_an_acknowledged_reading_that_is_missing_is_lost(series: Path) -> None:
    assert counted(series, IDS | {6000}, IDS | {6000}) == {"lost": 1}


def test_a_reading_of_the_fleet_that_is_missing_in_the_books_is_lost(series: Path) -> None:
    assert counted(series, fleet_acked=1) == {"lost": 1}


def test_a_chunk_that_vanished_is_lost(series: Path) -> None:
    tamper(series, lambda day: day.execute("DELETE FROM chunk WHERE id = 1"))
    found = counted(series)
    assert found["lost"] == found["miscounted"] > 100


def test_a_log_entry_that_vanished_is_lost(series: Path) -> None:
    tamper(series, lambda day: day.execute("DELETE FROM log WHERE id = (SELECT max(id) FROM log)"))
    assert counted(series) == {"lost": 100, "miscounted": 100}


def test_a_reading_stored_twice_is_seen_although_a_reader_gives_it_once(series: Path) -> None:
    tamper(series, lambda day: add_entry(day, newest_entry(day).take(slice(1))))
    assert counted(series) == {"duplicates": 1}


def test_a_chunk_stored_twice_is_seen(series: Path) -> None:
    again = "INSERT INTO chunk SELECT max(id) + 1, series, t0, t1, n, vmin, vmax, vsum, blob FROM chunk"
    tamper(series, lambda day: day.execute(again))
    assert counted(series)["duplicates"] > 100


def test_a_reading_counted_twice_is_seen(series: Path) -> None:
    tamper(series, lambda day: day.execute("UPDATE state SET stored = stored + 1"))
    assert counted(series) == {"miscounted": 1}


def test_a_reading_that_nobody_sent_is_a_phantom(series: Path) -> None:
    assert counted(series, IDS - {7}, IDS - {7}) == {"phantoms": 1}


@pytest.fixture
def records(tmp_path: Path) -> Path:
    """Records with one open order."""
    file = tmp_path / "records.db"
    opened = open_records(f"sqlite:///{file}")
    OrderBookSql(opened, wall_us=lambda: time.time_ns() // 1000).advise(advice())
    opened.close()
    return file


def test_a_second_open_order_and_a_changed_record_are_seen(records: Path) -> None:
    clean = judged_orders(records)
    assert (clean["open"], clean["causes_with_two_open_orders"], clean["audit_rows_that_do_not_fit"]) == (1, 0, 0)
    assert not any(troubles_of_orders(clean).values())
    with closing(sqlite3.connect(records)) as raw, raw:
        put_a_second_order(raw)
        raw.execute("UPDATE audit_head SET hash = 'forged'")
    found = {name for name, count in troubles_of_orders(judged_orders(records)).items() if count}
    assert found == {"causes_with_two_open_orders", "audit_rows_that_do_not_fit"}


def put_a_second_order(raw: sqlite3.Connection) -> None:
    """Past the index that forbids it."""
    raw.executescript("""
        DROP INDEX uq_order_cause_open;
        CREATE TEMP TABLE again AS SELECT * FROM work_order;
        UPDATE again SET id = 'second', number = 'WO-2';
        INSERT INTO work_order SELECT * FROM again;
        CREATE TEMP TABLE cause_again AS SELECT * FROM order_cause;
        UPDATE cause_again SET order_id = 'second';
        INSERT INTO order_cause SELECT * FROM cause_again;
    """)
