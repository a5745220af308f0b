"""Networks that lie: what is repeated, late, out of order, swallowed or cut arrives in the store once all the same.

`disturbed`: the proxy misbehaves in every way while the ledger's publisher sends. `replayed`: its whole capture comes a
second time, from a client of another name that counts its packets anew, and changes nothing but the count of
duplicates. `partitioned`: the publisher sits in a network namespace of its own whose wire is pulled. `no_order`: a
replay of the fleet's messages opens no work order.
"""

from __future__ import annotations

import time
from typing import Any

from forewarn.ingest.store.reader import PackedReader
from forewarn.maintenance.orders.book import OrderBookSql
from forewarn.maintenance.records import open_records
from tests.chaos.kills import RATE as CLOCK_RATE
from tests.chaos.kills import Fleet, WholeSystem
from tests.chaos.load import Load
from tests.chaos.machine import Link
from tests.chaos.proxy import Mischief, Proxy, play
from tests.chaos.scenario import Bench, Finding, NotRun, joined, settle, zeros
from tests.chaos.victim import Victim, ledger_settings, wait_until_accounted

STEPS = (
    ("repeated", Mischief(duplicate=0.3), 2.0),
    ("out of order", Mischief(reorder=0.5, duplicate=0.1), 3.0),
    ("late", Mischief(delay_s=0.3), 2.0),
    ("cut every 200 ms", Mischief(cut_every_s=0.2), 3.0),
    ("acknowledgements swallowed", Mischief(swallow_down=True), 2.0),
    ("messages swallowed", Mischief(swallow_up=True), 2.0),
)
"""What the proxy does, and for how long (s); every step ends with a cut, for what was held back or swallowed."""
LOAD_RATE, STEP_MS = 600.0, 1000
"""A second of plant time between two readings: the replay brings some that are hours older than the newest."""
PARTITIONS, LONGEST_PARTITION_S = 3, 4.0
FLEET_S = 25.0
CALM_S = 5.0
AGAIN_FIRST, AGAIN_COUNT = 14_000, 2000
SPAN_MS = 6 * 3_600_000


def run(bench: Bench) -> Finding:
    """See the module."""
    parts = [disturbed_and_replayed(bench)]
    if not bench.brief:
        parts += [partitioned(bench), no_order(bench)]
    return joined(parts)


def disturbed_and_replayed(bench: Bench) -> Finding:
    """The proxy's whole programme, then its capture once more, then a new publisher with old packet ids."""
    with bench.victim(ledger_settings(bench.folder / "proxy")) as victim:
        victim.start()
        told: dict[str, Any] = {
            "start_ms": time.time_ns() // 1_000_000 - SPAN_MS,
            "step_ms": STEP_MS,
            "rate": LOAD_RATE,
        }
        told["file"] = str(bench.folder / "proxy.ledger")
        with Proxy(victim.settings.mqtt.port, bench.seed) as proxy:
            with Load(bench.orders(victim, port=proxy.port, **told)) as load:
                disturb(bench, proxy)
                finished = bool(load.finish(2 * bench.drain_s))
            # a client that counts its packets from 1 again
            with Load(bench.orders(victim, first_id=AGAIN_FIRST, count=AGAIN_COUNT, **told)) as load:
                finished &= load.wait(20.0)
                ledger = load.ledger
            wait_until_accounted(victim.settings, len(ledger.acked), bench.drain_s)
            repeats = replay(victim, proxy.capture, bench.drain_s)
            books = settle(victim, ledger, bench.drain_s)
    wrong = {**zeros(books), "did_not_get_through": int(not finished), **repeats.wrong}
    return Finding(books, wrong, {"proxy": {**repeats.figures, "connections": proxy.connections}})


