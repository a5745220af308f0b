"""The shapes of what running on costs in energy; see `api.schemas` for the rules that hold for all shapes."""

from __future__ import annotations

from datetime import datetime

from forewarn.api.schemas import Model, Share


class RangeOut(Model):
    """A value with the interval that holds it with the probability `level`."""

    low: float
    middle: float
    high: float


class EnergyOut(Model):
    """What running on as it is costs; below 0 the machine needs less than it used to.

    kW are means over [since, until) while it ran, kWh a day are at `hours_per_day` of running; expected is what its own
    past, [baseline_from, baseline_until), drew for the same work. `sure`: the whole interval lies above 0.
    `per_output` is kWh per unit of what it delivers, null where no flow is measured. `cost_per_day` is null without a
    price per kWh.
    """

    asset: str
    since: datetime
    until: datetime
    baseline_from: datetime
    baseline_until: datetime
    level: Share
    sure: bool
    extra_kwh_per_day: RangeOut
    cost_per_day: RangeOut | None
    currency: str
    actual_kw: float
    expected_kw: float
    hours_per_day: float
    output: str | None
    per_output: float | None
    expected_per_output: float | None
    per_output_unit: str | None
