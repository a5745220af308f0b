"""A program that moves stock until it is killed: receipts, issues, returns, reservations, each a request with a key.

As `tests.maintenance.walking`, it notes what it asks for and what was answered, and asks again for what it has no
answer to. Every request acts under a name of its own, so that the ledger tells what it did. `walk` starts and kills
such programs, `judged_walks` reads their ledgers.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from forewarn.core.errors import Conflict, Retriable
from forewarn.core.plant import PartLine
from forewarn.core.ports import Actor
from forewarn.core.stock import DIFFERENCE, MAIN_STORE, SCRAP, MoveReason, NewMove, StockMove
from forewarn.maintenance.audit import verify_audit
from forewarn.maintenance.records import open_records
from tests.maintenance.nursery import Nursery
from tests.maintenance.samples import NOW_US
from tests.maintenance.stock.store_house import StoreHouse, unbalanced
from tests.maintenance.walking import opened, read

WALKERS, PARTS, ORDERS = 3, ("a", "b", "oil"), 6
PROGRAM = "tests.maintenance.stock.stock_walking:main"


def main(url: str, name: str, ledger: str) -> None:
    """Walk until killed."""
    house, file = StoreHouse(opened(url)), Path(ledger)
    asked, answered = read(file) if file.exists() else (set(), {})
    open_end = sorted(asked - answered.keys())
    at = max(asked, default=-1) + 1
    with file.open("ab", buffering=0) as out:
        for n in [*open_end, *range(at, 1_000_000)]:
            if n not in open_end:
                os.write(out.fileno(), f"{n} asks\n".encode())
            os.write(out.fileno(), f"{n} {ask(house, name, n)}\n".encode())


def ask(house: StoreHouse, name: str, n: int) -> str:
    """One request, the same one for the same n; numbers of the moves that it made, as JSON."""
    key = f"{name}-{n}"

    def work() -> tuple[int, str]:
        return 200, json.dumps([move.seq for move in act(house, Actor(key), random.Random(key))])

    while True:
        try:
            return house.stock.idempotent(key, name, key, work).body
        except Conflict:
            return "[]"
        except Retriable:  # the file was locked by the others for too long: the same request may work later
            continue


def act(house: StoreHouse, actor: Actor, rng: random.Random) -> Sequence[StockMove]:
    """What the request asks for."""
    orders = sorted(order.id for order in house.orders.orders(limit=ORDERS, evidence=False))
    order, part, pieces = rng.choice(orders), rng.choice(PARTS), rng.randint(1, 3)
    what = rng.choice(("receive", "issue", "issue", "give_back", "use", "reserve", "release", "scrap", "lost"))
    if what == "receive":
        return [house.stock.move(NewMove(part, "@supplier", MAIN_STORE.id, pieces, MoveReason.RECEIPT, NOW_US), actor)]
    if what in ("scrap", "lost"):
        reason, to = (MoveReason.SCRAP, SCRAP) if what == "scrap" else (MoveReason.COUNT, DIFFERENCE)
        return [house.stock.move(NewMove(part, MAIN_STORE.id, to, 1, reason, NOW_US), actor)]
    if what == "issue":
        return house.stock.issue(order, part, pieces, actor, NOW_US)
    if what == "give_back":
        return house.stock.give_back(order, part, 1, actor, NOW_US)
    if what == "use":
        return house.stock.use(order, actor, NOW_US)
    if what == "reserve":
        house.stock.reserve(order, [PartLine(part, pieces)], actor, NOW_US)
    else:
        house.stock.release(order, actor, NOW_US)
    return []


def prepared(url: str) -> None:
    """Cards, a few pieces, and orders."""
    with closing(open_records(url)) as records:
        house = StoreHouse(records)
        for part in PARTS:
            house.card(part, 5, substitutes=("b",) if part == "oil" else ())
        for n in range(ORDERS):
            house.order(priority=1 + n % 5)


def walk(url: str, folder: Path, nursery: Nursery, kills: int, rng: random.Random) -> list[Path]:
    """Three programs on the same stock; one of them is killed and started again, so often. Their ledgers."""
    prepared(url)
    ledgers = [folder / f"mover-{n}" for n in range(WALKERS)]
    pids = [nursery.start(PROGRAM, url, file.name, str(file)) for file in ledgers]
    try:
        for _ in range(kills):
            victim = rng.randrange(WALKERS)
            before = len(ledgers[victim].read_bytes()) if ledgers[victim].exists() else 0
            while not ledgers[victim].exists() or len(ledgers[victim].read_bytes()) <= before + 40:
                assert nursery.lives(pids[victim]), "it ended by itself"
                time.sleep(0.002)
            time.sleep(rng.uniform(0.0, 0.02))
            nursery.kill(pids[victim])
            pids[victim] = nursery.start(PROGRAM, url, ledgers[victim].name, str(ledgers[victim]))
    finally:
        for pid in pids:
            nursery.kill(pid)
    return ledgers


def judged_walks(url: str, ledgers: Sequence[Path]) -> tuple[dict[str, int], int]:
    """Faults by name, all zero when every request had its effect once and the ledger adds up; how many were
    answered."""
    wrong = dict.fromkeys(("lost", "twice", "ledger", "in_hand", "audit"), 0)
    answered = 0
    with closing(open_records(url)) as records:
        house, did = StoreHouse(records), defaultdict[str, set[int]](set)
        for move in house.stock.moves(limit=10_000_000):
            did[move.by].add(move.seq)
        for file in ledgers:
            _, answers = read(file)
            answered += len(answers)
            for n, text in answers.items():
                told = set(json.loads(text))
                wrong["lost"] += len(told - did[f"{file.name}-{n}"])
                wrong["twice"] += len(did[f"{file.name}-{n}"] - told)
        wrong["ledger"] = len(unbalanced(records))
        for order in house.orders.orders(limit=100, evidence=False):
            wrong["in_hand"] += sum(pieces < 0 for pieces in house.stock.in_hand(order.id).values())
        wrong["audit"] = int(verify_audit(records) is not None)
    return wrong, answered
