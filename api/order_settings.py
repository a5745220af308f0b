"""Settings of what orders cost: currency, the price of labour, and who may approve how much."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from forewarn.core.plant import Plant
    from forewarn.maintenance.orders.costs import House


class OrdersSettings(BaseModel):
    """`currency` (ISO 4217) of every cost of an order; `labour_per_h`: what an hour of labour is planned at.
    `cost_limits`: up to how much a role may approve, "any" without a limit; a role that is not named may approve
    nothing. Without limits nobody has to approve anything."""

    model_config = ConfigDict(extra="forbid")

    currency: str = Field("EUR", pattern="^[A-Z]{3}$")
    labour_per_h: float = Field(0.0, ge=0, le=100_000)
    cost_limits: dict[str, Annotated[float, Field(ge=0)] | Annotated[str, Field(pattern="^any$")]] = {}

    def house(self, plant: Callable[[], Plant]) -> House:
        """What the book of orders knows of a plant, as it is now."""
        from forewarn.maintenance.orders.costs import CostLimit, CostRules, House

        limits = tuple(CostLimit(role, None if x == "any" else float(x)) for role, x in self.cost_limits.items())
        return House(CostRules(self.currency, self.labour_per_h, limits), PlantPrices(plant))


class PlantPrices:
    """Classes of machines and prices of parts, as the plant file says at this moment."""

    def __init__(self, plant: Callable[[], Plant]) -> None:
        self._plant = plant

    def asset_class(self, asset: str) -> str:
        """Class of an asset, "" when the plant file does not name it."""
        known = self._plant().asset(asset)
        return known.asset_class if known else ""

    def part_price(self, part: str) -> float:
        """Price of one piece, 0 when the plant file does not name the part."""
        known = self._plant().part(part)
        return known.price if known else 0.0
