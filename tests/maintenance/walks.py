"""Programs that work on orders and are killed at random: `walk` lets them, `judged_walks` reads their ledgers."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from forewarn.core.work import TRANSITIONS, Json, Status
from forewarn.maintenance.audit import verify_audit
from forewarn.maintenance.orders.book import OrderBookSql
from forewarn.maintenance.orders.desk import snapshot
from forewarn.maintenance.orders.rows import OrderRows
from forewarn.maintenance.records import Records, open_records
from tests.maintenance.nursery import Nursery
from tests.maintenance.same_alarm import TWICE_OPEN
from tests.maintenance.walking import read

WALKERS = 3
WROTE_NOTHING = ("unchanged", "waiting", "cooling_down", "nothing", "conflict", "held")


def walk(url: str, folder: Path, nursery: Nursery, kills: int, rng: random.Random) -> list[Path]:
    """Three programs on the same orders; one of them is killed and started again, so often. Their ledgers."""
    ledgers = [folder / f"walker-{n}" for n in range(WALKERS)]
    pids = [nursery.start("tests.maintenance.walking:main", url, file.name, str(file)) for file in ledgers]
    try:
        for _ in range(kills):
            victim = rng.randrange(WALKERS)
            before = len(ledgers[victim].read_bytes()) if ledgers[victim].exists() else 0
            while not ledgers[victim].exists() or len(ledgers[victim].read_bytes()) <= before + 60:
                assert nursery.lives(pids[victim]), "it ended by itself"
                time.sleep(0.002)
            time.sleep(rng.uniform(0.0, 0.02))
            nursery.kill(pids[victim])
            name, file = ledgers[victim].name, ledgers[victim]
            pids[victim] = nursery.start("tests.maintenance.walking:main", url, name, str(file))
    finally:
        for pid in pids:
            nursery.kill(pid)
    return ledgers


def judged_walks(url: str, ledgers: Sequence[Path]) -> tuple[dict[str, int], int]:
    """Faults by name, all zero when every request had its effect once; and how many requests were answered."""
    wrong, answered = Counter[str](), 0
    with closing(open_records(url)) as records:
        book = OrderBookSql(records)
        orders = book.orders(limit=1_000_000, evidence=False)
        histories = {order.id: book.history(order.id) for order in orders}
        done = Counter(_requests(histories))
        for file in ledgers:
            _, answers = read(file)
            answered += len(answers)
            for number, text in answers.items():
                what, order = json.loads(text)
                if order and what not in WROTE_NOTHING and not what.startswith("verification"):
                    wrong["lost"] += done[f"{file.name}-{number}"] == 0
        wrong["twice"] += sum(count > 1 for count in done.values())
        for order in orders:
            wrong["does_not_replay"] += replayed(histories[order.id]) != state_of(records, order.id)
            wrong["illegal_steps"] += illegal(histories[order.id])
        with records.read() as connection:
            wrong["twice_open"] += len(connection.execute(sa.text(TWICE_OPEN)).all())
            rows, messages = connection.execute(
                sa.text("SELECT (SELECT count(*) FROM audit), (SELECT count(*) FROM outbox WHERE kind LIKE 'order.%')")
            ).one()
        wrong["rows_without_message"] += abs(rows - messages)
        wrong["audit_broken"] += verify_audit(records) is not None
    return dict(wrong), answered


def _requests(histories: dict[str, list[Json]]) -> list[str]:
    """Keys of requests, once for each row of the record that tells of them."""
    found = []
    for rows in histories.values():
        for row in rows:
            after = row["after"]
            report = after.get("report") if isinstance(after, dict) else None
            if isinstance(report, dict) and "request" in report:
                found.append(str(report["request"]))
    return found


def illegal(history: Sequence[Json]) -> int:
    """Steps that the table of statuses does not know."""
    count = 0
    for row in history:
        before, after = row["before"], row["after"]
        assert isinstance(before, dict)
        assert isinstance(after, dict)
        if before.get("status") and after.get("status") and before["status"] != after["status"]:
            count += Status(str(after["status"])) not in TRANSITIONS[Status(str(before["status"]))]
    return count


def replayed(history: Sequence[Json]) -> Json:
    """The state that the record of an order adds up to."""
    state: Json = {}
    for row in history:
        before, after = row["before"], row["after"]
        assert isinstance(before, dict)
        assert isinstance(after, dict)
        assert {name: state.get(name) for name in before} == before
        state |= after
    return state


def state_of(records: Records, id: str) -> Json:
    """The state that an order has."""
    with records.write() as connection:
        kept = OrderRows(connection).find(id)
    assert kept is not None
    return snapshot(kept)
