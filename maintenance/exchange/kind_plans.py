"""The table of preventive plans: its columns, and how a row becomes a plan. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from forewarn.core.errors import Rejected
from forewarn.core.plans import OPENED_AS, PLANNED_KINDS, Plan, Trigger, Unit
from forewarn.core.work import Json
from forewarn.maintenance.exchange.cells import BadCell, Raw, Record, Sheet
from forewarn.maintenance.exchange.converters import Choice, Day, Flag, Id, Number, Text, text_of
from forewarn.maintenance.exchange.kinds import Column, TableKind
from forewarn.maintenance.exchange.several import Items, Pairs
from forewarn.maintenance.plans.plan_json import plan_from, plan_json

EVERY = re.compile(r"(\d{1,6})\s*([^\W\d]+)")
UNITS = {
    **{unit.value: unit for unit in Unit},
    **{unit.value[:-1]: unit for unit in Unit},
    "h": Unit.HOURS, "d": Unit.DAYS, "w": Unit.WEEKS, "m": Unit.MONTHS, "y": Unit.YEARS, "mo": Unit.MONTHS,
    "小时": Unit.HOURS, "天": Unit.DAYS, "日": Unit.DAYS, "周": Unit.WEEKS, "个月": Unit.MONTHS, "月": Unit.MONTHS,
    "年": Unit.YEARS, "stunden": Unit.HOURS, "tage": Unit.DAYS, "wochen": Unit.WEEKS, "monate": Unit.MONTHS,
    "jahre": Unit.YEARS,
}  # fmt: skip
EVERY_WORDS = "a number with its unit, such as 2 weeks (hours, days, weeks, months, years)"


class Interval:
    """An interval of the calendar: `2 weeks`."""

    words = EVERY_WORDS
    choices: tuple[str, ...] = ()

    def read(self, cell: Raw, sheet: Sheet) -> str:
        """Number and unit, in the words of plans."""
        found = EVERY.fullmatch(text_of(cell).casefold())
        unit = UNITS.get(found[2]) if found else None
        if found is None or unit is None:
            raise BadCell("is no interval", f"write {EVERY_WORDS}")
        return f"{int(found[1])} {unit.value}"

    def write(self, value: Any) -> Raw:
        """As it is kept."""
        return value or None


class ClockTime:
    """A local time of day: `06:00`."""

    words = "time of day, such as 06:00"
    choices: tuple[str, ...] = ()

    def read(self, cell: Raw, sheet: Sheet) -> str:
        """Hours and minutes. A spreadsheet holds a time as a part of a day."""
        if isinstance(cell, float) and 0 <= cell < 1:
            minutes = round(cell * 1440) % 1440
            return f"{minutes // 60:02d}:{minutes % 60:02d}"
        found = re.fullmatch(r"(\d{1,2}):(\d{2})(:00(\.0+)?)?", text_of(cell))
        if found is None or int(found[1]) > 23 or int(found[2]) > 59:
            raise BadCell("is no time of day", "write it as 06:00")
        return f"{int(found[1]):02d}:{found[2]}"

    def write(self, value: Any) -> Raw:
        """As it is kept."""
        return value or None


class YearDay:
    """A day of the year: `11-01` is the first of November."""

    words = "day of the year as month and day, such as 11-01"
    choices: tuple[str, ...] = ()

    def read(self, cell: Raw, sheet: Sheet) -> str:
        """Month and day."""
        told = text_of(cell)[5:10] if not isinstance(cell, str) else text_of(cell)
        found = re.fullmatch(r"(\d{1,2})-(\d{1,2})", told)
        if found is None or not (1 <= int(found[1]) <= 12 and 1 <= int(found[2]) <= 31):
            raise BadCell("is no day of the year", "format the column as text and write month and day: 11-01")
        return f"{int(found[1]):02d}-{int(found[2]):02d}"

    def write(self, value: Any) -> Raw:
        """As it is kept."""
        return value or None


TRIGGERS = {"calendar": "fixed", "固定": "fixed", "浮动": "floating", "计量": "meter", "状态": "condition"}
NO_NEGATIVE = Number(0)
PLANS = TableKind(
    "plans",
    "PM plans",
    "One row is one preventive plan: what is done, to which machines, and when.",
    (
        Column("id", "name of the plan", Id(r"[A-Za-z0-9_-]{1,64}", "1 to 64 letters, digits, - and _"), "grease-pumps",
               ("plan", "pm", "pm number", "Plan-Nr", "计划编号", "保养编号"), is_key=True, required=True),
        Column("title", "what is done", Text(300), "Grease the bearings",
               ("description", "task", "Bezeichnung", "标题", "保养内容", "任务"), required=True),
        Column("trigger", "what makes it due", Choice(tuple(Trigger), TRIGGERS), "fixed",
               ("type", "Auslöser", "触发方式"), required=True),
        Column("start", "day of the first slot", Day(), "2027-01-11", ("start date", "first due", "Beginn", "开始日期"),
               required=True),
        Column("every", "interval", Interval(), "2 weeks", ("interval", "frequency", "Intervall", "周期", "间隔"), ""),
        Column("assets", "machines, by id", Items(commas=True), "pump-01; pump-02",
               ("asset", "equipment", "machines", "Anlagen", "设备", "设备编号"), []),
        Column("asset_class", "all machines of a class", Text(200), "pump", ("class", "Klasse", "设备类别"), ""),
        Column("kind", "kind of its orders", Choice(tuple(PLANNED_KINDS), {"巡检": "inspection", "保养": "preventive"}),
               "preventive", ("order kind", "工单类型"), "preventive"),
        Column("at", "local time of day", ClockTime(), "06:00", ("time", "Uhrzeit", "时间"), "06:00"),
        Column("meter", "meter that makes it due", Text(200), "running_hours", ("counter", "Zähler", "计量表"), ""),
        Column("meter_every", "step of the meter", Number(), "500", ("meter interval", "计量间隔")),
        Column("meter_since", "reading from which is counted", Number(), "0", ("meter start",)),
        Column("meter_floating", "count from the last completion", Flag(), "yes", ("meter from completion",), None),
        Column("signal", "signal that makes it due", Text(200), "dp", ("condition signal", "信号"), ""),
        Column("above", "due above this value", Number(), "0.8", ("upper limit", "上限")),
        Column("below", "due below this value", Number(), "0.2", ("lower limit", "下限")),
        Column("component", "part of the machine", Text(200), "de_bearing", ("Bauteil", "部件"), ""),
        Column("tolerance", "share of the interval by which it may be early", Number(0, 0.5, units={"%": 0.01}), "0.1",
               ("Toleranz", "允差"), 0.1),
        Column("ahead_h", "hours ahead at which the order is opened", Number(0, 8784, units={"h": 1, "d": 24}),
               "48", ("lead", "ahead", "Vorlauf", "提前小时"), 0.0, unit="h"),
        Column("season_first", "first day of its season", YearDay(), "11-01", ("season from",), ""),
        Column("season_last", "last day of its season", YearDay(), "03-31", ("season to",), ""),
        Column("route", "one order for all machines, a round", Flag(), "no", ("round", "巡检路线"), False),
        Column("job_plan", "job plan that says how", Text(60), "bearing-grease", ("Arbeitsplan", "作业计划"), ""),
        Column("steps", "what is done, step by step", Items(), "Lock out; Grease; Run for 10 min",
               ("tasks", "Schritte", "步骤"), []),
        Column("parts", "parts with pieces", Pairs(1), "grease-lgmt2:1", ("materials", "Teile", "备件"), {}),
        Column("hours", "hours of work", Number(0, 10_000, units={"h": 1.0, "min": 1 / 60}), "1.5",
               ("labour hours", "duration", "Stunden", "工时"), 1.0, unit="h"),
        Column("priority", "1 (first) to 5", Number(1, 5, whole=True), "3", ("Priorität", "优先级"), 3),
        Column("open_as", "status in which its orders are opened", Choice(tuple(OPENED_AS)), "APPR", ("status",),
               "APPR"),
        Column("failure_modes", "what it prevents (ISO 14224 codes)", Items(commas=True), "VIB; OHE",
               ("failure mode", "失效模式"), []),
        Column("statutory", "the law asks for it", Flag(), "no", ("legal", "gesetzlich", "法定"), False),
        Column("cost", "cost of one task", NO_NEGATIVE, "180", ("task cost", "Kosten", "费用"), unit="money"),
        Column("failure_cost", "cost of a failure", NO_NEGATIVE, "9000", ("cost of failure", "故障损失"), unit="money"),
        Column("active", "in use", Flag(), "yes", ("enabled", "aktiv", "启用"), True),
    ),
)  # fmt: skip

SAME_NAME = ("id", "title", "trigger", "start", "at", "asset_class", "kind", "component", "tolerance", "ahead_h",
             "route", "job_plan", "hours", "priority", "open_as", "statutory", "cost", "failure_cost", "active",
             "assets", "steps", "failure_modes")  # fmt: skip


def plan_record(plan: Plan) -> Record:
    """The row of a plan."""
    told: dict[str, Any] = dict(plan_json(plan))
    every, meter, condition, season = (told[name] or {} for name in ("every", "meter", "condition", "season"))
    record = {name: told[name] for name in SAME_NAME}
    return {
        **record,
        "asset_class": told["asset_class"] or "",
        "every": f"{every['count']} {every['unit']}" if every else "",
        "meter": meter.get("meter", ""),
        "meter_every": meter.get("every"),
        "meter_since": meter.get("since"),
        "meter_floating": meter.get("floating"),
        "signal": condition.get("signal", ""),
        "above": condition.get("above"),
        "below": condition.get("below"),
        "season_first": season.get("first", ""),
        "season_last": season.get("last", ""),
        "parts": {line["part"]: line["quantity"] for line in told["parts"]},
    }


def plan_of(record: Mapping[str, Any]) -> Plan:
    """The plan of a row, at revision 0. Raises Rejected."""
    told: Json = {name: record[name] for name in SAME_NAME}
    told["asset_class"] = record["asset_class"] or None
    if record["every"]:
        count, _, unit = record["every"].partition(" ")
        told["every"] = {"count": int(count), "unit": unit}
    if record["meter"] or record["meter_every"] is not None:
        _together(record, "meter", "meter_every")
        meter = {"meter": record["meter"], "every": record["meter_every"], "since": record["meter_since"] or 0.0}
        told["meter"] = {**meter, "floating": record["meter_floating"] is not False}
    if record["signal"] or record["above"] is not None or record["below"] is not None:
        told["condition"] = {"signal": record["signal"], "above": record["above"], "below": record["below"]}
    if record["season_first"] or record["season_last"]:
        _together(record, "season_first", "season_last")
        told["season"] = {"first": record["season_first"], "last": record["season_last"]}
    told["parts"] = [{"part": part, "quantity": quantity} for part, quantity in record["parts"].items()]
    return plan_from(told)


def _together(record: Mapping[str, Any], *names: str) -> None:
    lacking = [name for name in names if record[name] in (None, "")]
    if lacking:
        raise Rejected(lacking[0], f"{lacking[0]} is empty: {' and '.join(names)} are given together")
