"""Shapes of the routes of counting and of the looks over all stock: classes, losses, dead stock."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from forewarn.api.schemas import Model
from forewarn.api.schemas_stock import NeedOut, VedName

SheetStateName = Literal["open", "recount", "ready", "posted", "cancelled"]
LineNeedName = Literal["count", "counted", "recount", "nothing"]
Letter = Literal["A", "B", "C"]
LossByName = Literal["part", "place", "month", "class", "who"]
Line = Annotated[str, Field(min_length=1, max_length=200)]


class CountIn(Model):
    """What somebody counted. `by`: who (default: the caller); `at`: when (default: now); `serials` of a rotable."""

    pieces: int = Field(ge=0, le=1_000_000_000)
    by: str = Field("", max_length=200)
    at: datetime | None = None
    serials: list[Annotated[str, Field(min_length=1, max_length=100)]] = Field(default_factory=list, max_length=1000)
    note: str = Field("", max_length=2000)


class CountedOut(Model):
    """One count of a line. `replaced`: typed wrong. What was counted is null while the sheet is blind."""

    pieces: int | None
    by: str
    at: datetime
    serials: list[str] | None
    note: str
    replaced: bool


class CountLineOut(Model):
    """A line of a sheet. While it is blind, what the ledger says (`expected`, `difference`, serial numbers) is null.
    `value` of the difference; `moves`: numbers of the moves that were booked."""

    line: int
    part: str
    name: str
    unit: str
    place: str
    batch: str
    abc: Letter
    is_rotable: bool
    need: LineNeedName
    counts: list[CountedOut]
    expected: int | None
    difference: int | None
    value: float | None
    missing: list[str] | None
    extra: list[str] | None
    moves: list[int]


class SheetRow(Model):
    """A count sheet. `revision` is its ETag."""

    id: int
    number: str
    area: str
    state: SheetStateName
    made_at: datetime
    made_by: str
    ended_at: datetime | None
    ended_by: str
    note: str
    revision: int


class SheetOut(SheetRow):
    """A sheet with its lines in walking order. `blind` while somebody has to count: what the ledger says and what
    others counted is hidden. `value`: what posting it books, or booked; `allowed`: states that it may go to."""

    blind: bool
    lines: list[CountLineOut]
    value: float | None
    allowed: list[SheetStateName]


class DrawIn(Model):
    """Which sheet is drawn: all that lies in `places` (and only `parts` there, where named), or, without places, the
    next walk of the rolling count, of `area` where it is named."""

    area: str = Field("", max_length=200)
    places: list[Line] = Field(default_factory=list, max_length=1000)
    parts: list[Line] = Field(default_factory=list, max_length=1000)


class CancelCountIn(Model):
    """Why a count is given up."""

    reason: str = Field(min_length=1, max_length=2000)


class DueCountOut(Model):
    """A part in a place whose count is due or comes due. `urgency`: intervals since it was counted (1: due)."""

    part: str
    place: str
    batch: str
    abc: Letter
    counted_at: datetime | None
    due: datetime
    urgency: float


class WalkOut(Model):
    """A walk that the rolling count asks for now: `lines`, of which `due` are due; the others lie beside them."""

    area: str
    lines: int
    due: int
    places: list[str]


class DueCountsOut(Model):
    """What the rolling count asks for."""

    walks: list[WalkOut]
    spots: list[DueCountOut]


class PartClassOut(Model):
    """ABC by yearly value, XYZ by evenness, VED by the machines that need the part (`ved_card`: what its card says).
    `adi` null: nobody asked for it."""

    part: str
    name: str
    code: str
    abc: Letter
    xyz: Literal["X", "Y", "Z"]
    ved: VedName
    ved_card: VedName
    yearly_value: float
    share: float
    adi: float | None
    cv2: float
    why: str


class RateOut(Model):
    """Money lost per money issued with its 95 % interval (Fay and Feuer 1997); null where nothing was issued."""

    rate: float | None
    low: float | None
    high: float | None
    issued: float


class HandledOut(Model):
    """Who moved the part in that place since it was counted before, and how often."""

    by: str
    moves: int


class LossRowOut(Model):
    """The line of a count behind a loss: `pieces` counted less those of the ledger; `elsewhere` of them turned up
    again; `rest` is unexplained. `handled`: null unless asked for with `handled=true`."""

    sheet: str
    line: int
    part: str
    place: str
    at: datetime
    pieces: int
    price: float
    abc: Letter
    counted_by: str
    elsewhere: int
    rest: int
    rest_value: float
    counted_before: datetime | None
    handled: list[HandledOut] | None


class LossGroupOut(Model):
    """Differences added up. `off` of `counted` lines had one; `accuracy` the share that had none; `moved_pieces` lay
    elsewhere; `unexplained_value` money lost."""

    key: str
    counted: int
    off: int
    accuracy: float
    missing_pieces: int
    found_pieces: int
    missing_value: float
    found_value: float
    moved_pieces: int
    unexplained_value: float
    rate: RateOut
    rows: list[LossRowOut]


class LossesOut(Model):
    """What counts of a span found missing, by part, place, month, class or who counted."""

    by: LossByName
    total: LossGroupOut
    groups: list[LossGroupOut]


class DeadPartOut(Model):
    """A part that lies: how it moves, what to do with it and why. `keep` pieces stay, `surplus` go. `cover_years` null:
    nothing was issued in a year."""

    part: str
    name: str
    motion: Literal["moving", "slow", "dead"]
    advice: Literal["leave", "keep as insurance", "sell", "scrap"]
    on_hand: int
    value: float
    still_days: float
    cover_years: float | None
    keep: int
    surplus: int
    surplus_value: float
    reason: str
    needs: list[NeedOut]


class DeadStockOut(Model):
    """Slow and dead stock, the most money first; `value` of it all, `surplus_value` of what could go."""

    parts: list[DeadPartOut]
    value: float
    surplus_value: float
