"""What routes and chores of part demand ask: forecasts, policies, reviews, and what the buyers are told to order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from forewarn.core.buying import PurchaseStatus
from forewarn.core.ports import Actor
from forewarn.core.quotes import Need, ProposalState
from forewarn.maintenance.demand.leads import LeadTime
from forewarn.maintenance.orders.desk import SYSTEM

if TYPE_CHECKING:
    from forewarn.api.demand_settings import DemandSettings
    from forewarn.api.state import Plantroom
    from forewarn.api.work_watch import Chore
    from forewarn.maintenance.buying.book import BuyingBookSql
    from forewarn.maintenance.demand.book import DemandBook
    from forewarn.maintenance.demand.reorder import Proposal
    from forewarn.maintenance.orders.book import OrderBookSql
    from forewarn.maintenance.records import Records
    from forewarn.pipeline.part_demand import Bought
    from forewarn.pipeline.part_reviews import PartReviews

REORDER = "reorder"
"""Key of the need that the reorder rule tells the buyers."""
REVIEW_EVERY_S = 6 * 3600.0
MOVING = (ProposalState.OPEN, ProposalState.APPROVED, ProposalState.ASKED)


@dataclass(slots=True)
class DemandDesk:
    """Reviews over the parts of a plant, and the buyers' book."""

    reviews: PartReviews
    book: DemandBook
    buying: BuyingBookSql

    def tell_buyers(self, actor: Actor, now_us: int) -> list[Proposal]:
        """Put what is to be ordered now before the buyers, each part once: told again it changes nothing, and an open
        proposal of the rule that is not needed any more is dropped. What the budget holds back is not told."""
        found = [one for one in self.reviews.proposals(now_us) if not one.held_back]
        wanted = {one.part for one in found}
        for open_one in self.buying.proposals(states=(ProposalState.OPEN,)):
            keys = {need.key for need in open_one.needs}
            if keys == {REORDER} and open_one.part not in wanted:
                why = "available and on order are above the reorder point again, or the budget goes elsewhere"
                self.buying.settle_proposal(open_one.id, ProposalState.DROPPED, actor, open_one.revision, now_us, why)
        for one in found:
            self.buying.propose(one.part, Need(REORDER, one.quantity, one.reason), actor, now_us)
        return found

    def order_once(self, now_us: int) -> int:
        """The daily look; how many parts are to be ordered."""
        return len(self.tell_buyers(SYSTEM, now_us))


def bought_of(buying: BuyingBookSql, now_us: int) -> Mapping[str, Bought]:
    """What the buyers know, by part: on order, asked for beside the reorder rule, the lead time of the supplier
    whose deliveries taught most, the least quantity and the packs that it is sold in."""
    from forewarn.pipeline.part_demand import Bought

    own: dict[str, int] = defaultdict(int)
    for one in buying.proposals(states=MOVING):
        own[one.part] += sum(need.quantity for need in one.needs if need.key == REORDER)
    for order in buying.purchases((PurchaseStatus.DRAFT,), limit=None):
        for line in order.lines:
            own[line.part] += sum(need.quantity for need in line.needs if need.key == REORDER)
    found: dict[str, Bought] = {}
    for way in buying.pipelines():
        found[way.part] = Bought(way.on_order, max(way.asked - own[way.part], 0))
    for supplier in buying.suppliers():
        for part, lead in buying.score(supplier.id, now_us).leads:
            known = found.get(part, Bought())
            if lead.deliveries > (known.lead.deliveries if known.lead else 0):
                told = LeadTime(lead.p50_days, max(lead.p90_days, lead.p50_days), lead.deliveries)
                found[part] = replace(known, lead=told)
    for part, quote in buying.sold_now().items():
        found[part] = replace(found.get(part, Bought()), minimum=quote.min_quantity, multiple=quote.pack)
    return found


def demand_of(settings: DemandSettings, room: Plantroom, records: Records, orders: OrderBookSql) -> list[Chore]:
    """Give the room its desk of demand; the chores that hold the monthly review and tell the buyers."""
    from forewarn.api.work_watch import Chore
    from forewarn.maintenance.buying.book import BuyingBookSql
    from forewarn.maintenance.demand.book import DemandBook
    from forewarn.maintenance.plans.book import PlanBookSql
    from forewarn.maintenance.stock.book import StockBookSql
    from forewarn.pipeline.part_demand import PartDemands
    from forewarn.pipeline.part_reviews import PartReviews
    from forewarn.pipeline.plan_rounds import Meters, PlanRounds

    stock = room.stock.stock if room.stock is not None else StockBookSql(records, orders)
    buying = BuyingBookSql(records, stock, lambda: orders.house.costs)
    plans, meters, book = PlanBookSql(records, orders), Meters(room.reader, room.derived), DemandBook(records)
    rounds = PlanRounds(lambda: room.plant, plans, orders, meters)
    demands = PartDemands(
        lambda: room.plant,
        room.assessments,
        orders,
        plans,
        rounds,
        meters,
        stock,
        book.kinds,
        lambda now_us: bought_of(buying, now_us),
        settings.rules(),
    )
    desk = DemandDesk(PartReviews(demands, book, settings.consent), book, buying)
    room.demand = desk
    chores = [Chore("demand", REVIEW_EVERY_S, desk.reviews.run_once)]
    if settings.order_every_h:
        chores.append(Chore("reorder", settings.order_every_h * 3600, desk.order_once))
    return chores
