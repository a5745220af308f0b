"""The table of assets: the columns of the registry of machines. Signals and components come from a template."""

from __future__ import annotations

from forewarn.maintenance.exchange.converters import Choice, Id, Number, Text
from forewarn.maintenance.exchange.kinds import Column, TableKind

PLAIN_ID = Id(r"[a-z0-9_-]{1,64}", "1 to 64 of a-z, 0-9, _ and -", plain=True)
POWER = {"kW": 1.0, "W": 0.001, "MW": 1000.0, "hp": 0.745699872, "PS": 0.73549875}

ASSETS = TableKind(
    "assets",
    "Assets",
    "One row is one machine. An empty cell says nothing: what is there stays, and a new machine takes it from its "
    "template. What comes in stands beside the plant file, which has the last word.",
    (
        Column("id", "id of the machine", PLAIN_ID, "pump-09", ("asset", "asset id", "equipment", "equipment number",
               "tag", "Anlage", "Equipmentnummer", "设备编号", "设备"), is_key=True, required=True),
        Column("name", "name", Text(200), "Feed pump 9", ("description", "Bezeichnung", "名称", "设备名称")),
        Column("class", "class of machine", Text(200), "pump", ("asset class", "equipment class", "Klasse", "类别",
               "设备类别")),
        Column("template", "entry of `templates` in the plant file; of new machines", PLAIN_ID, "feed-pump",
               ("Vorlage", "模板")),
        Column("site", "site, where the plant has several", PLAIN_ID, "hamburg", ("plant", "Standort", "Werk", "工厂")),
        Column("area", "area", PLAIN_ID, "hall-b", ("location", "line", "Bereich", "Halle", "区域", "车间", "位置")),
        Column("criticality", "A (stops the plant) to C", Choice(("A", "B", "C")), "B", ("ABC", "Kritikalität",
               "关键性", "重要度")),
        Column("power_kw", "rated power", Number(0.000001, units=POWER), "37",
               ("power", "rated power", "Leistung", "功率", "额定功率"), unit="kW"),
        Column("nominal_rpm", "rated speed", Number(0.000001, units={"rpm": 1, "1/min": 1, "Hz": 60}), "1480",
               ("rpm", "speed", "rated speed", "Drehzahl", "转速", "额定转速"), unit="rpm"),
        Column("operating_hours_per_day", "hours it runs on a usual day", Number(0.01, 24, units={"h": 1.0}), "16",
               ("hours per day", "Betriebsstunden", "日运行小时"), unit="h"),
        Column("support", "foundation, by ISO 20816-3", Choice(("rigid", "flexible")), "rigid",
               ("foundation", "Fundament", "基础")),
        Column("downtime_cost_per_h", "money for an hour of standstill", Number(0), "900",
               ("downtime cost", "Stillstandskosten", "停机损失"), unit="money per hour"),
    ),
)  # fmt: skip