def disturb(bench: Bench, proxy: Proxy) -> None:
    """Step after step; each ends with a cut, because a held or swallowed message comes again only then."""
    for name, mischief, seconds in STEPS:
        bench.say(name)
        proxy.mischief = mischief
        time.sleep(seconds / 2 if bench.brief else seconds)
        proxy.mischief = Mischief()
        proxy.cut()
        time.sleep(0.5)


def replay(victim: Victim, capture: list[bytes], timeout_s: float) -> Finding:
    """Yesterday's capture: acknowledged like any message, and no reading more in the store."""
    before = _counts(victim)
    acks = play(capture, victim.settings.mqtt.port)
    wait_until_accounted(victim.settings, before[0] + before[1] + acks, timeout_s)
    after = _counts(victim)
    wrong = {"replay_refused": len(capture) - acks, "replay_stored_anew": after[0] - before[0]}
    return Finding({}, wrong, {"replayed": acks, "duplicates": after[1]})


def _counts(victim: Victim) -> tuple[int, int]:
    reader = PackedReader(victim.settings.series_dir)
    try:
        counts = reader.counts()
    finally:
        reader.close()
    return counts.stored, counts.duplicates


def partitioned(bench: Bench) -> Finding:
    """A wire that is pulled and put back. Where no namespace may be made, it says so and the proxy's cuts must do."""
    try:
        with Link() as link, bench.victim(ledger_settings(bench.folder / "link")) as victim:
            return _pull_the_wire(bench, link, victim)
    except NotRun as reason:
        bench.say(f"no partition: {reason}")
        return Finding({}, {}, {"partition_not_run": str(reason)})


def _pull_the_wire(bench: Bench, link: Link, victim: Victim) -> Finding:
    victim.start()
    with Proxy(victim.settings.mqtt.port, bench.seed, host=link.here) as relay:
        orders = bench.orders(victim, host=link.here, port=relay.port, file=str(bench.folder / "link.ledger"))
        with Load(orders, link.wrapper) as load:
            time.sleep(1.5)
            for _ in range(PARTITIONS):
                link.cut()
                time.sleep(bench.random.uniform(0.2, LONGEST_PARTITION_S))
                link.heal()
                time.sleep(bench.random.uniform(0.5, 2.0))
            finished = load.finish(bench.drain_s)
            books = settle(victim, load.ledger, bench.drain_s)
    bench.say(f"{PARTITIONS} partitions: {finished}")
    wrong = {"did_not_get_through": int(not finished), "nothing_went_through_the_link": int(not books["acked"])}
    return Finding(books, {**zeros(books), **wrong}, {"partitions": PARTITIONS})


def no_order(bench: Bench) -> Finding:
    """The fleet wears until orders are open; then everything it sent comes again."""
    below = Bench(bench.folder / "whole", bench.seed, bench.name, tree=bench.tree)
    with WholeSystem(below, 2.5 * CLOCK_RATE) as system, Proxy(system.settings.mqtt.port, bench.seed) as proxy:
        with Fleet(system.settings, bench.seed, proxy.port) as fleet:
            time.sleep(FLEET_S)
            report = fleet.finish()
        wait_until_accounted(system.settings, int(report["readings_acked"]), 60.0)
        time.sleep(CALM_S)
        before = machine_orders(system.settings.records_url)
        acks = play(proxy.capture, system.settings.mqtt.port)
        time.sleep(CALM_S)
        after = machine_orders(system.settings.records_url)
    bench.say(f"{len(before)} orders before a replay of {acks} messages, {len(after)} after it")
    wrong = {"orders_by_replay": len(after - before), "no_orders_to_compare": int(not before)}
    return Finding({}, wrong, {"orders": {"before": len(before), "after": len(after), "messages_replayed": acks}})


def machine_orders(url: str) -> set[Any]:
    """Numbers of the orders for machines; those for silent sensors may come once the fleet has ended."""
    records = open_records(url)
    try:
        orders = OrderBookSql(records).orders(limit=10_000)
    finally:
        records.close()
    return {order.number for order in orders if str(order.kind) != "instrument"}
