"""Orders beside a million closed ones: `sh run bench orders --json`, SQLite and PostgreSQL side by side.

The past is loaded by the product's own import of history (`maintenance.plans.history_book`): closed orders of 10,000
assets over ten years, each with its cause, report lines and row of the audit chain. Then, against the books that the
running system uses, all durable (fsync on, also PostgreSQL's):

- `decisions_per_s`: assessments of 10,000 assets, one in twenty in alarm, kept and turned into decisions: advice for
  each, orders for those that need one (none where an order of the last days keeps it quiet), batches of 500 as the
  scorer makes them.
- `decision_to_order_p99_ms`: from an advice in hand to the order's durable transaction (order, cause, parts, audit row,
  message), one caller.
- `order_list_p99_ms`: pages of 200 orders without evidence: the newest, the open ones, those of an asset, and pages far
  in the past (`before`).
- `asset_file_p99_ms`: the whole-life file of an asset, first page of 50 orders with sums, parts, costs, models and
  changes; machines without sensors, so that only the records are measured.
"""

from __future__ import annotations

import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.report import finish, parser, say
from forewarn.core.clock import US_PER_DAY, US_PER_HOUR
from forewarn.core.faults import Fault
from forewarn.core.health import AnomalyScore, Assessment, Hypothesis, ModelRef, RulForecast, State
from forewarn.core.plant import Asset, Component, FaultPlan, Part, PartLine, Plant
from forewarn.core.ports import Actor
from forewarn.core.work import Advice, OrderKind
from forewarn.ingest.store.memory import MemoryStore
from forewarn.maintenance.advice import advise
from forewarn.maintenance.assessment_book import AssessmentBook
from forewarn.maintenance.evidence import assessment_json
from forewarn.maintenance.orders.asset_file import AssetFileRows
from forewarn.maintenance.orders.worked import WorkedOrders
from forewarn.maintenance.plans.history_book import HistoryBook
from forewarn.maintenance.plans.history_file import HistoryMap, Parsed, PastOrder
from forewarn.maintenance.records import Records, open_records
from forewarn.pipeline.asset_file import asset_file

ASSETS = 10_000
YEARS = 10
END_US = 1_800_000_000_000_000
LOADED_AT_ONCE = 10_000
JUDGED_AT_ONCE = 500
ALARM_EVERY = 20
READS = 400
IMPORTER = Actor("import", "planner")
FAULTS = tuple(
    Fault(component, mechanism)
    for component, mechanism in (
        ("de_bearing", "outer_race_spall"),
        ("rotor", "imbalance"),
        ("seal", "leak"),
        ("winding", "overheating"),
    )
)
PLAN = FaultPlan(FAULTS[0], "VIB", (PartLine("6205"),), repair_hours=8.0, steps=("Isolate", "Replace the bearing"))
PLANT = Plant("works", (), (), (Part("6205", "Bearing 6205", lead_p50_days=5.0, lead_p90_days=7.0),))
MODEL = ModelRef("signature", "3", "abc123")


def asset(number: int) -> Asset:
    """One of the machines."""
    parts = (Component("de_bearing", "bearing"), Component("rotor", "rotor"))
    return Asset(name_of(number), name_of(number), "pump", "north", "hall", components=parts, faults=(PLAN,))


def name_of(number: int) -> str:
    """Id of an asset."""
    return f"pump-{number:05d}"


def past(first: int, count: int, of: int, seed: int) -> Parsed:
    """Rows first .. first + count of the history, as the parser of a file would give them."""
    rng = random.Random(f"{seed} {first}")
    step_us = YEARS * 365 * US_PER_DAY // of
    orders = tuple(_past_order(n, END_US - (of - n) * step_us, rng) for n in range(first, first + count))
    return Parsed(orders, (), {})


def _past_order(n: int, at_us: int, rng: random.Random) -> PastOrder:
    fault = rng.choice(FAULTS)
    words = {"system": fault.component, "part": rng.choice(("6205", "6310", "seal kit")), "failure_mode": "worn"}
    text = f"{fault.component} worn, replaced"
    kind = rng.choice((OrderKind.CORRECTIVE, OrderKind.CONDITION, OrderKind.PREVENTIVE))
    cost = round(rng.uniform(50.0, 5_000.0), 2)
    key = f"{n:08d}"
    return PastOrder(
        n + 2, key, key, name_of(rng.randrange(ASSETS)), at_us, kind, text, (fault.component,), "VIB", cost, None, words
    )


def load(records: Records, count: int, seed: int) -> float:
    """Import so many closed orders; seconds it took."""
    book, began = HistoryBook(records), time.monotonic()
    for first in range(0, count, LOADED_AT_ONCE):
        some = min(LOADED_AT_ONCE, count - first)
        source = HistoryMap(f"past-{first // LOADED_AT_ONCE}", {})
        report = book.apply(past(first, some, count, seed), source, IMPORTER, END_US)
        if report.new != some:
            raise RuntimeError(f"{report.new} of {some} orders were imported")
        done = first + some
        if done % (10 * LOADED_AT_ONCE) == 0 or done == count:
            say(f"{records.dialect}: {done} closed orders after {time.monotonic() - began:.0f} s")
    return time.monotonic() - began


