"""Programs for test_races: `racing URL NAME` raises alarms until it is killed, `racing URL die` dies in the middle."""

from __future__ import annotations

import os
import signal
import sys

from forewarn.core.work import Json, WorkOrder
from forewarn.maintenance.orders.book import OrderBookSql
from forewarn.maintenance.orders.desk import take_advice
from forewarn.maintenance.orders.rows import OrderRows
from forewarn.maintenance.orders.rules import AS_USUAL
from forewarn.maintenance.records import open_records
from tests.maintenance.samples import IMBALANCE, SENSOR, SPALL, advice


def main(url: str, name: str) -> None:
    """Tells each order on a line once its transaction is durable."""
    book = OrderBookSql(open_records(url))
    sys.stdin.readline()  # both start together, however long their imports took
    for n in range(100_000):
        for fault in (SPALL, IMBALANCE, SENSOR):
            asked = advice(fault, asset=f"pump-{n}", evidence={"told_by": name})
            told(book.advise(asked).order)


def told(order: WorkOrder | None) -> None:
    """One line at once: what was printed, was promised."""
    if order is not None:
        sys.stdout.write(f"{order.number} {order.asset}\n")
        sys.stdout.flush()


def die_in_the_middle(url: str) -> None:
    """Raises one alarm and dies by SIGKILL when order and audit row are written, before the transaction ends."""

    class Doomed(OrderRows):
        def post(self, kind: str, body: Json, at_us: int) -> None:
            super().post(kind, body, at_us)
            os.kill(os.getpid(), signal.SIGKILL)

    with open_records(url).write() as connection:
        take_advice(Doomed(connection), advice(), AS_USUAL, lambda: "doomed")


if __name__ == "__main__":
    if sys.argv[2] == "die":
        die_in_the_middle(sys.argv[1])
    main(*sys.argv[1:])
