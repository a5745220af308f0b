"""A program that works on orders until it is killed: alarms, steps and verifications, each a request with a key.

It notes in a ledger what it is about to ask for, and what was answered. Started again on the same ledger it asks first
again for what it has no answer to, as an honest client does.
"""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

from forewarn.core.errors import Conflict, Retriable
from forewarn.core.faults import Fault
from forewarn.core.ports import Actor
from forewarn.core.work import OPEN_STATUSES, TRANSITIONS, Status, Verification, WorkOrder
from forewarn.maintenance.orders.book import OrderBookSql
from forewarn.maintenance.records import Records, open_records
from tests.maintenance.samples import CODES, IMBALANCE, NOW_US, SENSOR, SPALL, advice, hours

FAULTS = (SPALL, IMBALANCE, SENSOR, Fault("de_bearing", "bearing_wear"))
ASSETS = tuple(f"pump-{n}" for n in range(4))


def main(url: str, name: str, ledger: str) -> None:
    """Walk until killed."""
    book, file = OrderBookSql(opened(url)), Path(ledger)
    asked, answered = read(file) if file.exists() else (set(), {})
    open_end = sorted(asked - answered.keys())
    at = max(asked, default=-1) + 1
    with file.open("ab", buffering=0) as out:
        for n in [*open_end, *range(at, 1_000_000)]:
            if n not in open_end:
                os.write(out.fileno(), f"{n} asks\n".encode())
            os.write(out.fileno(), f"{n} {ask(book, name, n)}\n".encode())


def opened(url: str) -> Records:
    """Tried again while the others are so busy that the file has no moment for a new program."""
    while True:
        try:
            return open_records(url)
        except Retriable:
            continue


def read(file: Path) -> tuple[set[int], dict[int, str]]:
    """What was asked for, and the answers that came: request -> answer. A torn line is no answer."""
    asked, answered = set[int](), dict[int, str]()
    for line in file.read_text().splitlines(True):
        number, _, text = line.partition(" ")
        if not line.endswith("\n"):
            continue
        if text == "asks\n":
            asked.add(int(number))
        else:
            answered[int(number)] = text.strip()
    return asked, answered


def ask(book: OrderBookSql, name: str, n: int) -> str:
    """One request, the same one for the same n; what became of it, as JSON."""
    key, actor = f"{name}-{n}", Actor(name)
    rng = random.Random(key)

    def work() -> tuple[int, str]:
        found = book.orders(open_only=rng.random() < 0.8, limit=20, evidence=False)
        if not found or rng.random() < 0.3:
            asked = advice(
                rng.choice(FAULTS), asset=rng.choice(ASSETS), at_h=n * 0.7, start_in_h=rng.choice([None, 10.0, 300.0])
            )
            return 200, json.dumps([book.advise(asked).what, ""])
        order = rng.choice(found)
        return 200, json.dumps([moved(book, order, actor, key, n, rng), order.id])

    while True:
        try:
            return book.idempotent(key, name, key, work).body
        except Conflict:
            return json.dumps(["conflict", ""])
        except Retriable:  # the file was locked by the others for too long: the same request may work later
            rng.seed(key)


def moved(book: OrderBookSql, order: WorkOrder, actor: Actor, key: str, n: int, rng: random.Random) -> str:
    """A step or a verification that the order's status allows."""
    at_us = NOW_US + hours(n * 0.7)
    if order.status is Status.COMP and order.verification is Verification.PENDING:
        result = rng.choice((Verification.PASSED, Verification.FAILED, Verification.WAIVED))
        return f"verification {book.verify(order.id, result, actor, at_us).verification}"
    allowed = [status for status in TRANSITIONS[order.status] if status is not Status.CLOSE or closable(order)]
    if not allowed:
        return "nothing"
    status = rng.choice([status for status in allowed if status in OPEN_STATUSES] * 2 + allowed)
    told = {"request": key, **(CODES if status is Status.COMP else {})}
    return str(book.act(order.id, status, actor, order.revision, at_us, told).status)


def closable(order: WorkOrder) -> bool:
    """May a completed order be closed?"""
    return order.verification in (Verification.PASSED, Verification.WAIVED)
