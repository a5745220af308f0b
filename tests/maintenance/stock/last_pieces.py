"""Technicians of several programs who take the last pieces at one moment: `race` starts them, `judged` says what must
not be."""

from __future__ import annotations

import multiprocessing as mp
import threading
from collections.abc import Sequence
from contextlib import closing
from multiprocessing.connection import Connection
from typing import Any

from forewarn.core.errors import Conflict, Retriable
from forewarn.core.ports import Actor
from forewarn.core.stock import MoveReason
from forewarn.maintenance.audit import verify_audit
from forewarn.maintenance.records import open_records
from forewarn.maintenance.stock.book import StockBookSql
from tests.maintenance.samples import NOW_US
from tests.maintenance.stock.store_house import StoreHouse, unbalanced

PROGRAMS, WORKERS, PIECES = 2, 25, 10
TRIES = 20
Answer = tuple[int, str, str]
"""Round, order id, what was said: "issued" or the refusal."""


def race(url: str, rounds: int) -> list[Answer]:
    """Two programs of 25 technicians, all 50 at a barrier before each round; in each, 10 pieces of a new part and an
    order for every technician. What each was told."""
    context = mp.get_context("spawn")
    gate = context.Barrier(PROGRAMS * WORKERS)
    ends = [context.Pipe(duplex=False) for _ in range(PROGRAMS)]
    orders = _prepared(url, rounds)
    programs = [
        context.Process(
            target=contend, args=(url, rounds, orders[n * WORKERS : (n + 1) * WORKERS], gate, told), daemon=True
        )
        for n, (_, told) in enumerate(ends)
    ]
    for program in programs:
        program.start()
    found: list[Answer] = []
    for (hears, told), program in zip(ends, programs, strict=True):
        told.close()  # else we would wait for a program that has died
        found += hears.recv()
        program.join()
        assert program.exitcode == 0
    return found


def _prepared(url: str, rounds: int) -> list[str]:
    with closing(open_records(url)) as records:
        house = StoreHouse(records)
        for n in range(rounds):
            house.card(f"part-{n}-instead", 3)
            house.card(f"part-{n}", PIECES, substitutes=(f"part-{n}-instead",))
        return [house.order().id for _ in range(PROGRAMS * WORKERS)]


def contend(url: str, rounds: int, orders: Sequence[str], gate: Any, told: Connection) -> None:
    """One program: its technicians race in every round."""
    records = open_records(url)
    stock, found, errors = StoreHouse(records).stock, list[Answer](), list[Exception]()

    def work(order: str) -> None:
        try:
            for n in range(rounds):
                gate.wait(300)
                found.append((n, order, _taken(stock, order, f"part-{n}")))
        except Exception as error:
            errors.append(error)
            gate.abort()

    threads = [threading.Thread(target=work, args=(order,)) for order in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    records.close()
    if errors:
        raise errors[0]
    told.send(found)


def _taken(stock: StockBookSql, order: str, part: str) -> str:
    """ "issued", or why not; asked again, a few times, while the file of the records is busy for more than ten
    seconds."""
    for _ in range(TRIES):
        try:
            stock.issue(order, part, 1, Actor(order), NOW_US)
            return "issued"
        except Conflict as refusal:
            return str(refusal)
        except Retriable:
            continue
    return "no answer"


def judged(url: str, rounds: int, answers: Sequence[Answer]) -> dict[str, int]:
    """Faults by name, all zero when in every round exactly ten had a piece, and the ledger says the same."""
    wrong = dict.fromkeys(
        ("answers_missing", "not_exactly_ten", "unclear", "moves_differ", "left_over", "unpaid", "ledger", "audit"), 0
    )
    wrong["answers_missing"] = abs(rounds * PROGRAMS * WORKERS - len(answers))
    with closing(open_records(url)) as records:
        house = StoreHouse(records)
        for n in range(rounds):
            winners = sorted(order for at, order, said in answers if at == n and said == "issued")
            wrong["not_exactly_ten"] += len(winners) != PIECES
            clear = f"part-{n}: 0 free, 1 asked for; instead of it does part-{n}-instead (3 free); none is on order"
            wrong["unclear"] += sum(at == n and said not in ("issued", clear) for at, _, said in answers)
            moves = house.stock.moves(f"part-{n}", reasons=[MoveReason.ISSUE])
            wrong["moves_differ"] += sorted(str(move.order) for move in moves) != winners
            wrong["left_over"] += house.stock.level(f"part-{n}", NOW_US).on_hand
        for order in {order for _, order, _ in answers}:
            job, pieces = house.orders.job(order), sum(house.stock.in_hand(order).values())
            wrong["unpaid"] += job is None or job.costs("EUR").parts != 10.0 * pieces
        wrong["ledger"] = len(unbalanced(records))
        wrong["audit"] = int(verify_audit(records) is not None)
    return wrong
