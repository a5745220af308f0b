"""What the API asks the store room: the ledger, counts, and the looks over all parts that join it with the plant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from forewarn.core.clock import US_PER_DAY
from forewarn.core.errors import Rejected
from forewarn.core.plant import PartLine, Plant
from forewarn.core.stock import Level, MoveReason, OnOrder, PartCard, PartKind
from forewarn.maintenance.stock.count_book import CountBook
from forewarn.maintenance.stock.dead import DeadPart, DeadRules, Lying, dead_stock
from forewarn.maintenance.stock.figures import StockFigures
from forewarn.maintenance.stock.losses import By, Explained, Losses, losses
from forewarn.maintenance.stock.needs import Need, Wants, needs_of, parts_of_asset

if TYPE_CHECKING:
    from forewarn.api.state import Plantroom
    from forewarn.api.stock_settings import StockSettings
    from forewarn.maintenance.orders.book import OrderBookSql
    from forewarn.maintenance.plans.book import PlanBookSql
    from forewarn.maintenance.records import Records
    from forewarn.maintenance.stock.book import StockBookSql
    from forewarn.maintenance.stock.classes import PartClass

MONTHS = 12
YEAR_DAYS = 365.0
MOST_ORDERS = 100_000
PAGE = 500


@dataclass(frozen=True, slots=True)
class PartRow:
    """A part of the list: its card, how much there is, and what suppliers owe."""

    card: PartCard
    level: Level
    on_order: tuple[OnOrder, ...] = ()

    @property
    def coming(self) -> int:
        """Pieces that suppliers owe."""
        return sum(one.quantity for one in self.on_order)


@dataclass(frozen=True, slots=True)
class Handled:
    """Who moved a part in a place since it was counted before: name, and how many moves."""

    since_us: int | None
    by: tuple[tuple[str, int], ...]


@dataclass(slots=True)
class StockDesk:
    """The store room's books, and the looks over all of it. Times are plant time, microseconds."""

    stock: StockBookSql
    counts: CountBook
    figures: StockFigures
    plans: PlanBookSql
    orders: OrderBookSql
    plant: Callable[[], Plant]
    dead_rules: DeadRules = field(default_factory=DeadRules)

    def card(self, part: str) -> PartCard:
        """A card. Raises Rejected when there is none."""
        card = self.stock.card(part)
        if card is None:
            raise Rejected("unknown_part", f"there is no part {part!r} in the store room: make its card first")
        return card

    def rows(self, now_us: int, search: str = "", kind: str = "", part_class: str = "") -> list[PartRow]:
        """Parts by id, with their levels; `search` in id and name, letter case does not matter."""
        levels = {level.part: level for level in self.stock.levels(now_us)}
        sought = search.casefold()
        return [
            PartRow(card, levels.get(card.id, Level(card.id)))
            for card in self.stock.cards()
            if (sought in card.id.casefold() or sought in card.name.casefold())
            and kind in ("", card.kind.value)
            and part_class in ("", card.part_class)
        ]

    def row(self, card: PartCard, now_us: int) -> PartRow:
        """One part, with what is on order."""
        return PartRow(card, self.stock.level(card.id, now_us), tuple(self.stock.on_order(card.id)))

    def needs(self) -> dict[str, tuple[Need, ...]]:
        """Who needs which part now: fault plans, job plans, preventive plans and open orders."""
        cards = self.stock.cards()
        kits: dict[str, tuple[PartLine, ...]] = {card.id: card.contains for card in cards if card.is_kit}
        return needs_of(
            Wants(
                self.plant(),
                self.orders.job_plans(),
                self.plans.plans(),
                self.orders.orders(open_only=True, limit=MOST_ORDERS, evidence=False),
                kits,
                {card.id: card.substitutes for card in cards if card.substitutes},
                self.plans.retired(),
            )
        )

    def parts_of(self, asset: str, mode: str | None = None) -> dict[str, list[Need]]:
        """The parts list of an asset, or of one of its failure modes. Raises Rejected for an unknown asset."""
        if self.plant().asset(asset) is None:
            raise Rejected("unknown_asset", f"the plant file has no asset {asset!r}")
        return parts_of_asset(self.needs(), asset, mode)

    def classes(self, now_us: int, days: float = YEAR_DAYS) -> list[PartClass]:
        """ABC, XYZ and VED of every card, from issues of the last days in twelve equal periods."""
        from forewarn.maintenance.stock.classes import classify

        cards = self.stock.cards()
        if not cards:
            return []
        ids, prices = [card.id for card in cards], np.array([card.price for card in cards])
        issued = self.figures.issued(ids, now_us - round(days * US_PER_DAY), now_us, MONTHS)
        return classify(ids, issued, prices, self.needs(), MONTHS * YEAR_DAYS / days)

    def abc(self, now_us: int) -> dict[str, str]:
        """A, B or C of every part, as counts use it."""
        return {one.part: one.abc for one in self.classes(now_us)}

    def dead(self, now_us: int, rules: DeadRules | None = None) -> list[DeadPart]:
        """Slow and dead stock with advice, the most money first."""
        levels = {level.part: level for level in self.stock.levels(now_us)}
        cards, past = self.stock.cards(), self.figures.past()
        issued = self.figures.issued([card.id for card in cards], now_us - round(YEAR_DAYS * US_PER_DAY), now_us, 1)
        shelf = []
        for row, card in enumerate(cards):
            level, was = levels.get(card.id, Level(card.id)), past.get(card.id)
            if level.on_hand and was is not None:
                pieces = max(0.0, float(issued[row, 0]))
                lead, last = card.lead_p90_days, was.last_issue_us
                shelf.append(
                    Lying(card.id, level.on_hand, card.price, was.first_us, last, pieces, lead, level.expired,
                          card.kind is PartKind.INSURANCE)
                )  # fmt: skip
        return dead_stock(shelf, self.needs(), now_us, rules or self.dead_rules)

    def losses(self, from_us: int, to_us: int, by: By, now_us: int) -> Losses:
        """What counts of a span found missing, against its issues. Raises Rejected for a span without length."""
        if to_us <= from_us:
            raise Rejected("span", "`to` lies behind `from`")
        counted = self.counts.differences(from_us, to_us)
        return losses(counted, self.figures.issues(from_us, to_us, self.abc(now_us)), by)

    def handled(self, row: Explained) -> Handled:
        """Who moved the part in that place between the count before and this one."""
        found = row.difference
        since = self.counts.counted_before(found)
        names: Counter[str] = Counter()
        before: int | None = None
        while True:
            page = self.stock.moves(found.part, since_us=since, until_us=found.at_us, before=before, limit=PAGE)
            mine = [move for move in page if found.place in (move.from_place, move.to_place)]
            names.update(move.by for move in mine if move.reason is not MoveReason.COUNT)
            if len(page) < PAGE:
                return Handled(since, tuple(names.most_common()))
            before = page[-1].seq

    def look(self, now_us: int) -> int:
        """What time alone changes: holds on pieces that expired since, and orders whose parts came while somebody was
        writing to them; the number of reservations that were served."""
        served = 0
        for part in sorted({one.part for one in self.stock.reservations(open_only=True)}):
            served += len(self.stock.refill(part, now_us))
        self.stock.settle(now_us)
        return served


def stock_of(settings: StockSettings, room: Plantroom, records: Records, orders: OrderBookSql) -> StockDesk:
    """Give the room its store room."""
    from forewarn.maintenance.plans.book import PlanBookSql
    from forewarn.maintenance.stock.book import StockBookSql

    stock = StockBookSql(records, orders)
    counts = CountBook(records, stock, settings.counts.rules())
    plans = PlanBookSql(records, orders)
    stock.open_cards(room.plant.parts, room.now_us())
    desk = StockDesk(stock, counts, StockFigures(records), plans, orders, lambda: room.plant, settings.dead.rules())
    room.stock = desk
    return desk
