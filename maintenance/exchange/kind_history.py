"""The table of history: past work orders of other systems. Pure."""

from __future__ import annotations

from typing import Any

from forewarn.core.labels import Finding
from forewarn.core.work import OrderKind, WorkOrder
from forewarn.maintenance.exchange.cells import Record
from forewarn.maintenance.exchange.converters import Choice, Id, Moment, Number, Text
from forewarn.maintenance.exchange.kinds import Column, TableKind
from forewarn.maintenance.people.plain_people import iso

USUAL_SOURCE = "table"
ORDER_KINDS = {"breakdown": "emergency", "repair": "corrective", "pm": "preventive", "故障": "emergency",
               "维修": "corrective", "保养": "preventive", "巡检": "inspection"}  # fmt: skip

HISTORY = TableKind(
    "history",
    "History",
    "One row is one work order of the past. It comes in as a closed order, once, and is never changed again; a file in "
    "words of its own comes in with `forewarn history import` and a map.",
    (
        Column("source", "system that the order comes from", Id(r"[^\x00-\x1f]{1,100}", "a name of 1 to 100 letters"),
               "old-cmms", ("system of record", "来源"), USUAL_SOURCE, is_key=True),
        Column("key", "its number there; empty: made from what the row says",
               Id(r"[^\x00-\x1f]{1,200}", "a number or name of 1 to 200 letters"), "WO-4711",
               ("number", "order", "work order", "wo number", "Auftrag", "工单号", "工单编号"), "", is_key=True),
        Column("date", "when it was done", Moment(), "2025-03-20T10:30Z",
               ("done", "completed", "finished", "Datum", "日期", "完成时间"), required=True),
        Column("asset", "machine, by id", Id(r"[^\x00-\x1f]{1,200}", "an id of the plant file"), "pump-01",
               ("equipment", "machine", "Anlage", "设备", "设备编号"), required=True),
        Column("text", "what was done", Text(300), "Bearing changed", ("description", "Text", "描述", "内容"), ""),
        Column("kind", "kind of order", Choice(tuple(OrderKind), ORDER_KINDS), "corrective",
               ("type", "Art", "类型", "工单类型"), "corrective"),
        Column("cost", "what it cost", Number(), "1250", ("total cost", "Kosten", "费用"), unit="money"),
        Column("system", "parts of the machine, with ; between", Text(300), "bearing; seal",
               ("component", "Baugruppe", "部件", "系统"), ""),
        Column("part", "spare part that was used", Text(200), "6205-2RS", ("spare part", "Teil", "备件"), ""),
        Column("action", "what was done about it", Text(200), "replaced", ("Maßnahme", "措施"), ""),
        Column("failure_mode", "ISO 14224 code, or the words of the source", Text(200), "VIB",
               ("failure", "mode", "Schaden", "失效模式", "故障模式"), ""),
        Column("finding", "was the suspicion true", Choice(tuple(Finding)), "confirmed",
               ("result", "Befund", "结论"), ""),
    ),
)  # fmt: skip


def history_record(source: str, key: str, order: WorkOrder) -> Record:
    """The row of an order that came in."""
    report: dict[str, Any] = dict(order.report or {})
    told: dict[str, Any] = dict(report.get("imported", {}))
    return {
        "source": source,
        "key": key,
        "date": iso(order.created_at_us),
        "asset": order.asset,
        "text": report.get("text", ""),
        "kind": order.kind.value,
        "cost": told.get("cost"),
        **{name: told.get(name, "") for name in ("system", "part", "action", "failure_mode")},
        "finding": report.get("finding", ""),
    }
