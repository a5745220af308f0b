"""A plant with a past, in minutes: a simulated works lives for months, and the product watches it from day to day.

Readings go into the real series stores, the real scorer assesses them as of each simulated day and opens orders, and a
simulated crew works them off: it approves, takes the machine apart, repairs what it finds and tells the finding. Only
the sensors and the crew are simulated. What comes out is a state folder to try training, what-if and notebooks on.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np

from forewarn.api import wiring, wiring_ingest
from forewarn.api.settings import Settings
from forewarn.core.clock import US_PER_DAY, US_PER_HOUR, US_PER_S
from forewarn.core.errors import Rejected
from forewarn.core.failure_codes import UNKNOWN_CODES
from forewarn.core.faults import MECHANISMS, Fault
from forewarn.core.plant import Plant
from forewarn.core.ports import Actor, SeriesWriter
from forewarn.core.readings import Readings, Waveform
from forewarn.core.work import Advice, Decision, Json, OrderKind, Status, Verification, WorkOrder
from forewarn.maintenance.orders.findings import codes_asked, usual_codes
from forewarn.simulators.vibration import SAMPLE_RATE_HZ
from forewarn.simulators.works import SCALAR_US, WAVEFORM_EVERY, Told, Works

LOOK_US = US_PER_DAY
SOONEST_US, LATEST_US = 1 * US_PER_DAY, 12 * US_PER_DAY  # from an order to its work; in between a day before "start by"
NOTICED_US = 4 * US_PER_HOUR  # after a breakdown
CREW = Actor("simulated crew", "technician")


@dataclass
class Lived:
    """What the works went through."""

    days: float
    readings: int = 0
    waveforms: int = 0
    assessments: int = 0
    orders: int = 0
    findings: dict[str, int] = field(default_factory=dict)
    breakdowns: int = 0


def live(
    folder: Path,
    days: float = 120.0,
    seed: int = 1,
    say: Callable[[str], object] = lambda text: None,
    end_us: int | None = None,
) -> Lived:
    """Make a state folder with so many days of a simulated works, up to `end_us` (UTC; default: the last midnight).
    About half a second for each day.

    Raises Rejected when the folder holds something already, or for less than 20 days (a baseline takes so long).
    """
    if days < 20:
        raise Rejected(
            "too_short", f"{days:g} days show nothing: a machine's baseline alone takes two weeks; at least 20"
        )
    if folder.exists() and any(folder.iterdir()):
        raise Rejected("folder_not_empty", f"{folder} holds something already: name a new folder")
    folder.mkdir(parents=True, exist_ok=True)
    with as_file(files("forewarn.simulators") / "demo_plant.yaml") as plant:
        (folder / "plant.yaml").write_text(at_the_pace_of_works(plant.read_text()))
    ends_us = end_us if end_us is not None else time.time_ns() // 1000 // US_PER_DAY * US_PER_DAY
    origin_us = ends_us - round(days) * US_PER_DAY
    sandbox = _Sandbox(Settings(state_dir=folder, plant=folder / "plant.yaml"), seed, origin_us)
    try:
        return sandbox.run(days, say)
    finally:
        sandbox.close()


def at_the_pace_of_works(plant: str) -> str:
    """The demo's plant file with the periods at which a works of months speaks; the demo itself speaks more often.

    >>> at_the_pace_of_works("a: {period_s: 600}\\nb: {period_s: 7200}").splitlines()
    ['a: {period_s: 3600}', 'b: {period_s: 21600}']
    """
    slower = {"600": SCALAR_US // US_PER_S, "7200": WAVEFORM_EVERY * SCALAR_US // US_PER_S}
    return re.sub(r"period_s: (600|7200)\b", lambda found: f"period_s: {slower[found[1]]}", plant)


class _Sandbox:
    """Stores, scorer and crew around one works; its clock is moved by hand."""

    def __init__(self, settings: Settings, seed: int, origin_us: int) -> None:
        from forewarn.pipeline.plant_file import load_plant

        self._plant: Plant = load_plant(settings.plant)
        self._works = Works(seed, origin_us)
        self._now_us = origin_us
        self._raw: SeriesWriter = wiring_ingest.raw_store(settings)
        self._numbers = dict(zip(self._names(), self._raw.assign(self._names()), strict=True))
        self._parts = wiring.main_parts(settings, self._plant, lambda: self._now_us)
        self._scorer = self._parts.scorer
        self._orders = self._parts.room.orders
        self._lived = Lived(0.0)

    def _names(self) -> list[str]:
        return [spec.name for spec in self._plant.signals]

    def run(self, days: float, say: Callable[[str], object]) -> Lived:
        """Day by day: readings, a look, and what the crew does about it."""
        looks = round(days) * US_PER_DAY // LOOK_US
        for look in range(1, looks + 1):
            start_us, self._now_us = self._now_us, self._works.origin_us + look * LOOK_US
            self._write(list(self._works.readings(start_us, self._now_us)))
            self._lived.assessments += self._scorer.run_once()
            self._notice_breakdowns()
            self._work_off()
            if look % 10 == 0:
                say(f"day {look * LOOK_US // US_PER_DAY} of {days:g}: {self._lived.orders} orders")
        self._lived.days = looks * LOOK_US / US_PER_DAY
        return self._lived

    def close(self) -> None:
        """Release the files."""
        self._parts.close()
        self._raw.close()

    def _write(self, told: list[Told]) -> None:
        rows = [
            (number, each.at_us, value)
            for each in told
            for signal, value in each.row.items()
            if (number := self._numbers.get(f"{each.asset}/{signal}")) is not None
        ]
        series, at, value = zip(*sorted(rows), strict=True)
        waves = [
            Waveform(self._numbers[f"{each.asset}/vib_de"], each.at_us, SAMPLE_RATE_HZ, each.waveform)
            for each in told
            if each.waveform is not None
        ]
        self._raw.write(self._raw.position + 1, Readings.of(series, at, np.asarray(value).tolist()), waves, [])
        self._raw.flush()
        self._lived.readings += len(rows)
        self._lived.waveforms += len(waves)

    def _notice_breakdowns(self) -> None:
        """Whoever finds a machine standing raises a corrective order, where none of the right kind is open."""
        for asset in self._plant.assets:
            fault = self._works.fault_of(asset.id, self._now_us)
            if fault is None or not self._works.broken(asset.id, self._now_us):
                continue
            if not self._orders.orders(open_only=True, asset=asset.id):
                self._lived.breakdowns += 1
                self._orders.advise(_breakdown(asset.id, fault, self._now_us))

    def _work_off(self) -> None:
        for order in self._orders.orders(open_only=True, evidence=False):
            if order.kind is not OrderKind.INSTRUMENT and self._now_us >= starts_us(order):
                self._repair(order)

    def _repair(self, order: WorkOrder) -> None:
        """The crew opens the machine, mends what it finds there, and says so."""
        told = order.causes[0].fault if order.causes else None
        found = self._works.fault_of(order.asset, self._now_us)
        finding = "not_found" if found is None else "confirmed" if found == told else "partly"
        if found is not None:
            self._works.repair(order.asset, found.component, self._now_us)
        report: Json = {"note": "simulated", "hours": order.repair_hours}
        if order.kind is OrderKind.CONDITION:
            report["finding"] = finding
            self._lived.findings[finding] = self._lived.findings.get(finding, 0) + 1
            if found is not None and finding != "not_found":
                report["fault_found"] = str(found)
        codes: Json = UNKNOWN_CODES | usual_codes(order, report) | {"failure_cause": "3.4"}
        codes["activity"] = "6" if finding == "not_found" else "1" if order.parts else "2"
        report |= {key: codes[key] for key in codes_asked(order, report)}
        for status in (Status.APPR, Status.INPRG, Status.COMP):
            told_now = report if status is Status.COMP else None
            order = self._orders.act(order.id, status, CREW, order.revision, self._now_us, told_now)
        self._orders.verify(order.id, Verification.WAIVED, CREW, self._now_us)
        kept = self._orders.order(order.id)
        assert kept is not None  # it was verified a line ago
        self._orders.act(kept.id, Status.CLOSE, CREW, kept.revision, self._now_us)
        self._lived.orders += 1


def starts_us(order: WorkOrder) -> int:
    """When the crew begins: a breakdown at once, anything else a day before it has to be started."""
    if order.kind is OrderKind.CORRECTIVE:
        return order.created_at_us + NOTICED_US
    wanted_us = (order.start_by_us or order.created_at_us) - US_PER_DAY
    return min(max(wanted_us, order.created_at_us + SOONEST_US), order.created_at_us + LATEST_US)


def _breakdown(asset: str, fault: Fault, at_us: int) -> Advice:
    mode = MECHANISMS[fault.mechanism].mode
    title, why = f"Breakdown, {asset}", "Found standing."
    return Advice(
        asset, fault, mode, OrderKind.CORRECTIVE, Decision.OPEN, why, 1, title, at_us, {"raised_by": CREW.name}
    )
