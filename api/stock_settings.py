"""Settings of the store room: how often what is counted, how far it may be off, and when stock counts as dead."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from forewarn.maintenance.stock.dead import DeadRules
from forewarn.maintenance.stock.walks import RHYTHM_DAYS, TOLERANCE, CountRules


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CountSettings(_Strict):
    """Days between two counts and share of the pieces that may be off without a second count, for parts of class A, B
    and C; money above which it is counted again all the same; lines of a sheet; share of its interval by which a
    neighbour on the shelf is counted early."""

    a_days: float = Field(RHYTHM_DAYS["A"], gt=0, le=3660)
    b_days: float = Field(RHYTHM_DAYS["B"], gt=0, le=3660)
    c_days: float = Field(RHYTHM_DAYS["C"], gt=0, le=3660)
    a_tolerance: float = Field(TOLERANCE["A"], ge=0, le=1)
    b_tolerance: float = Field(TOLERANCE["B"], ge=0, le=1)
    c_tolerance: float = Field(TOLERANCE["C"], ge=0, le=1)
    most_value: float = Field(100.0, ge=0)
    most_lines: int = Field(60, ge=1, le=1000)
    beside: float = Field(0.25, ge=0, le=1)

    def rules(self) -> CountRules:
        """As the book of counts reads them."""
        return CountRules(
            {"A": self.a_days, "B": self.b_days, "C": self.c_days},
            {"A": self.a_tolerance, "B": self.b_tolerance, "C": self.c_tolerance},
            self.most_value,
            self.most_lines,
            self.beside,
        )


class DeadSettings(_Strict):
    """Days without an issue after which a part is dead; years that it lasts from which it is slow; lead time from which
    it is insurance wherever it is needed; money below which selling is not worth it."""

    still_days: float = Field(730.0, gt=0)
    cover_years: float = Field(3.0, gt=0)
    long_lead_days: float = Field(28.0, ge=0)
    least_sale: float = Field(50.0, ge=0)

    def rules(self) -> DeadRules:
        """As `maintenance.stock.dead` reads them."""
        return DeadRules(self.still_days, self.cover_years, self.long_lead_days, self.least_sale)


class StockSettings(_Strict):
    """The store room."""

    counts: CountSettings = CountSettings()
    dead: DeadSettings = DeadSettings()
