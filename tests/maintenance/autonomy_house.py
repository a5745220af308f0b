"""200 pumps and 5 fans behind the gate of autonomy: what the tests of levels, budgets and windows share."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from forewarn.core.autonomy import WEEK_US, Level, week_of
from forewarn.core.faults import Fault
from forewarn.core.plant import Plant
from forewarn.core.ports import OrderOutcome
from forewarn.core.work import Advice, OrderKind
from forewarn.maintenance import outbox
from forewarn.maintenance.autonomy.book import AutonomyBook
from forewarn.maintenance.autonomy.rows import AutonomyRules, ranked
from forewarn.maintenance.autonomy.window_book import WindowBook
from forewarn.maintenance.orders.book import OrderBookSql
from forewarn.maintenance.records import Records
from tests.maintenance.samples import ANN, NOW_US, SPALL, advice, hours, pump

MONDAY_US, _ = week_of(NOW_US + WEEK_US)


@dataclass
class House:
    """Records with an order book behind its gate, for 200 pumps and 5 fans."""

    records: Records
    rules: AutonomyRules = field(default_factory=AutonomyRules)

    def __post_init__(self) -> None:
        pumps = tuple(replace(pump(), id=f"pump-{n:03d}") for n in range(200))
        fans = tuple(replace(pump(), id=f"fan-{n}", asset_class="fan", area="roof") for n in range(5))
        self.plant = Plant("works", (), pumps + fans)
        self.autonomy = AutonomyBook(self.records, lambda: self.plant, self.rules)
        self.windows = WindowBook(self.records)
        self.orders = OrderBookSql(self.records, gate=self.autonomy.gate)

    def advise(self, *given: Advice) -> list[OrderOutcome]:
        return [self.orders.advise(one) for one in ranked(given)]

    def one(self, given: Advice) -> OrderOutcome:
        (outcome,) = self.advise(given)
        return outcome

    def sent(self, kind: str) -> list[outbox.Message]:
        return [message for message in outbox.pending(self.records, 10_000) if message.kind == kind]

    def spent(self, of: str) -> tuple[int | None, int, int, int]:
        found = next(s for s in self.autonomy.spending(MONDAY_US) if s.standing.of == of)
        return found.budget, found.opened, found.overspent, found.held

    def set(self, level: Level, of: str = "pump") -> None:
        revision = self.autonomy.standing(of).revision
        self.autonomy.move(of, ANN, revision, MONDAY_US, "as agreed", level=level)


def alarm(
    asset: str = "pump-000", fault: Fault = SPALL, *, at_h: float = 1.0, slack_h: float = 400.0, priority: int = 3
) -> Advice:
    """Failure expected in 90 days, `at_h` hours after a Monday midnight."""
    kind = OrderKind.INSTRUMENT if fault.mechanism == "sensor_fault" else OrderKind.CONDITION
    made = advice(fault, asset=asset, priority=priority, evidence={"asset": asset})
    at_us = MONDAY_US + hours(at_h)
    order_by_us, start_by_us = at_us + hours(max(slack_h, 0)), at_us + hours(slack_h + 20)
    made = replace(made, kind=kind, at_us=at_us, order_by_us=order_by_us, start_by_us=start_by_us)
    return replace(made, slack_h=slack_h, fails_in_h=2160.0, risk_cost=0.0)
