"""The thread that looks after work in the main process: verification, slips, clocks, advice that was muted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from forewarn.api.settings import Settings
from forewarn.api.work_desk import WorkDesk
from forewarn.core.clock import US_PER_HOUR
from forewarn.maintenance.orders.departments import Department

if TYPE_CHECKING:
    from forewarn.api.state import Plantroom
    from forewarn.maintenance.orders.verification_book import VerificationBook
    from forewarn.maintenance.orders.worked import WorkedOrders
    from forewarn.maintenance.records import Records
    from forewarn.pipeline.verification import Verifier

log = structlog.get_logger(__name__)

LEAST_S = 1.0
"""Wall seconds between two looks of one chore at least, however fast plant time runs."""


@dataclass(frozen=True, slots=True)
class Chore:
    """Something that is done every so many plant seconds; `run` is given the plant time and says how much it did."""

    name: str
    every_s: float
    run: Callable[[int], int]


class WorkWatch:
    """Runs chores until `stop()`, each at its own pace. What goes wrong in one is told, and the others go on."""

    def __init__(self, chores: list[Chore], now_us: Callable[[], int], rate: float) -> None:
        self.chores, self._now_us = chores, now_us
        self._pace_s = {chore.name: max(chore.every_s / rate, LEAST_S) for chore in chores}
        self._due_s = dict.fromkeys(self._pace_s, 0.0)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="work-watch", daemon=True)

    def start(self) -> None:
        """Look from now on."""
        self._thread.start()

    def stop(self) -> None:
        """End after the chore that is running."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(10.0)

    def look_once(self, wall_s: float | None = None) -> dict[str, int]:
        """Every chore whose time has come (None: all of them): what each did. -1: it failed."""
        done: dict[str, int] = {}
        for chore in self.chores:
            if wall_s is not None and wall_s < self._due_s[chore.name]:
                continue
            self._due_s[chore.name] = (wall_s or 0.0) + self._pace_s[chore.name]
            try:
                done[chore.name] = chore.run(self._now_us())
            except Exception as error:
                done[chore.name] = -1
                log.error("chore_failed", chore=chore.name, error=str(error), kind=type(error).__name__, exc_info=True)
        return done

    def _run(self) -> None:
        while not self._stopping.wait(LEAST_S):
            self.look_once(time.monotonic())


def work_of(settings: Settings, room: Plantroom, records: Records, orders: WorkedOrders) -> WorkWatch:
    """Give the room its desk of work; the watch that looks after it."""
    from forewarn.api.buying_desk import buying_of
    from forewarn.api.demand_desk import demand_of
    from forewarn.api.plans_desk import plans_of

    room.work = desk = _desk(settings, room, records, orders)
    chores = [
        Chore("verification", 60.0, desk.verifier.run_once),
        Chore("muted", 60.0, orders.look_again),
        Chore("departments", 60.0, lambda now_us: len(desk.departments.warn(now_us))),
        Chore("deadlines", 300.0, lambda now_us: len(desk.deadlines.escalate(now_us))),
        plans_of(room, records, orders),
        buying_of(room, records, orders, desk.owners[Department.PURCHASING]),
        *demand_of(settings.demand, room, records, orders),
    ]
    if room.stock is not None:
        chores.append(Chore("stock", 3600.0, room.stock.look))
    if room.autonomy is not None and settings.autonomy.measure_every_h:
        measure = room.autonomy.measure
        every_s = settings.autonomy.measure_every_h * 3600
        chores.append(Chore("autonomy", every_s, lambda now_us: len(measure(now_us))))
    return WorkWatch(chores, room.now_us, room.clock.rate)


def _desk(settings: Settings, room: Plantroom, records: Records, orders: WorkedOrders) -> WorkDesk:
    from forewarn.maintenance.orders.asset_file import AssetFileRows
    from forewarn.maintenance.orders.deadlines_book import DeadlineBook
    from forewarn.maintenance.orders.departments_book import DepartmentBook
    from forewarn.maintenance.orders.verification_book import VerificationBook

    verified = VerificationBook(records, orders)
    return WorkDesk(
        DepartmentBook(records),
        DeadlineBook(records, settings.deadlines.rules()),
        orders.mutes,
        verified,
        _verifier(settings, room, orders, verified),
        AssetFileRows(records),
        {department: str(getattr(settings.departments, department.value)) for department in Department},
        settings.departments.notice_h,
    )


def _verifier(settings: Settings, room: Plantroom, orders: WorkedOrders, verified: VerificationBook) -> Verifier:
    from forewarn.models.verification import VerifySettings
    from forewarn.pipeline.scoring import assess_settings
    from forewarn.pipeline.verification import Verifier

    assessing = assess_settings(room.clock, settings.scoring.false_alarms_per_asset_year)
    return Verifier(
        lambda: room.plant,
        room.reader,
        room.derived,
        orders,
        verified,
        room.assessments,
        VerifySettings(settings.verification.hours, assessing.detector),
        assessing,
        round(settings.verification.look_every_h * US_PER_HOUR),
        room.hub.publish,
    )
