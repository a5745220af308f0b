"""From a key to its figure: one line for each definition. Pure."""

from __future__ import annotations

from collections.abc import Callable

from forewarn.maintenance.analysis import money, planning, reliability, repeats, supply
from forewarn.maintenance.analysis.answers import Answer
from forewarn.maintenance.analysis.definitions import definition_of
from forewarn.maintenance.analysis.facts import Facts, Period

Figure = Callable[[Facts, Period], Answer]


def _of_supply(figure: Callable[[supply.SupplyFacts, Period], Answer]) -> Figure:
    return lambda facts, period: figure(facts.supply, period)


FIGURES: dict[str, Figure] = {
    "mtbf": reliability.mtbf,
    "mttr": reliability.mttr,
    "mttr_notice": reliability.part_of_mttr("mttr_notice", "notice"),
    "mtta": reliability.part_of_mttr("mtta", "acknowledge"),
    "mwt": reliability.part_of_mttr("mwt", "waiting"),
    "active_repair": reliability.part_of_mttr("active_repair", "active"),
    "availability_inherent": reliability.inherent_availability,
    "availability_operational": reliability.operational_availability,
    "pm_compliance": planning.pm_compliance,
    "schedule_compliance": planning.schedule_compliance,
    "ready_backlog": planning.ready_backlog,
    "planned_share": planning.planned_share,
    "maintenance_cost": money.maintenance_cost,
    "repeat_failures": repeats.repeat_failures,
    "forecast_accuracy": _of_supply(supply.forecast_accuracy),
    "stock_turns": _of_supply(supply.stock_turns),
    "service_level": _of_supply(supply.service_level),
}


OF_THE_WHOLE = ("stock", "forecasts")


def figure(key: str, facts: Facts, period: Period) -> Answer:
    """The figure of a period. Raises Rejected for a key that there is not."""
    needs = definition_of(key).needs
    if needs in OF_THE_WHOLE and facts.supply.narrowed:
        why = "parts lie there for the whole plant: ask for this figure without asset, class or area"
        return Answer(key, None, 0.0, 0.0, (), why)
    if needs and needs not in facts.supply.kept:
        return Answer(key, None, 0.0, 0.0, (), f"nothing is kept of {needs} here yet")
    return FIGURES[key](facts, period)
