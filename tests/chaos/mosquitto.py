"""Mosquitto in front: what it delivered is never lost, and what it lost is never silent.

The publisher sends numbered messages to Debian's Mosquitto, ingest listens to it, and a tap between the two
notes which messages ingest acknowledged to the broker. Both are killed in turn; the broker while ingest is frozen, so
that it takes acknowledged messages with it. At the end the ids that the broker had acknowledged and that are not stored
must be exactly those inside the gaps that Forewarn reports.
"""

from __future__ import annotations

import re
import shutil
import signal
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from forewarn.api.settings import Settings
from forewarn.core.telemetry import Gap
from forewarn.ingest.store.reader import PackedReader
from tests.chaos.ledger import Ledger
from tests.chaos.load import Load
from tests.chaos.proxy import Proxy
from tests.chaos.scenario import Bench, Finding, books_of, need, zeros
from tests.chaos.strace import honesty_of, watching
from tests.chaos.verdict import stored_ids
from tests.chaos.victim import NAMES, Victim, accounted, ledger_settings
from tests.servers import Mosquitto

KILLS, BRIEF_KILLS = 6, 4
RATE = 400.0
FROZEN_S = 1.0
LISTENING_S, CALM_S, DRAIN_S = 90.0, 3.0, 60.0
_VALUE = re.compile(rb'\{"value":(\d+),')
PERSISTENCE = "persistence true\npersistence_location @/\nautosave_on_changes true\nautosave_interval 1000\n"


@dataclass(slots=True)
class Delivered:
    """Ids that the broker handed over and ingest acknowledged to it, over all connections."""

    acked: set[int] = field(default_factory=set)

    def tap(self) -> _Connection:
        """For one connection: packet ids mean something only there."""
        return _Connection(self.acked)


class _Connection:
    def __init__(self, acked: set[int]) -> None:
        self._acked, self._handed = acked, dict[bytes, int]()

    def down(self, packet: bytes) -> None:
        """A PUBLISH with QoS 1: its packet id stands behind the topic."""
        found = _VALUE.search(packet)
        if packet[0] & 0xF6 == 0x32 and found:
            topic_at = 2 if packet[1] < 0x80 else 3
            id_at = topic_at + 2 + int.from_bytes(packet[topic_at : topic_at + 2])
            self._handed[packet[id_at : id_at + 2]] = int(found[1])

    def up(self, packet: bytes) -> None:
        """A PUBACK of ingest."""
        if packet[0] == 0x40 and (handed := self._handed.pop(packet[2:4], None)) is not None:
            self._acked.add(handed)


def run(bench: Bench) -> Finding:
    """See the module."""
    need("mosquitto")
    delivered = Delivered()
    broker = Mosquitto("mosquitto", bench.folder, PERSISTENCE.replace("@", str(bench.folder)))
    try:
        with Proxy(broker.port, bench.seed, new_tap=delivered.tap) as proxy:
            settings = behind(ledger_settings(bench.folder), proxy.port)
            with bench.victim(settings) as victim:
                victim.start(*(watching(bench.folder / "trace") if shutil.which("strace") else ()))
                orders = bench.orders(victim, port=broker.port, rate=RATE, numbered=True)
                with Load(orders) as load:
                    listening = flows(victim)
                    listening &= strike(bench, broker, victim)
                    finished = load.finish(bench.drain_s)
                    ledger = load.ledger
                    wait_until_quiet(settings)
                victim.stop()
    finally:
        broker.stop()
    found = verdict(settings, ledger, delivered.acked, listening and bool(finished), proxy.connections)
    if not shutil.which("strace"):
        return replace(found, figures={**found.figures, "first_life_not_traced": "strace is not installed"})
    early = honesty_of(bench.folder / "trace").acked_before_fsync
    return replace(found, wrong={**found.wrong, "acked_before_fsync": early})


def behind(settings: Settings, port: int) -> Settings:
    """The same settings with a broker to listen to."""
    broker = {"host": "127.0.0.1", "port": port, "filters": ["ledger/#"], "client_id": "forewarn-chaos"}
    told = settings.model_dump()
    return Settings.model_validate({**told, "brokers": {"hall": broker}})


def flows(victim: Victim) -> bool:
    """Do readings come in?"""
    before, deadline = accounted(victim.settings), time.monotonic() + LISTENING_S
    while accounted(victim.settings) <= before:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def strike(bench: Bench, broker: Mosquitto, victim: Victim) -> bool:
    """Kill the one and the other in turn, at random moments; does it flow again after each?"""
    flowed = True
    for kill in range(BRIEF_KILLS if bench.brief else KILLS):
        time.sleep(bench.random.uniform(0.5, 2.5))
        if kill % 2 == 0:
            victim.signal(signal.SIGSTOP)
            time.sleep(FROZEN_S)
            broker.kill()
            broker.start()
            victim.signal(signal.SIGCONT)
        if kill % 2 or bench.brief or bench.random.random() < 0.5:
            victim.kill()
            victim.start()
        flowed &= flows(victim)
        bench.say(f"kill {kill + 1}: {'broker' if kill % 2 == 0 else 'ingest'}")
    time.sleep(CALM_S)
    return flowed


def wait_until_quiet(settings: Settings) -> None:
    """Until nothing has come for a while: how much will come nobody knows."""
    last, deadline = -1, time.monotonic() + DRAIN_S
    while (now := accounted(settings)) != last and time.monotonic() < deadline:
        last = now
        time.sleep(CALM_S)


def verdict(settings: Settings, ledger: Ledger, delivered: set[int], flowed: bool, connections: int) -> Finding:
    """What the broker lost is taken out of what is expected, once it is known to be told."""
    stored = stored_ids(settings.series_dir, NAMES)
    lost_by_broker = ledger.acked - stored - delivered
    told = ids_in(gaps_of(settings.series_dir), len(NAMES))
    lost_after_delivery = len(delivered & ledger.attempted - stored)
    books = books_of(settings, Ledger(ledger.attempted, ledger.acked - lost_by_broker))
    lost = ledger.acked - stored
    wrong = {
        **zeros(books),
        "lost_after_delivery": lost_after_delivery,
        "lost_in_silence": len(lost - told),
        "gaps_that_are_none": len(told - lost),
        "did_not_flow_again": int(not flowed),
        "broker_lost_nothing": int(not lost),
    }
    figures = {
        "lost_after_delivery": lost_after_delivery,
        "lost_ids_equal_gaps": lost == told,
        "lost_by_broker": len(lost),
        "delivered": len(delivered),
        "connections": connections,
    }
    return Finding(books, wrong, figures)


def gaps_of(series_dir: Path) -> list[Gap]:
    """Every gap that is reported."""
    reader = PackedReader(series_dir)
    try:
        return reader.gaps(limit=1_000_000)
    finally:
        reader.close()


def ids_in(gaps: list[Gap], topics: int) -> set[int]:
    """The ids that gaps stand for: a topic numbers every so manieth id."""
    place = {name: i for i, name in enumerate(NAMES)}
    return {turn * topics + place[gap.stream] for gap in gaps for turn in range(gap.first, gap.last + 1)}
