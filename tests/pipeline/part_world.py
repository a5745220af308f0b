"""Two pumps with bearings and seals, their store room, buyers, plans and assessments, on real records."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from forewarn.api.demand_desk import bought_of
from forewarn.core.clock import US_PER_DAY
from forewarn.core.demand import CauseKind, PartDemand
from forewarn.core.faults import Fault
from forewarn.core.health import Hypothesis, RulForecast, State
from forewarn.core.plant import PartLine, Plant, PlantCosts
from forewarn.core.stock import OPENING, MoveReason, NewMove
from forewarn.core.work import NewOrder, OrderKind, Status, WorkOrder
from forewarn.ingest.store.memory import MemoryStore
from forewarn.maintenance.assessment_book import AssessmentBook
from forewarn.maintenance.buying.book import BuyingBookSql
from forewarn.maintenance.demand.book import DemandBook
from forewarn.maintenance.evidence import assessment_json
from forewarn.maintenance.orders.book import OrderBookSql
from forewarn.maintenance.plans.book import PlanBookSql
from forewarn.maintenance.records import Records
from forewarn.maintenance.stock.book import StockBookSql
from forewarn.pipeline.part_demand import DemandRules, PartDemands
from forewarn.pipeline.part_reviews import PartReviews, ReviewRules
from forewarn.pipeline.plan_rounds import Meters, PlanRounds
from tests.api.rooms import SPALL, small_plant
from tests.maintenance.samples import ANN, NOW_US, assessment, forecast

BEARING = "brg-6205"
SEAL = "seal-25"
LEAK = Fault("seal", "seal_leak")
FAULT, PLAN, ORDER, REST = CauseKind.FAULT, CauseKind.PLAN, CauseKind.ORDER, CauseKind.UNEXPLAINED


def works_plant() -> Plant:
    """The small plant, which says what an hour of standstill costs."""
    return replace(small_plant(), costs=PlantCosts("EUR", 400.0, 100.0, 10.0))


@dataclass
class PartWorld:
    """The books, and what asks of them."""

    records: Records
    plant: Plant = field(default_factory=works_plant)
    consent: ReviewRules = field(default_factory=ReviewRules)
    rules: DemandRules = field(default_factory=lambda: DemandRules(real_share=1.0))

    def __post_init__(self) -> None:
        self.orders = OrderBookSql(self.records)
        self.stock = StockBookSql(self.records, self.orders)
        self.buying = BuyingBookSql(self.records, self.stock)
        self.plans = PlanBookSql(self.records, self.orders)
        self.assessments, self.book = AssessmentBook(self.records), DemandBook(self.records)
        self.raw = MemoryStore()
        self.raw.assign([signal.name for signal in self.plant.signals])
        meters = Meters(self.raw, MemoryStore())
        rounds = PlanRounds(lambda: self.plant, self.plans, self.orders, meters)
        self.demands = PartDemands(
            lambda: self.plant, self.assessments, self.orders, self.plans, rounds, meters, self.stock, self.book.kinds,
            lambda now_us: bought_of(self.buying, now_us), self.rules,
        )  # fmt: skip
        self.reviews = PartReviews(self.demands, self.book, lambda: self.consent)
        self.stock.open_cards(self.plant.parts, self.day(-400))

    @staticmethod
    def day(days: float) -> int:
        return NOW_US + round(days * US_PER_DAY)

    def assess(self, asset: str, *told: tuple[Fault, float, RulForecast | None], at_us: int = NOW_US) -> None:
        """Keep an assessment: faults with their probability and forecast."""
        found = tuple(Hypothesis(fault, "VIB", chance, (), (), "look") for fault, chance, _ in told)
        forecasts = [one for _, _, one in told if one is not None]
        made = replace(assessment(State.ALARM, forecasts), asset=asset, at_us=at_us, diagnosis=found)
        self.assessments.save(assessment_json(made))

    def spall(self, asset: str, probability: float, p50_h: float = 300.0) -> None:
        """A bearing that fails about then."""
        self.assess(asset, (SPALL, probability, forecast(p50_h * 0.8, p50_h, p50_h * 1.6)))

    def demand(self, part: str = BEARING, days: float | None = 30.0, now_us: int = NOW_US) -> PartDemand:
        return self.reviews.forecast(part, now_us, days)[1]

    def pieces(self, part: str = BEARING, days: float = 30.0) -> dict[tuple[str, str, str], float]:
        """Traced pieces without the unexplained rest."""
        return {t.key: t.pieces for t in self.demand(part, days).traces if t.kind is not REST}

    def order(
        self, kind: OrderKind = OrderKind.CORRECTIVE, part: str = BEARING, quantity: int = 1, at_us: int = NOW_US,
        fault: Fault | None = None, asset: str = "p101",
    ) -> WorkOrder:  # fmt: skip
        """An approved order for so many pieces."""
        parts = (PartLine(part, quantity),)
        new = NewOrder(asset, kind, "Change it", at_us, fault=fault, parts=parts)
        order = self.orders.raise_order(new, ANN).order
        assert order is not None
        return self.orders.act(order.id, Status.APPR, ANN, order.revision, at_us)

    def use(self, part: str, quantity: int, at_us: int, kind: OrderKind = OrderKind.CORRECTIVE) -> None:
        """Pieces come, are issued to an order of a kind, and built in; the order is cancelled out of the way."""
        self.come(part, quantity, at_us - 2)
        order = self.order(kind, part, quantity, at_us - 1)
        self.stock.issue(order.id, part, quantity, ANN, at_us)
        self.stock.use(order.id, ANN, at_us)
        now = self.orders.order(order.id)
        assert now is not None
        self.orders.act(order.id, Status.CAN, ANN, now.revision, at_us)

    def come(self, part: str, quantity: int, at_us: int) -> None:
        """Pieces are found and put onto the shelf."""
        self.stock.move(NewMove(part, OPENING, "main", quantity, MoveReason.OPENING, at_us), ANN)
