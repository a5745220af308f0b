"""The store room on the connection of one transaction: the SQL side of `stock.desk.StockStore`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from forewarn.core.errors import Conflict
from forewarn.core.ports import Actor
from forewarn.core.stock import (
    Balance,
    Level,
    MoveReason,
    NewMove,
    OnOrder,
    PartCard,
    Place,
    Reservation,
    ReservationState,
    Serial,
    Side,
    StockMove,
    Waiting,
)
from forewarn.core.work import Status
from forewarn.maintenance.evidence import canonical, plain_object
from forewarn.maintenance.orders.costs import ANY_HOUSE, House
from forewarn.maintenance.orders.job_rows import read_job
from forewarn.maintenance.orders.rows import OrderRows, read_orders
from forewarn.maintenance.orders.rules import KeptOrder
from forewarn.maintenance.records_postgresql import in_turn
from forewarn.maintenance.records_tables import SEQUENCE, WORK_ORDER
from forewarn.maintenance.stock.card_json import card_from
from forewarn.maintenance.stock.rules import NEVER_US
from forewarn.maintenance.stock.tables import (
    STOCK_BALANCE,
    STOCK_BILL,
    STOCK_CARD,
    STOCK_LEVEL,
    STOCK_MOVE,
    STOCK_PLACE,
    STOCK_RESERVATION,
    STOCK_SERIAL,
    STOCK_WAIT,
)

KnowsOnOrder = Callable[[sa.Connection, str], Sequence[OnOrder]]
OPEN = STOCK_RESERVATION.c.state.in_([ReservationState.WAITING.value, ReservationState.HELD.value])


def nothing_on_order(connection: sa.Connection, part: str) -> Sequence[OnOrder]:
    """Before there are buyers."""
    return ()


class StockRows:
    """`StockStore` within a write transaction; its reads serve a read transaction too."""

    def __init__(
        self, connection: sa.Connection, house: House = ANY_HOUSE, knows_on_order: KnowsOnOrder = nothing_on_order
    ) -> None:
        self._connection, self.house, self._knows_on_order = connection, house, knows_on_order
        self.orders = OrderRows(connection)

    def turn(self) -> None:
        """See `StockStore`."""
        in_turn(self._connection, "stock")

    def card(self, part: str) -> PartCard | None:
        """See `StockStore`."""
        return self.cards([part]).get(part)

    def cards(self, parts: Iterable[str] | None = None) -> dict[str, PartCard]:
        """See `StockStore`; None: all."""
        query = sa.select(STOCK_CARD.c.body).order_by(STOCK_CARD.c.id)
        if parts is not None:
            query = query.where(STOCK_CARD.c.id.in_(set(parts)))
        cards = (card_from(json.loads(body)) for body in self._connection.execute(query).scalars())
        return {card.id: card for card in cards}

    def instead(self, part: str) -> list[str]:
        """See `StockStore`."""
        waiting = sa.select(STOCK_RESERVATION.c.part).where(STOCK_RESERVATION.c.state == ReservationState.WAITING.value)
        asked = self.cards(self._connection.execute(waiting.distinct()).scalars().all())
        return [card.id for card in asked.values() if part in card.substitutes]

    def in_kit(self, part: str) -> str | None:
        """See `StockStore`."""
        inside = (card.id for card in self.cards().values() if any(line.part == part for line in card.contains))
        return next(inside, None)

    def keep_card(self, card: PartCard, at_us: int) -> None:
        """See `StockStore`."""
        values = {"revision": card.revision, "body": canonical(plain_object(card)), "changed_at_us": at_us}
        if card.revision > 1:
            before = (STOCK_CARD.c.id == card.id) & (STOCK_CARD.c.revision == card.revision - 1)
            if self._connection.execute(STOCK_CARD.update().where(before).values(values)).rowcount != 1:
                raise Conflict(f"somebody else changed the card of {card.id} just now: read it again")
            return
        try:
            self._connection.execute(STOCK_CARD.insert(), {"id": card.id, **values})
        except IntegrityError as error:
            raise Conflict(f"the card of {card.id} was made elsewhere just now") from error
        self._connection.execute(STOCK_LEVEL.insert(), {"part": card.id, "usable": 0, "unusable": 0, "reserved": 0})

    def place(self, id: str) -> Place | None:
        """See `StockStore`."""
        row = self._connection.execute(sa.select(STOCK_PLACE).where(STOCK_PLACE.c.id == id)).one_or_none()
        return None if row is None else place_of(row)

    def keep_place(self, place: Place) -> None:
        """See `StockStore`."""
        values = {"name": place.name, "usable": place.usable, "side": place.side.value}
        mine = STOCK_PLACE.c.id == place.id
        if self._connection.execute(STOCK_PLACE.update().where(mine).values(values)).rowcount == 0:
            self._connection.execute(STOCK_PLACE.insert(), {"id": place.id, **values})

    def is_empty(self, place: str) -> bool:
        """See `StockStore`."""
        lying = sa.select(STOCK_BALANCE.c.part).where(STOCK_BALANCE.c.place == place, STOCK_BALANCE.c.quantity > 0)
        return self._connection.execute(lying.limit(1)).first() is None

    def lots(self, part: str, usable: bool = True) -> list[Balance]:
        """See `StockStore`."""
        return self._lots(STOCK_BALANCE.c.part == part, STOCK_PLACE.c.usable == usable)

    def lots_at(self, part: str, place: str) -> list[Balance]:
        """See `StockStore`."""
        return self._lots(STOCK_BALANCE.c.part == part, STOCK_BALANCE.c.place == place)

    def balances(self, part: str | None) -> list[Balance]:
        """All lots, or those of a part."""
        return self._lots(sa.true() if part is None else STOCK_BALANCE.c.part == part)

    def _lots(self, *where: sa.ColumnElement[bool]) -> list[Balance]:
        lot = STOCK_BALANCE.c
        lying = sa.select(*_LOT).join(STOCK_PLACE, STOCK_PLACE.c.id == lot.place).where(lot.quantity > 0, *where)
        return [Balance(*row) for row in self._connection.execute(lying.order_by(lot.part, lot.place, lot.batch))]

    def batch(self, part: str, batch: str) -> Balance | None:
        """See `StockStore`."""
        query = sa.select(*_LOT).where(STOCK_BALANCE.c.part == part, STOCK_BALANCE.c.batch == batch).limit(1)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else Balance(*row)

    def level(self, part: str, now_us: int) -> Level:
        """See `StockStore`."""
        return next(iter(self.levels(now_us, part)), Level(part))

    def levels(self, now_us: int, part: str | None = None) -> list[Level]:
        """Of all parts with a card, or of one."""
        lot = STOCK_BALANCE.c
        past = sa.select(lot.part, sa.func.sum(lot.quantity).label("pieces")).join(
            STOCK_PLACE, STOCK_PLACE.c.id == lot.place
        )
        past = past.where(STOCK_PLACE.c.usable, lot.expires_us <= now_us)
        query = sa.select(STOCK_LEVEL).order_by(STOCK_LEVEL.c.part)
        if part is not None:
            past, query = past.where(lot.part == part), query.where(STOCK_LEVEL.c.part == part)
        expired = {row.part: int(row.pieces) for row in self._connection.execute(past.group_by(lot.part))}
        return [
            Level(row.part, row.usable + row.unusable, row.reserved, row.unusable, expired.get(row.part, 0))
            for row in self._connection.execute(query)
        ]

    def book(self, new: NewMove, actor: Actor, asset: str = "") -> StockMove:
        """See `StockStore`."""
        cost = new.unit_cost
        if cost is None:
            card = self.card(new.part)
            cost = card.price if card else 0.0
        fields = {**asdict(new), "seq": self._next_seq(), "by": actor.name, "unit_cost": float(cost)}
        move = StockMove(**fields)
        self._connection.execute(STOCK_MOVE.insert(), {**asdict(move), "reason": move.reason.value})
        try:
            self._level(move)
            self._balance(move, move.from_place, -move.quantity)
            self._balance(move, move.to_place, move.quantity)
        except IntegrityError as error:
            raise Conflict(f"{move.part}: there are not {move.quantity} in {move.from_place}") from error
        if move.serial:
            self._place_serial(move, asset)
        return move

    def _next_seq(self) -> int:
        row = SEQUENCE.c.name == "stock_move"
        self._connection.execute(SEQUENCE.update().where(row).values(value=SEQUENCE.c.value + 1))
        return int(self._connection.execute(sa.select(SEQUENCE.c.value).where(row)).scalar_one())

    def _level(self, move: StockMove) -> None:
        """Let the level of the part follow a move, both sides at once: pieces that go from shelf to shelf are never
        missing in between, where others count on them."""
        level, more = STOCK_LEVEL.c, {"usable": 0, "unusable": 0}
        for place_id, pieces in ((move.from_place, -move.quantity), (move.to_place, move.quantity)):
            place = self.place(place_id)
            if place is not None and place.is_store:
                more["usable" if place.usable else "unusable"] += pieces
        changed = {level[name]: level[name] + pieces for name, pieces in more.items() if pieces}
        if changed:
            self._connection.execute(STOCK_LEVEL.update().where(level.part == move.part).values(changed))

    def _balance(self, move: StockMove, place_id: str, pieces: int) -> None:
        """Let the balance follow a move, where the place is a store."""
        place = self.place(place_id)
        if place is None or not place.is_store:
            return
        lot = STOCK_BALANCE.c
        mine = (lot.part == move.part) & (lot.place == place_id) & (lot.batch == move.batch)
        changed = STOCK_BALANCE.update().where(mine).values(quantity=lot.quantity + pieces)
        if self._connection.execute(changed).rowcount == 0:
            key = {"part": move.part, "place": place_id, "batch": move.batch}
            fresh = STOCK_BALANCE.insert().values(**key, quantity=pieces, expires_us=move.expires_us)
            self._connection.execute(fresh)

    def _place_serial(self, move: StockMove, asset: str) -> None:
        order = move.order if asset else None
        values = {"place": move.to_place, "since_us": move.at_us, "order": order, "asset": asset, "batch": move.batch}
        mine = (STOCK_SERIAL.c.part == move.part) & (STOCK_SERIAL.c.serial == move.serial)
        if self._connection.execute(STOCK_SERIAL.update().where(mine).values(values)).rowcount == 0:
            self._connection.execute(STOCK_SERIAL.insert(), {"part": move.part, "serial": move.serial, **values})

    def move_of(self, seq: int) -> StockMove | None:
        """See `StockStore`."""
        return next(iter(self.read_moves(sa.select(STOCK_MOVE).where(STOCK_MOVE.c.seq == seq))), None)

    def corrected(self, seq: int) -> int:
        """See `StockStore`."""
        back = sa.select(sa.func.coalesce(sa.func.sum(STOCK_MOVE.c.quantity), 0))
        return int(self._connection.execute(back.where(STOCK_MOVE.c.corrects == seq)).scalar_one())

    def moves_of(self, order: str, part: str | None = None) -> list[StockMove]:
        """See `StockStore`."""
        query = sa.select(STOCK_MOVE).where(STOCK_MOVE.c.order == order).order_by(STOCK_MOVE.c.seq)
        return self.read_moves(query if part is None else query.where(STOCK_MOVE.c.part == part))

    def read_moves(self, query: sa.Select[tuple[object, ...]]) -> list[StockMove]:
        """The moves that a query on `stock_move` finds, in its order."""
        rows = self._connection.execute(query).mappings()
        return [StockMove(**{**dict(row), "reason": MoveReason(row["reason"])}) for row in rows]

    def serial(self, part: str, serial: str) -> Serial | None:
        """See `StockStore`."""
        return next((one for one in self.serials(part) if one.serial == serial), None)

    def serials(self, part: str) -> list[Serial]:
        """See `StockStore`."""
        query = sa.select(STOCK_SERIAL).where(STOCK_SERIAL.c.part == part).order_by(STOCK_SERIAL.c.serial)
        return [Serial(**dict(row)) for row in self._connection.execute(query).mappings()]

    def reservations(
        self, order: str | None = None, part: str | None = None, open_only: bool = False
    ) -> list[Reservation]:
        """See `StockStore`."""
        query = sa.select(STOCK_RESERVATION).order_by(STOCK_RESERVATION.c.id)
        if order is not None:
            query = query.where(STOCK_RESERVATION.c.order == order)
        if part is not None:
            query = query.where(STOCK_RESERVATION.c.part == part)
        query = query.where(OPEN) if open_only else query
        return [_reservation(row) for row in self._connection.execute(query)]

    def add_reservation(self, reservation: Reservation) -> Reservation:
        """See `StockStore`."""
        made = self._connection.execute(STOCK_RESERVATION.insert(), _reservation_values(reservation))
        assert made.inserted_primary_key is not None
        kept = replace(reservation, id=int(made.inserted_primary_key[0]))
        self._put_aside(kept.part, _held(kept))
        return kept

    def change_reservation(self, before: Reservation, after: Reservation) -> None:
        """See `StockStore`."""
        mine = STOCK_RESERVATION.c.id == before.id
        self._connection.execute(STOCK_RESERVATION.update().where(mine).values(_reservation_values(after)))
        self._put_aside(before.part, -_held(before))
        self._put_aside(after.part, _held(after))

    def _put_aside(self, part: str, pieces: int) -> None:
        if pieces:
            level = STOCK_LEVEL.c
            changed = STOCK_LEVEL.update().where(level.part == part).values(reserved=level.reserved + pieces)
            self._connection.execute(changed)

    def line(self, parts: Sequence[str] | None = None) -> list[Waiting]:
        """See `StockStore`; None: of all parts."""
        named = (WORK_ORDER.c.number, WORK_ORDER.c.asset, WORK_ORDER.c.priority)
        one = STOCK_RESERVATION.c
        query = sa.select(STOCK_RESERVATION, *named).join(WORK_ORDER, WORK_ORDER.c.id == one.order).where(OPEN)
        if parts is not None:
            query = query.where(one.part.in_(parts))
        first = sa.func.coalesce(one.needed_by_us, NEVER_US)
        rows = self._connection.execute(query.order_by(first, WORK_ORDER.c.priority, one.id))
        return [Waiting(_reservation(row), row.number, row.asset, row.priority, 0) for row in rows]

    def order_if_free(self, order: str) -> KeptOrder | None:
        """See `StockStore`."""
        query = sa.select(WORK_ORDER).where(WORK_ORDER.c.id == order).with_for_update(skip_locked=True)
        found = read_orders(self._connection, query)
        return replace(found[0], job=read_job(self._connection, order)) if found else None

    def wait_of(self, order: str) -> tuple[bool, Status | None]:
        """See `StockStore`."""
        query = sa.select(STOCK_WAIT.c.back_to).where(STOCK_WAIT.c.order == order)
        row = self._connection.execute(query).one_or_none()
        return row is not None, Status(row.back_to) if row is not None and row.back_to else None

    def keep_wait(self, order: str, back_to: Status | None) -> None:
        """See `StockStore`."""
        values = {"back_to": back_to.value if back_to else None}
        mine = STOCK_WAIT.c.order == order
        if self._connection.execute(STOCK_WAIT.update().where(mine).values(values)).rowcount == 0:
            self._connection.execute(STOCK_WAIT.insert(), {"order": order, **values})

    def drop_wait(self, order: str) -> None:
        """See `StockStore`."""
        self._connection.execute(STOCK_WAIT.delete().where(STOCK_WAIT.c.order == order))

    def waits(self) -> list[str]:
        """See `StockStore`."""
        return list(self._connection.execute(sa.select(STOCK_WAIT.c.order).order_by(STOCK_WAIT.c.order)).scalars())

    def bill(self, order: str, part: str) -> int | None:
        """See `StockStore`."""
        query = sa.select(STOCK_BILL.c.line).where(STOCK_BILL.c.order == order, STOCK_BILL.c.part == part)
        return self._connection.execute(query).scalar()

    def keep_bill(self, order: str, part: str, line: int) -> None:
        """See `StockStore`."""
        mine = (STOCK_BILL.c.order == order) & (STOCK_BILL.c.part == part)
        if self._connection.execute(STOCK_BILL.update().where(mine).values(line=line)).rowcount == 0:
            self._connection.execute(STOCK_BILL.insert(), {"order": order, "part": part, "line": line})

    def bills(self, order: str) -> set[int]:
        """See `StockStore`."""
        query = sa.select(STOCK_BILL.c.line).where(STOCK_BILL.c.order == order)
        return set(self._connection.execute(query).scalars())

    def on_order(self, part: str) -> Sequence[OnOrder]:
        """See `StockStore`."""
        return self._knows_on_order(self._connection, part)


_LOT = tuple(STOCK_BALANCE.c[name] for name in ("part", "place", "batch", "quantity", "expires_us"))


def place_of(row: sa.Row[Any]) -> Place:
    """A row as a value."""
    return Place(row.id, row.name, bool(row.usable), Side(row.side))


def _reservation(row: sa.Row[Any]) -> Reservation:
    fields = {name: getattr(row, name) for name in Reservation.__dataclass_fields__}
    return Reservation(**{**fields, "state": ReservationState(row.state)})


def _reservation_values(one: Reservation) -> dict[str, object]:
    values = {name: getattr(one, name) for name in Reservation.__dataclass_fields__ if name != "id"}
    return {**values, "state": one.state.value}


def _held(one: Reservation) -> int:
    return one.left if one.state is ReservationState.HELD else 0
