"""`forewarn demo`: a fleet of simulated machines, the whole road on loopback, and at the end the truth beside it."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from forewarn.api.demo_progress import progress_line, progress_table
from forewarn.api.session import PlantSession, accelerated
from forewarn.api.views import moment
from forewarn.core.clock import US_PER_HOUR
from forewarn.core.work import OrderKind, Status, WorkOrder

PLANT_SECONDS_PER_SECOND = 10_800.0
ASSESS_EVERY_S = 6 * 3600.0
DUE_AFTER_ASSESSMENTS = 3


def run_demo(for_s: float | None, as_json: bool, seed: int, state_dir: Path | None, http_port: int, log: str) -> int:
    """Run the demo until Ctrl-C, SIGTERM or `for_s` seconds. Answers the exit status."""
    clock = accelerated(PLANT_SECONDS_PER_SECOND)
    publisher = ["fleet", "--seed", str(seed), "--rate", str(clock.rate)]
    with as_file(files("forewarn.simulators") / "demo_plant.yaml") as plant:
        session = PlantSession(plant, publisher, clock, ASSESS_EVERY_S, state_dir, http_port, log)
        try:
            session.start()
            _welcome(session)
            with _repairs(session):
                _watch(session, for_s)
            session.finish_publishing()
            summary = demo_summary(session, seed, for_s)
        finally:
            session.close()
    if as_json:
        print(json.dumps(summary), flush=True)
    else:
        _tell(summary)
    return 0


def demo_summary(session: PlantSession, seed: int, for_s: float | None) -> dict[str, Any]:
    """Books by query after drain, machines beside the simulator's truth, and the orders of this run."""
    counts, report = session.counts(), session.report
    orders = [
        o
        for o in session.main.parts.room.orders.orders(limit=10_000, evidence=False)
        if o.id not in session.orders_before
    ]
    scorer = session.main.parts.scorer
    return {
        "readings_acked": report.get("readings_acked"),
        "readings_stored": counts.stored,
        "duplicates": counts.duplicates,
        "conflicts": counts.conflicts,
        "quarantined": counts.quarantined + counts.summarised,
        "books_balance": report.get("readings_acked") == counts.acknowledged,
        "machines": [
            _machine(truth, orders, scorer.assessed_times(truth["asset"]), report["plant_until_us"])
            for truth in report.get("truth", [])
        ],
        "orders": [order_summary(o) for o in orders],
        "assessments": scorer.stats.assessments,
        "failures": scorer.stats.failures,
        "slowest_pass_s": round(scorer.stats.slowest_s, 3),
        "runs": [{"seed": seed, "for_s": for_s, "rate": PLANT_SECONDS_PER_SECOND}],
    }


def _machine(truth: dict[str, Any], orders: list[WorkOrder], assessed_us: list[int], now_us: int) -> dict[str, Any]:
    mine = [o for o in orders if o.asset == truth["asset"]]
    machine_orders = [o for o in mine if o.kind is not OrderKind.INSTRUMENT]
    inside = [at for at in assessed_us if truth["p_us"] is not None and truth["p_us"] <= at < truth["due_until_us"]]
    return {
        "asset": truth["asset"],
        "due": len(inside) >= DUE_AFTER_ASSESSMENTS,
        "healthy": truth["healthy"],
        "open_orders": sum(o.is_open or o.status is Status.COMP for o in machine_orders),
        "instrument_orders": sum(o.kind is OrderKind.INSTRUMENT for o in mine),
        "life_left_h": round((truth["f_us"] - now_us) / US_PER_HOUR, 1) if truth["f_us"] is not None else None,
        "fault": truth.get("fault"),
        "sensor_fault": truth.get("sensor_fault"),
    }


def order_summary(order: WorkOrder) -> dict[str, Any]:
    """One order as the bench contract names its fields."""
    return {
        "number": order.number,
        "asset": order.asset,
        "kind": str(order.kind),
        "status": str(order.status),
        "fault": str(order.causes[0].fault) if order.causes else None,
        "failure_mode": order.causes[0].failure_mode if order.causes else None,
        "order_by": moment(order.order_by_us).isoformat() if order.order_by_us is not None else None,
        "start_by": moment(order.start_by_us).isoformat() if order.start_by_us is not None else None,
        "rul_p10": order.rul_p10_h,
        "rul_p50": order.rul_p50_h,
        "rul_p90": order.rul_p90_h,
        "win_probability": order.win_probability,
        "parts": [{"part": line.part, "quantity": line.quantity} for line in order.parts],
        "title": order.title,
        "opened_at": moment(order.created_at_us).isoformat(),
    }


@contextmanager
def _repairs(session: PlantSession) -> Iterator[None]:
    """The virtual crew: whoever completes an order in the page repairs the simulated machine."""
    room = session.main.parts.room

    def on_change(change: tuple[str, str]) -> None:
        kind, id = change
        order = room.orders.order(id) if kind == "order" else None
        if order is not None and order.status is Status.COMP:
            for cause in order.causes:
                session.tell_publisher(
                    {"repair": {"asset": order.asset, "fault": str(cause.fault), "at_us": order.updated_at_us}}
                )

    end = room.hub.listen(on_change)
    try:
        yield
    finally:
        end()


def _welcome(session: PlantSession) -> None:
    print(
        f"\n  Forewarn demo: 12 simulated machines, 1 s = {PLANT_SECONDS_PER_SECOND / 3600:g} h\n"
        f"  Page (one-time login):  {session.main.login_url()}\n"
        f"  MQTT front door:        mqtt://127.0.0.1:{session.main.mqtt_port}\n"
        f"  Stop with Ctrl-C.\n",
        file=sys.stderr,
        flush=True,
    )


def _watch(session: PlantSession, for_s: float | None) -> None:
    """Show progress until the time is over, Ctrl-C, or a server that ended."""
    from rich.console import Console
    from rich.live import Live

    console = Console(stderr=True)
    started = time.monotonic()
    try:
        if console.is_terminal:
            with Live(console=console, auto_refresh=False) as live:
                while not _finished(session, started, for_s):
                    live.update(progress_table(session, time.monotonic() - started), refresh=True)
        else:
            while not _finished(session, started, for_s):
                if int(time.monotonic() - started) % 10 == 0:
                    print(progress_line(session, time.monotonic() - started), file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        print("\nStopping: waiting for what is acknowledged to be stored ...", file=sys.stderr)


def _finished(session: PlantSession, started: float, for_s: float | None) -> bool:
    time.sleep(1.0)
    session.main.parts.room.meter.see(session.counts().stored)
    elapsed = time.monotonic() - started
    return (for_s is not None and elapsed >= for_s) or session.main.ended or session.publisher_ended()


def _tell(summary: dict[str, Any]) -> None:
    print(f"Readings acknowledged {summary['readings_acked']}, stored {summary['readings_stored']}.")
    for order in summary["orders"]:
        print(f"{order['number']}  {order['title']}")
