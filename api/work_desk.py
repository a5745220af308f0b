"""What the routes of work ask: steps of other departments, clocks, verification by the signals, what is muted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from forewarn.core.clock import US_PER_DAY
from forewarn.core.plant import Plant
from forewarn.core.work import WorkOrder
from forewarn.maintenance.orders.asset_file import AssetFileRows
from forewarn.maintenance.orders.deadlines import Urgency, dynamic_priority
from forewarn.maintenance.orders.deadlines_book import DeadlineBook
from forewarn.maintenance.orders.departments import Asked, Department, effect, usual_steps
from forewarn.maintenance.orders.departments_book import DepartmentBook
from forewarn.maintenance.orders.muting import MuteBook
from forewarn.maintenance.orders.verification_book import VerificationBook

if TYPE_CHECKING:  # its module brings the models, which only some routes need
    from forewarn.pipeline.verification import Verifier


@dataclass(slots=True)
class WorkDesk:
    """The books around orders, and the verifier; `owners`: who is asked of a department when nobody is named."""

    departments: DepartmentBook
    deadlines: DeadlineBook
    mutes: MuteBook
    verified: VerificationBook
    verifier: Verifier
    file: AssetFileRows
    owners: dict[Department, str]
    notice_h: float

    def usual(self, order: WorkOrder, plant: Plant, now_us: int) -> list[Asked]:
        """The usual steps of an order: release, permit, and a delivery where its parts are not on the shelf."""
        days = [
            part.lead_p90_days
            for line in order.parts
            if (part := plant.part(line.part)) is not None and part.on_hand < line.quantity
        ]
        delivery_us = now_us + round(max(days) * US_PER_DAY) if days else None
        return usual_steps(order, self.owners, delivery_us, now_us, self.notice_h)

    def urgency(self, order: WorkOrder, plant: Plant, now_us: int) -> Urgency:
        """Priority of an order now, from the criticality of its machine and the slack that is left."""
        asset = plant.asset(order.asset)
        found = effect(self.departments.of_order(order.id), order.start_by_us, now_us)
        criticality = asset.criticality if asset else "B"
        return dynamic_priority(criticality, order.start_by_us, found.earliest_start_us, order.priority)
