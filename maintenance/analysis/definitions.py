"""The one table of figures: what each is called, what it says, what it is divided from, and where its rows come from.

Code, API, command line and `docs/explanation/analysis.md` take the words from here; a test compares the page.
"""

from __future__ import annotations

from dataclasses import dataclass

from forewarn.core.errors import Rejected


@dataclass(frozen=True, slots=True)
class Definition:
    """A figure. `unit` "1" is a share (0 to 1) or a plain ratio. `better`: "up", "down", or "" where neither is."""

    key: str
    name: str
    unit: str
    definition: str
    formula: str
    better: str
    source: str
    needs: str = ""


FAILURE = (
    "A failure is a corrective or emergency order, or another order during which the machine broke down; not a"
    " cancelled one, not one where no fault was found."
)
RESTORED = (
    "Counted in the period in which the machine was restored; failures without a known end are left out and told."
)

DEFINITIONS: tuple[Definition, ...] = (
    Definition(
        "mtbf", "Mean time between failures", "h",
        "Operating hours of the machines over their failures. Operating hours are measured where a signal or meter"
        " covers nine tenths of the time, else the hours planned to run less those in which the machine stood, planned"
        " stops too. " + FAILURE + " Without a failure there is no value but a lower bound.",
        "operating hours / failures", "up", "ISO 14224, EN 15341; orders, stops, running hours",
    ),
    Definition(
        "mttr", "Mean time to restore", "h",
        "Hours from failed (begin of the breakdown, else the opening of the order) to restored (end of the last"
        " unplanned stop, else completion), all waiting included, after failures only. " + RESTORED,
        "hours from failed to restored / failures restored", "down", "ISO 14224; orders, stops, status history",
    ),
    Definition(
        "mttr_notice", "Mean time to notice", "h",
        "The part of MTTR before an order was opened. " + RESTORED,
        "hours from failed to opened / failures restored", "down", "as MTTR",
    ),
    Definition(
        "mtta", "Mean time to acknowledge (MTTA)", "h",
        "The part of MTTR from the opening of the order until somebody approved or began it. " + RESTORED,
        "hours in WAPPR / failures restored", "down", "as MTTR",
    ),
    Definition(
        "mwt", "Mean waiting time (MWT)", "h",
        "The part of MTTR in which the order was acknowledged and nobody worked: for people, parts, the plant, or the"
        " start after the repair. " + RESTORED,
        "hours neither unnoticed, unacknowledged nor in progress / failures restored", "down", "as MTTR",
    ),
    Definition(
        "active_repair", "Mean active repair time", "h",
        "The part of MTTR in which the order was in progress. " + RESTORED,
        "hours in INPRG / failures restored", "down", "as MTTR",
    ),
    Definition(
        "availability_inherent", "Inherent availability", "1",
        "What failures alone leave of the time: MTBF over MTBF and MTTR, as both are defined here, waiting included.",
        "MTBF / (MTBF + MTTR)", "up", "EN 15341; MTBF and MTTR",
    ),
    Definition(
        "availability_operational", "Operational availability", "1",
        "Hours planned to run in which the machine did not stand, over hours planned to run. Every reported stop"
        " counts, whatever its reason, each moment once. Machines of which only imported orders are known are left out:"
        " these tell no stops.",
        "(hours planned to run - hours stood in them) / hours planned to run", "up", "shift plans, stops",
    ),
    Definition(
        "pm_compliance", "PM compliance", "1",
        "Preventive tasks done inside their tolerance, over tasks due in the period. The tolerance is that of the plan,"
        " to either side (0.1 of the interval where it says nothing else). Skipped, cancelled and deferred tasks were"
        " due all the same; tasks whose tolerance is not over, and those without an interval, are left out and told."
        " Occasions that passed while nobody looked have no row and do not count.",
        "tasks done inside tolerance / tasks due", "up", "SMRP 5.4.14; task slots, status history",
    ),
    Definition(
        "schedule_compliance", "Schedule compliance", "1",
        "Orders completed in the local week (Monday to Monday) for which a published schedule let them begin, over all"
        " that were scheduled for it while it ran, of weeks that are over. An order that was moved to another week"
        " after its week had begun counts as not done in it. A signal for planning, no grade for people.",
        "orders completed in the week scheduled / orders scheduled", "up", "SMRP 5.4.4; audit of the schedule",
    ),
    Definition(
        "ready_backlog", "Ready backlog", "weeks",
        "Planned hours of orders that were approved or waited for schedule (APPR, WSCH) at the end of the period, over"
        " the hours that the crew works in a week: the mean of the four weeks that follow, less holidays and absences.",
        "hours of ready work / weekly crew capacity", "", "SMRP 5.4.9; orders, status history, people",
    ),
    Definition(
        "planned_share", "Planned share of work", "1",
        "Hours of labour reported on planned work, over all hours reported. Planned work had planned hours, was no"
        " emergency, and its machine had not broken down.",
        "hours on planned work / hours", "up", "SMRP 5.3.2; labour lines",
    ),
    Definition(
        "maintenance_cost", "Maintenance cost", "money",
        "Labour, parts and other cost that reports tell; a line that was corrected counts when it was first told, as it"
        " stands now. Currencies are never added.",
        "sum of standing report lines", "down", "report lines",
    ),
    Definition(
        "repeat_failures", "Repeat failures within 30 days", "1",
        "Failures that came within 30 days after the same component of the machine was restored from an earlier one"
        " (after it failed, where its end is not known), over failures of the period. Where one of the two names no"
        " component, the same failure mode. Failures that name neither are left out and told.",
        "repeat failures / failures", "down", "orders, causes, stops",
    ),
    Definition(
        "forecast_accuracy", "Forecast accuracy of part demand", "1",
        "One less the weighted error of the mean forecast, over forecasts whose whole span lies in the period and is"
        " over; issued is net of what came back; not below 0.",
        "1 - sum |issued - forecast| / sum issued", "up", "kept forecasts, issues", "forecasts",
    ),
    Definition(
        "stock_turns", "Stock turns", "1/year",
        "Value issued to orders in the period less what came back, as of a year, over the mean value that lay in the"
        " stores: pieces by the unit cost of the newest move of the part.",
        "value issued a year / mean stock value", "up", "stock ledger", "stock",
    ),
    Definition(
        "service_level", "Service level (fill rate)", "1",
        "Pieces that had been put aside or handed out when they were needed, over pieces that were reserved for orders."
        " Needed is the date of the reservation, or the moment it was made where that is later or no date is given."
        " What was given free before it was needed does not count.",
        "pieces there when needed / pieces reserved", "up", "reservations, audit", "reservations",
    ),
)  # fmt: skip

BY_KEY = {definition.key: definition for definition in DEFINITIONS}


def definition_of(key: str) -> Definition:
    """The definition of a figure. Raises Rejected with all keys for one that there is not.

    >>> definition_of("mtbf").unit
    'h'
    """
    if key not in BY_KEY:
        raise Rejected("unknown_kpi", f"there is no figure {key!r}; there are {', '.join(BY_KEY)}")
    return BY_KEY[key]
