"""`forewarn replay`: recorded machines through real MQTT, as a gateway would send them, into the running system."""

from __future__ import annotations

import json
import sys
import time
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from forewarn.api.demo import order_summary
from forewarn.api.session import PlantSession, accelerated
from forewarn.core.work import OrderKind, WorkOrder

SNAPSHOT_EVERY_S = 10.0


def run_replay(
    data: Path, bearing: str, speed: float, as_json: bool, state_dir: Path | None, http_port: int, log: str
) -> int:
    """Play one bearing's life. Answers the exit status; 2 when the recording is not there."""
    if not (data / f"{bearing}.parquet").is_file():
        known = sorted(p.stem for p in data.glob("*.parquet"))
        print(
            f"There is no {bearing}.parquet in {data}; there are: {', '.join(known) or 'no parquet files'}",
            file=sys.stderr,
        )
        return 2
    clock = accelerated(speed)
    publisher = ["pronostia", "--data", str(data), "--bearing", bearing, "--speed", str(speed)]
    with as_file(files("forewarn.simulators") / "pronostia_plant.yaml") as plant:
        session = PlantSession(plant, publisher, clock, SNAPSHOT_EVERY_S, state_dir, http_port, log)
        try:
            session.start()
            print(f"Replaying {bearing} at {speed:g} x. Page: {session.main.login_url()}", file=sys.stderr, flush=True)
            _follow(session)
            session.finish_publishing()
            summary = _summary(session, bearing, speed)
        finally:
            session.close()
    print(json.dumps(summary) if as_json else _words(summary), flush=True)
    return 0


def _follow(session: PlantSession) -> None:
    told = 0
    while not session.publisher_ended():
        time.sleep(1.0)
        orders = _machine_orders(session)
        if len(orders) > told:
            told = len(orders)
            print(f"Order opened: {orders[0].title}", file=sys.stderr, flush=True)


def _machine_orders(session: PlantSession) -> list[WorkOrder]:
    orders = session.main.parts.room.orders.orders(limit=1000)
    return [o for o in orders if o.kind is not OrderKind.INSTRUMENT and o.id not in session.orders_before]


def _summary(session: PlantSession, bearing: str, speed: float) -> dict[str, Any]:
    life_s = float(session.report["life_s"])
    orders = sorted(_machine_orders(session), key=lambda o: o.created_at_us)
    first = orders[0] if orders else None
    opened_s = (first.created_at_us - session.settings.clock.origin_plant_us) / 1e6 if first else None
    counts = session.counts()
    return {
        "bearing": bearing,
        "life_s": life_s,
        "order_opened": first is not None,
        "opened_at_s": opened_s,
        "lead_s": life_s - opened_s if opened_s is not None else None,
        "lead_share_of_life": (life_s - opened_s) / life_s if opened_s is not None else None,
        "failure_mode": first.causes[0].failure_mode if first else None,
        "fault": str(first.causes[0].fault) if first else None,
        "orders": [order_summary(o) for o in orders],
        "readings_acked": session.report.get("readings_acked"),
        "readings_stored": counts.stored,
        "duplicates": counts.duplicates,
        "conflicts": counts.conflicts,
        "quarantined": counts.quarantined,
        "runs": [{"speed": speed, "assessments": session.main.parts.scorer.stats.assessments}],
    }


def _words(summary: dict[str, Any]) -> str:
    if not summary["order_opened"]:
        return f"{summary['bearing']}: no order in a life of {summary['life_s']:.0f} s"
    return (
        f"{summary['bearing']}: order at {summary['opened_at_s']:.0f} s of {summary['life_s']:.0f} s, "
        f"{summary['lead_s']:.0f} s ({summary['lead_share_of_life']:.0%} of the life) before the end; "
        f"{summary['fault']} ({summary['failure_mode']})"
    )
