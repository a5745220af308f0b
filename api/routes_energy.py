"""The route that tells what running on costs in energy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, HTTPException

from forewarn.api.auth import Caller
from forewarn.api.routes_plant import known_asset
from forewarn.api.schemas_energy import EnergyOut, RangeOut
from forewarn.api.settings import EnergySettings
from forewarn.api.state import Room
from forewarn.api.views import moment
from forewarn.core.readings import SignalSpec

if TYPE_CHECKING:
    from forewarn.models.features.energy import Range
    from forewarn.pipeline.energy import EnergyUse

router = APIRouter(prefix="/api")


@router.get("/assets/{id}/energy")
def get_energy(id: str, room: Room, _: Caller) -> EnergyOut:
    """What running on as it is costs a day, computed now from what is stored; takes about a second."""
    from forewarn.pipeline.energy import energy_of, has_meter  # heavy libraries: only when somebody asks

    asset = known_asset(room, id)
    if not has_meter(asset):
        raise HTTPException(404, f"{asset.id} has no signal that measures power or energy")
    orders = room.orders.orders(open_only=True, asset=asset.id, evidence=False)
    latest = room.assessments.latest().get(asset.id)
    price = room.energy.price_per_kwh or 0.0
    return _told(asset.id, energy_of(asset, room.reader, orders, latest, room.now_us(), price), room.energy)


def _told(asset: str, use: EnergyUse, tariff: EnergySettings) -> EnergyOut:
    running = use.running
    return EnergyOut(
        asset=asset,
        since=moment(running.from_us),
        until=moment(running.to_us),
        baseline_from=moment(use.baseline_from_us),
        baseline_until=moment(use.baseline_until_us),
        level=running.level,
        sure=running.sure,
        extra_kwh_per_day=_range(running.extra_kwh_per_day),
        cost_per_day=None if tariff.price_per_kwh is None else _range(running.cost_per_day),
        currency=tariff.currency,
        actual_kw=running.actual_kw,
        expected_kw=running.expected_kw,
        hours_per_day=running.hours_per_day,
        output=use.output.signal if use.output else None,
        per_output=running.per_output,
        expected_per_output=running.expected_per_output,
        per_output_unit=_per_output_unit(use.output) if running.per_output is not None else None,
    )


def _range(told: Range) -> RangeOut:
    return RangeOut(low=told.low, middle=told.middle, high=told.high)


def _per_output_unit(output: SignalSpec | None) -> str | None:
    """kW over a flow per hour are kWh over what flows: m^3/h -> kWh/m^3."""
    return f"kWh/{output.unit.removesuffix('/h')}" if output else None
