"""Deliveries and the work orders that wait for them: what is bought for an order moves its dates, and says so.

A line of a purchase order that a work order needs is a step of purchasing on that order (`departments`): due when the
pieces come, moved when the supplier moves them, done when they are here. The order says what changed and why, its
chance to win the race is worked out anew, and its planner is told. The other way round, an order that waits for pieces
that nobody ordered becomes a need of a proposal.

Each look compares what the steps say with what the purchase orders say, so that nothing is lost when a look is missed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import sqlalchemy as sa

from forewarn.core.buying import ON_ORDER, UNDER_WAY, PurchaseLine, PurchaseOrder, PurchaseStatus
from forewarn.core.clock import US_PER_DAY, US_PER_S
from forewarn.core.quotes import Need, ProposalState
from forewarn.core.readings import Floats
from forewarn.core.stock import ReservationState
from forewarn.core.work import OPEN_STATUSES, Json, WorkOrder
from forewarn.maintenance.buying.book import BuyingBookSql
from forewarn.maintenance.buying.desk import subject
from forewarn.maintenance.buying.late import arrival_hours, inputs_of, win_probability
from forewarn.maintenance.buying.learned import LeadTime, lead_time
from forewarn.maintenance.buying.letters import day
from forewarn.maintenance.buying.purchase_rows import BuyingRows, WaitsFor
from forewarn.maintenance.orders.deadlines_book import DeadlineBook
from forewarn.maintenance.orders.departments import Asked, Department, Effect, Step, effect
from forewarn.maintenance.orders.departments_book import DepartmentBook
from forewarn.maintenance.orders.desk import SYSTEM, write
from forewarn.maintenance.orders.rows import OrderRows
from forewarn.maintenance.orders.rules import KeptOrder, touched
from forewarn.maintenance.orders.telling import span
from forewarn.maintenance.records import Records
from forewarn.maintenance.records_tables import WORK_ORDER
from forewarn.maintenance.stock.book import StockBookSql

ENDED = (PurchaseStatus.CANCELLED, PurchaseStatus.CLOSED)
PLANNER = "planner"
"""Rota of who is told."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What a delivery did to a work order. `what`: "asked" (its date is known for the first time), "moved", "here",
    "lost" (it will not come). `late_h`: hours by which the order can only start after "start work by"."""

    order: str
    number: str
    purchase: str
    part: str
    what: str
    due_us: int | None
    was_us: int | None
    late_h: float
    win_probability: float | None
    text: str


@dataclass(frozen=True, slots=True)
class Deliveries:
    """The use cases over the books. `owner`: who of purchasing is asked."""

    records: Records
    buying: BuyingBookSql
    stock: StockBookSql
    departments: DepartmentBook
    rota: DeadlineBook
    owner: str = "purchasing"

    def run_once(self, now_us: int) -> int:
        """A look at everything; how much was done."""
        return self.propose_waiting(now_us) + len(self.follow(now_us)) + len(self.buying.warn(now_us))

    def follow(self, now_us: int, purchase: str | None = None) -> list[Moved]:
        """Bring the steps of work orders to what purchase orders (one, by its id, or all) say now."""
        with self.records.read() as connection:
            rows = BuyingRows(connection)
            if not any(self._differs(rows, one) for one in rows.waits(purchase)):
                return []
        with self.buying.writing() as rows:
            return [moved for one in rows.waits(purchase) if (moved := self._follow(rows, one, now_us)) is not None]

    def _differs(self, rows: BuyingRows, one: WaitsFor) -> bool:
        order, line = _line(rows, one)
        if order.status in ENDED or self._is_here(one, line):
            return True
        if order.status in UNDER_WAY and line.due_us != one.told_us:
            return True
        status = sa.select(WORK_ORDER.c.status).where(WORK_ORDER.c.id == one.order_id)
        return rows.connection.execute(status).scalar() not in OPEN_STATUSES

    def _is_here(self, one: WaitsFor, line: PurchaseLine) -> bool:
        """Is all of the line on the shelf, or has the order got its pieces anyhow?"""
        if not (line.open or line.quarantined or line.waived):
            return True
        held = [r for r in self.stock.reservations(one.order_id) if r.is_open and r.wanted == line.part]
        return bool(held) and all(r.state is ReservationState.HELD for r in held)

    def _follow(self, rows: BuyingRows, one: WaitsFor, now_us: int) -> Moved | None:
        kept = OrderRows(rows.connection).find(one.order_id)
        order, line = _line(rows, one)
        if kept is None or not kept.order.is_open:
            rows.keep_wait(replace(one, over=True))
            return None
        if self._is_here(one, line):
            return self._here(rows, one, kept.order, order, line, now_us)
        if order.status in ENDED:
            rows.keep_wait(replace(one, over=True))
            text = f"{one.quantity} x {line.part} will not come: {order.number} is {order.status.value} ({order.note})"
            return self._tell(rows, kept, order, line, "lost", one.told_us, text, now_us, {})
        if order.status not in UNDER_WAY or line.due_us is None or line.due_us == one.told_us:
            return None
        step = self._step(rows, one, kept.order, order, line, now_us)
        rows.keep_wait(replace(one, step=step.id, told_us=line.due_us))
        what = "asked" if one.told_us is None else "moved"
        arrivals = self._arrivals(rows, kept.order.id, now_us)
        text = self._moved_words(rows, one, order, line)
        return self._tell(rows, kept, order, line, what, one.told_us, text, now_us, arrivals)

    def _here(
        self, rows: BuyingRows, one: WaitsFor, kept: WorkOrder, order: PurchaseOrder, line: PurchaseLine, now_us: int
    ) -> Moved:
        step = self.departments.step(one.step) if one.step is not None else None
        if step is not None and step.is_open:
            self.departments.done(step.id, SYSTEM, step.revision, now_us, f"received with {order.number}")
        rows.keep_wait(replace(one, over=True))
        text = f"{one.quantity} x {line.part} are here ({order.number} of {order.supplier})"
        told = (kept.id, kept.number, order.number, line.part, "here", line.due_us, one.told_us)
        return Moved(*told, self._effect(kept, now_us).late_h, kept.win_probability, text)

    def _step(
        self, rows: BuyingRows, one: WaitsFor, kept: WorkOrder, order: PurchaseOrder, line: PurchaseLine, now_us: int
    ) -> Step:
        """The step of this line, due when it comes: moved, taken over from whoever asked for a delivery before, or
        new."""
        assert line.due_us is not None
        due_us = max(line.due_us, now_us + US_PER_S)
        step = self._known_step(rows, one, kept, line.part)
        if step is None:
            what = f"deliver {one.quantity} x {line.part} ({order.number} of {order.supplier})"
            asked = Asked(Department.PURCHASING, what, self.owner, due_us)
            return self.departments.ask(kept.id, [asked], SYSTEM, now_us)[0]
        if step.due_us == due_us:
            return step
        note = f"{order.number} of {order.supplier}: {self._why(order)}".rstrip(": ")
        return self.departments.move(step.id, SYSTEM, step.revision, now_us, due_us, step.owner, note)

    def _known_step(self, rows: BuyingRows, one: WaitsFor, kept: WorkOrder, part: str) -> Step | None:
        taken = {wait.step for wait in rows.waits(order_id=kept.id) if wait != one}
        for step in self.departments.of_order(kept.id):
            fits = step.department is Department.PURCHASING and names(step.what, part) and step.id not in taken
            if step.is_open and (step.id == one.step or (one.step is None and fits)):
                return step
        return None

    def _tell(
        self,
        rows: BuyingRows,
        kept: KeptOrder,
        order: PurchaseOrder,
        line: PurchaseLine,
        what: str,
        was_us: int | None,
        text: str,
        now_us: int,
        arrivals_h: Mapping[str, Floats],
    ) -> Moved:
        """The order says what changed and why; its planner is told."""
        before = kept.order
        inputs = inputs_of(before)
        chance = before.win_probability
        if inputs is not None and arrivals_h:
            chance = win_probability(inputs, arrivals_h, now_us)
        found = self._effect(before, now_us)
        words = "; ".join([text, *_chance_words(before.win_probability, chance), *_start_words(found)]) + "."
        after = touched(replace(before, win_probability=chance, changed=words), now_us)
        write(OrderRows(rows.connection), kept, replace(kept, order=after), SYSTEM, "delivery", now_us, "order.updated")
        turn = next((t for t in self.rota.rota(now_us) if t.rota == PLANNER and t.from_us <= now_us), None)
        told: Json = {
            "order": before.id,
            "number": before.number,
            "asset": before.asset,
            "purchase": order.id,
            "purchase_number": order.number,
            "supplier": order.supplier,
            "part": line.part,
            "due_us": line.due_us,
            "was_us": was_us,
            "late_h": found.late_h,
            "earliest_start_us": found.earliest_start_us,
            "win_probability": chance,
            "text": words,
            "rota": PLANNER,
            "person": turn.person if turn else "",
            "contact": turn.contact if turn else "",
        }
        rows.post(f"purchase.delivery_{what}", told, now_us)
        due_us = None if what == "lost" else line.due_us
        return Moved(
            before.id, before.number, order.number, line.part, what, due_us, was_us, found.late_h, chance, words
        )

    def _effect(self, order: WorkOrder, now_us: int) -> Effect:
        return effect(self.departments.of_order(order.id), order.start_by_us, now_us)

    def _moved_words(self, rows: BuyingRows, one: WaitsFor, order: PurchaseOrder, line: PurchaseLine) -> str:
        assert line.due_us is not None
        text = f"{one.quantity} x {line.part} ({order.number} of {order.supplier}) come {day(line.due_us)}"
        if one.told_us is None:
            return text
        hours = abs(line.due_us - one.told_us) / 3_600e6
        why = self._why(order)
        way = "later" if line.due_us > one.told_us else "sooner"
        return f"{text}, {span(hours)} {way}{f': {why}' if why else ''}"

    def _why(self, order: PurchaseOrder) -> str:
        """What was said when its dates were last confirmed or moved."""
        for row in reversed(self.buying.history(subject(order.id))):
            if row["action"] in ("confirmed", "moved"):
                after = row["after"]
                return str(after.get("why", "")) if isinstance(after, dict) else ""
        return ""

    def _arrivals(self, rows: BuyingRows, order_id: str, now_us: int) -> dict[str, Floats]:
        """Hours until the parts of an order come: dates of its purchase orders, and their suppliers' records."""
        found: dict[str, Floats] = {}
        for one in rows.waits(order_id=order_id):
            order, line = _line(rows, one)
            if order.sent_at_us is not None and line.due_us is not None:
                lead = self._lead(order, line, now_us)
                found[line.part] = arrival_hours(lead, (now_us - order.sent_at_us) / US_PER_DAY)
        return found

    def _lead(self, order: PurchaseOrder, line: PurchaseLine, now_us: int) -> LeadTime:
        """Days from sending to arrival: the date that stands, spread as the quote spreads, corrected by how earlier
        deliveries kept the dates that were promised for them."""
        assert order.sent_at_us is not None
        assert line.due_us is not None
        said = max((line.due_us - order.sent_at_us) / US_PER_DAY, 0.01)
        spread = line.lead_p90_days / line.lead_p50_days if line.lead_p50_days > 0 else 1.0
        past = [d for d in self.buying.past(order.supplier, now_us) if d.promised_us and d.whole_us is not None]
        kept = [d.days / ((d.promised_us - d.sent_us) / US_PER_DAY) for d in past if (d.promised_us or 0) > d.sent_us]  # type: ignore[operator]
        p50 = (
            said if line.promised_us is not None else said / spread
        )  # a date that nobody confirmed is the cautious one
        return lead_time(p50, p50 * spread, kept)

    def propose_waiting(self, now_us: int) -> int:
        """Orders that wait for pieces which nobody ordered become needs; those that wait no more leave again."""
        short = self._short(now_us)
        stale = {
            (proposal.part, need.key)
            for proposal in self.buying.proposals(states=[ProposalState.OPEN])
            for need in proposal.needs
            if need.order_id is not None and (proposal.part, need.key) not in short
        }
        done = sum(self.buying.need_no_more(part, key, SYSTEM, now_us) is not None for part, key in sorted(stale))
        fresh = [(part, need) for (part, _), need in sorted(short.items()) if self.buying.is_new(part, need)]
        for part, need in fresh:
            self.buying.propose(part, need, SYSTEM, now_us)
        return done + len(fresh)

    def _short(self, now_us: int) -> dict[tuple[str, str], Need]:
        """What each waiting order lacks after the pieces that are coming for nobody in particular, first in line
        first."""
        free: dict[str, int] = {}
        found: dict[tuple[str, str], Need] = {}
        for one in self.stock.waiting(now_us=now_us):
            reservation = one.reservation
            part = reservation.wanted
            if part not in free:
                free[part] = self._unclaimed(part) + max(self.stock.level(part, now_us).available, 0)
            key = f"order:{reservation.order}"
            mine = min(free[part], reservation.left)
            free[part] -= mine
            if reservation.left > mine:
                why = f"{one.number} on {one.asset} waits for it"
                found[part, key] = Need(key, reservation.left - mine, why, reservation.needed_by_us, reservation.order)
        return found

    def _unclaimed(self, part: str) -> int:
        """Pieces on order that no work order asked for."""
        return sum(
            max(line.open - _claimed(line), 0)
            for order in self.buying.purchases(ON_ORDER, part=part)
            for line in order.lines
            if line.part == part
        )


def names(what: str, part: str) -> bool:
    """Does a step speak of this part?

    >>> names("deliver 1 x 6205, 2 x seal", "6205"), names("deliver 1 x 6205-2RS", "6205")
    (True, False)
    """
    return re.search(rf"x {re.escape(part)}(?=[\s,(]|$)", what) is not None


def _claimed(line: PurchaseLine) -> int:
    return sum(need.quantity for need in line.needs if need.order_id is not None)


def _line(rows: BuyingRows, one: WaitsFor) -> tuple[PurchaseOrder, PurchaseLine]:
    order = rows.purchase(one.purchase)
    line = order.line(one.line) if order is not None else None
    assert order is not None  # a foreign key says so
    assert line is not None
    return order, line


def _chance_words(was: float | None, now: float | None) -> Iterable[str]:
    if now is not None and (was is None or f"{was:.0%}" != f"{now:.0%}"):
        yield f"chance to be in time {now:.0%}" + (f" instead of {was:.0%}" if was is not None else "")


def _start_words(found: Effect) -> Iterable[str]:
    if found.waits_in is not None:
        late = f", {span(found.late_h)} after start work by" if found.late_h else ""
        yield f"earliest start {day(found.earliest_start_us)}{late}"
