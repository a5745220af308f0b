"""Programs that race for one alarm, again and again: `race` starts them, `judged` says what must not be."""

from __future__ import annotations

import multiprocessing as mp
import threading
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any

import sqlalchemy as sa

from forewarn.maintenance.audit import verify_audit
from forewarn.maintenance.orders.book import OrderBookSql
from forewarn.maintenance.outbox import counted
from forewarn.maintenance.records import open_records
from tests.maintenance.samples import advice

PROGRAMS, WORKERS = 4, 16
TWICE_OPEN = "SELECT asset, component, mechanism FROM order_cause WHERE open GROUP BY 1, 2, 3 HAVING count(*) > 1"
Answer = tuple[int, str, str]
"""Round, what became of the advice, id of the order."""


def race(url: str, rounds: int) -> list[Answer]:
    """4 programs of 16 workers each, all 64 at a barrier before each round, with the same alarm. What each was told."""
    context = mp.get_context("spawn")
    gate = context.Barrier(PROGRAMS * WORKERS)
    ends = [context.Pipe(duplex=False) for _ in range(PROGRAMS)]
    programs = [context.Process(target=contend, args=(url, rounds, gate, told)) for _, told in ends]
    for program in programs:
        program.start()
    found: list[Answer] = []
    for (hears, told), program in zip(ends, programs, strict=True):
        told.close()  # else we would wait for a program that has died
        found += hears.recv()
        program.join()
        assert program.exitcode == 0
    return found


def contend(url: str, rounds: int, gate: Any, told: Connection) -> None:
    """One program: its workers race in every round."""
    records = open_records(url)
    book, found, errors = OrderBookSql(records), list[Answer](), list[Exception]()

    def work() -> None:
        try:
            for n in range(rounds):
                gate.wait(120)
                outcome = book.advise(advice(asset=f"pump-{n}"))
                found.append((n, outcome.what, outcome.order.id if outcome.order else ""))
        except Exception as error:
            errors.append(error)
            gate.abort()

    threads = [threading.Thread(target=work) for _ in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    records.close()
    if errors:
        raise errors[0]
    told.send(found)


def judged(url: str, rounds: int, answers: Sequence[Answer]) -> dict[str, int]:
    """Faults by name, all zero when every round has one winner to which all losers were led."""
    by_round: dict[int, list[Answer]] = {}
    for answer in answers:
        by_round.setdefault(answer[0], []).append(answer)
    records = open_records(url)
    try:
        with records.read() as connection:
            twice = len(connection.execute(sa.text(TWICE_OPEN)).all())
            orders = connection.execute(sa.text("SELECT count(*) FROM work_order")).scalar_one()
        return {
            "rounds_not_run": rounds - len(by_round),
            "answers_missing": rounds * PROGRAMS * WORKERS - len(answers),
            "rounds_without_one_winner": sum(
                [what for _, what, _ in told].count("opened") != 1 for told in by_round.values()
            ),
            "losers_led_elsewhere": sum(len({order for _, _, order in told}) != 1 for told in by_round.values()),
            "twice_open": twice,
            "orders_too_many": abs(orders - rounds),
            "messages_too_many": abs(counted(records)[0] - rounds),
            "audit_broken": int(verify_audit(records) is not None),
        }
    finally:
        records.close()
