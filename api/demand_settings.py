"""Settings of the demand for parts: what the forecast and the reorder rule reckon with, and what needs consent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from forewarn.pipeline.part_demand import DemandRules
    from forewarn.pipeline.part_reviews import ReviewRules


class DemandSettings(BaseModel):
    """`real_share`: so many alarms of ten are real. `history_months`: how far back unexplained use is counted.
    `review_days`: until somebody looks at the stock again. `order_cost`: of one purchase order; `holding_share`: of the
    price, for a year on the shelf. `at_once_below`: a policy that moves less money on the shelf needs nobody's consent;
    `budget`: for what is ordered to stock at one time (None: no limit). `order_every_h`: plant hours between two looks
    for what is to be ordered (0: by hand only)."""

    model_config = ConfigDict(extra="forbid")

    real_share: float = Field(0.8, ge=0, le=1)
    history_months: int = Field(36, ge=3, le=240)
    review_days: float = Field(30.0, ge=0, le=366)
    order_cost: float = Field(50.0, ge=0)
    holding_share: float = Field(0.2, ge=0, le=10)
    at_once_below: float = Field(0.0, ge=0)
    budget: float | None = Field(None, ge=0)
    order_every_h: float = Field(24.0, ge=0)

    def rules(self) -> DemandRules:
        """As `pipeline.part_demand` reads them."""
        from forewarn.pipeline.part_demand import DemandRules

        return DemandRules(self.real_share, self.history_months, self.review_days, self.order_cost, self.holding_share)

    def consent(self) -> ReviewRules:
        """As `pipeline.part_reviews` reads them."""
        from forewarn.pipeline.part_reviews import ReviewRules

        return ReviewRules(self.at_once_below, self.budget)
