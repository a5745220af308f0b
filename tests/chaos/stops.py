"""Orderly ends, and copies that were started by mistake.

SIGTERM at random moments under load, SIGKILL ten seconds later: the exit status is 0, nothing is lost, and the next
start stores nothing anew. A second ingest process on the same files ends with a clear line and disturbs nobody, also
while the first one is frozen, and the first one goes on when it is thawed.
"""

from __future__ import annotations

import signal
import time

from tests.chaos.load import Load
from tests.chaos.scenario import Bench, Finding, joined, settle, zeros
from tests.chaos.victim import START_S, Victim, ledger_settings

STOPS = 8
FROZEN_S = 3.0
RATE = 2000.0


def run(bench: Bench) -> Finding:
    """See the module."""
    return joined([two_writers(bench)] if bench.brief else [stops(bench), two_writers(bench)])


def stops(bench: Bench) -> Finding:
    """SIGTERM, again and again, at any moment after the ready line or before it."""
    codes = []
    with bench.victim(ledger_settings(bench.folder / "stops")) as victim:
        ledger = str(bench.folder / "stops.ledger")
        with Load(bench.orders(victim, rate=RATE, file=ledger)) as load:
            for _ in range(STOPS):
                victim.start()
                time.sleep(bench.random.uniform(0.0, 2.0))
                codes.append(victim.stop())
            bench.say(f"{STOPS} stops: {codes}")
            started = victim.start()
            load.finish(bench.drain_s)
            books = settle(victim, load.ledger, bench.drain_s)
    wrong = {"stop_not_clean": sum(code != 0 for code in codes), "did_not_start_again": int(not started)}
    return Finding(books, {**zeros(books), **wrong}, {"exit_codes": codes})


def two_writers(bench: Bench) -> Finding:
    """A second one beside the first, which runs, then is frozen."""
    with bench.victim(ledger_settings(bench.folder / "two")) as first:
        first.start()
        ledger = str(bench.folder / "two.ledger")
        with Load(bench.orders(first, rate=RATE, file=ledger)) as load:
            time.sleep(0.5)
            entered, unclear = intrude(bench, first)
            first.signal(signal.SIGSTOP)
            also, unclear_too = intrude(bench, first)
            time.sleep(0.0 if bench.brief else FROZEN_S)
            first.signal(signal.SIGCONT)
            time.sleep(1.0)
            lives = first.runs
            load.finish(bench.drain_s)
            books = settle(first, load.ledger, bench.drain_s)
    wrong = {
        "second_writer_got_in": entered + also,
        "second_writer_ended_unclear": unclear + unclear_too,
        "first_writer_died": int(not lives),
    }
    return Finding(books, {**zeros(books), **wrong})


def intrude(bench: Bench, first: Victim) -> tuple[int, int]:
    """Start a second process on the same files, on a port of its own: (did it get in, did it end without a reason)."""
    mqtt = first.settings.mqtt.model_copy(update={"port": 0})
    with bench.victim(first.settings.model_copy(update={"mqtt": mqtt})) as second:
        second.launch()
        if second.is_ready(START_S):
            return 1, 0
        code = second.exit_code(START_S)
        return 0, int(code in (None, 0) or not second.said("open for writing in another process"))