def assessed(number: int, at_us: int) -> Assessment:
    """What a model says of a machine: one in twenty is in alarm."""
    alarm = number % ALARM_EVERY == 0
    forecast = RulForecast(FAULTS[0], np.array([0.1, 0.5, 0.9]), np.array([240.0, 300.0, 480.0]), 5_000.0, MODEL)
    return Assessment(
        asset=name_of(number),
        at_us=at_us,
        span_us=(at_us - 240 * US_PER_HOUR, at_us),
        state=State.ALARM if alarm else State.NORMAL,
        health=40.0 if alarm else 95.0,
        anomaly=AnomalyScore(0.93 if alarm else 0.1, 0.5, ()),
        diagnosis=(Hypothesis(FAULTS[0], "VIB", 0.8, (), (), "Envelope at BPFO"),) if alarm else (),
        forecasts=(forecast,) if alarm else (),
        sensor_problems=(),
        model=MODEL,
    )


def decided(records: Records) -> dict[str, float]:
    """One look at the whole plant: every assessment kept, every advice taken."""
    orders, assessments = WorkedOrders(records), AssessmentBook(records)
    plant = [asset(number) for number in range(ASSETS)]
    at_us, cooling, opened_ms = END_US + US_PER_HOUR, 0, list[float]()
    began = time.monotonic()
    for first in range(0, ASSETS, JUDGED_AT_ONCE):
        said = [assessed(number, at_us) for number in range(first, min(first + JUDGED_AT_ONCE, ASSETS))]
        assessments.save_all([assessment_json(one) for one in said])
        advices: list[Advice] = [a for one in said for a in advise(one, plant[int(one.asset[-5:])], PLANT)]
        for advice in advices:
            before = time.perf_counter()
            outcome = orders.advise(advice)
            if outcome.what == "opened":
                opened_ms.append((time.perf_counter() - before) * 1_000)
            cooling += outcome.what == "cooling_down"
    seconds, opened = time.monotonic() - began, len(opened_ms)
    if opened + cooling != ASSETS // ALARM_EVERY or not opened:
        raise RuntimeError(f"{opened} orders were opened and {cooling} advices fell into a cool-down")
    say(f"{records.dialect}: {ASSETS} assessments, {opened} orders in {seconds:.1f} s")
    return {
        "decision_to_order_p99_ms": p99(opened_ms),
        "decision_to_order_p50_ms": round(float(np.median(opened_ms)), 2),
        "decisions_per_s": round(ASSETS / seconds, 1),
        "orders_opened": opened,
    }


def read(records: Records, closed: int, seed: int) -> dict[str, float]:
    """Lists and files, in the mix that people ask for them."""
    orders, rows, empty, rng = WorkedOrders(records), AssetFileRows(records), MemoryStore(), random.Random(seed)

    def anywhere() -> str:
        return f"WO-{rng.randrange(1, closed + 1):06d}"

    def somebody() -> str:
        return name_of(rng.randrange(0, ASSETS, ALARM_EVERY))

    lists: list[Callable[[], object]] = [
        lambda: orders.orders(limit=200, evidence=False),
        lambda: orders.orders(limit=200, evidence=False, open_only=True),
        lambda: orders.orders(limit=200, evidence=False, asset=somebody()),
        lambda: orders.orders(limit=200, evidence=False, before=anywhere()),
    ]

    def file() -> object:
        return asset_file(somebody(), None, rows, empty, empty, END_US + US_PER_HOUR)

    list_ms = [took_ms(lists[n % len(lists)]) for n in range(READS)]
    file_ms = [took_ms(file) for _ in range(READS)]
    say(f"{records.dialect}: lists {p99(list_ms)} ms, files {p99(file_ms)} ms (p99)")
    return {
        "order_list_p99_ms": p99(list_ms),
        "order_list_p50_ms": round(float(np.median(list_ms)), 2),
        "asset_file_p99_ms": p99(file_ms),
        "asset_file_p50_ms": round(float(np.median(file_ms)), 2),
    }


def took_ms(ask: Callable[[], object]) -> float:
    """Milliseconds of one answer, which is not empty."""
    began = time.perf_counter()
    if not ask():
        raise RuntimeError("an empty answer")
    return (time.perf_counter() - began) * 1_000


def p99(values: list[float]) -> float:
    """Of every hundred, the one that all but one beat."""
    return round(float(np.quantile(values, 0.99)), 2)


@contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """URL of new records; a PostgreSQL of our own that writes to disk before it says so."""
    if kind == "sqlite":
        yield f"sqlite:///{folder}/records.db"
        return
    from tests.postgresql import Postgresql

    server = Postgresql(durable=True, settings=("shared_buffers=512MB",))
    try:
        yield server.database()
    finally:
        server.remove()


def measured(kind: str, closed: int, seed: int, folder: Path) -> dict[str, float]:
    """All figures of one kind of database."""
    with database(kind, folder) as url:
        records = open_records(url)
        try:
            seconds = load(records, closed, seed)
            tidy(records)
            loaded = {"loaded_per_s": round(closed / max(seconds, 1e-9), 1)}
            return {**decided(records), **read(records, closed, seed), **loaded}
        finally:
            records.close()


def tidy(records: Records) -> None:
    """What PostgreSQL does by itself within a minute of such a load: look at its tables."""
    if records.dialect == "postgresql":
        with records.write() as connection:
            connection.exec_driver_sql("ANALYZE")


def main() -> None:
    """Both databases, one after the other."""
    made = parser(__doc__)
    made.add_argument("--closed", type=int, default=1_000_000, help="closed orders to begin with (default 1000000)")
    made.add_argument("--only", choices=("sqlite", "postgresql"), help="one of the two")
    asked = made.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="forewarn-bench-"))
    result: dict[str, Any] = {"closed_orders": asked.closed, "assets": ASSETS}
    try:
        for kind in (asked.only,) if asked.only else ("sqlite", "postgresql"):
            result[kind] = measured(kind, asked.closed, asked.seed, folder)
    finally:
        shutil.rmtree(folder)
    finish(result, asked.out)


if __name__ == "__main__":
    main()
