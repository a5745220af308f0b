"""The tables of the store room and of suppliers: part cards, what lies where, who sells. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from forewarn.core.clock import US_PER_DAY
from forewarn.core.plant import PartLine
from forewarn.core.quotes import Supplier
from forewarn.core.stock import Balance, PartCard, PartKind, Ved
from forewarn.maintenance.exchange.cells import Key, Record
from forewarn.maintenance.exchange.converters import Choice, Day, Flag, Id, Number, Text
from forewarn.maintenance.exchange.kinds import Column, TableKind
from forewarn.maintenance.exchange.several import Items, Pairs

PART_ID = Id(r"[^\x00-\x1f]{1,190}", "1 to 190 letters")
PLACE_ID = Id(r"[^@\x00-\x1f][^\x00-\x1f]{0,189}", "1 to 190 letters, not beginning with @")
DAYS = {"d": 1.0, "day": 1.0, "days": 1.0, "w": 7.0, "week": 7.0, "weeks": 7.0, "天": 1.0, "Tage": 1.0}
KINDS = {"spare part": "spare", "repairable": "rotable", "Ersatzteil": "spare", "消耗品": "consumable", "备件": "spare",
         "周转件": "rotable", "保险备件": "insurance"}  # fmt: skip
VED_WORDS = {"vital": "V", "essential": "E", "desirable": "D", "A": "V", "B": "E", "C": "D"}
LETTERS = {"V": "V", "E": "E", "D": "D"}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

PARTS = TableKind(
    "parts",
    "Parts",
    "One row is the card of one part; how many pieces lie where is the table of stock.",
    (
        Column("id", "number of the part", PART_ID, "6205-2RS", ("part", "part number", "part no", "material",
               "item number", "SKU", "Teilenummer", "Materialnummer", "备件编号", "物料编码", "物料号"), is_key=True,
               required=True),
        Column("name", "name", Text(190), "Bearing 6205-2RS", ("description", "part name", "Bezeichnung", "名称",
               "备件名称", "物料名称"), ""),
        Column("unit", "in what it is counted", Text(40), "piece", ("uom", "unit of measure", "Einheit",
               "单位"), "piece"),
        Column("kind", "how it lives", Choice(tuple(PartKind), KINDS), "spare", ("type", "Art", "类型"), "spare"),
        Column("ved", "V vital, E essential, D desirable", Choice(tuple(Ved), VED_WORDS), "E",
               ("criticality", "Kritikalität", "重要度"), "E"),
        Column("part_class", "parts that are asked for alike", Text(60), "bearing",
               ("class", "group", "category", "Warengruppe", "类别", "分类"), ""),
        Column("price", "of one piece", Number(0), "12.5",
               ("unit price", "cost", "unit cost", "Preis", "单价", "价格"), 0.0, unit="money"),
        Column("lead_p50_days", "half of the deliveries come within", Number(0, 10_000, units=DAYS), "5",
               ("lead time", "lead time days", "lead days", "usual lead time", "Lieferzeit", "交货期", "采购周期"), 0.0,
               unit="d"),
        Column("lead_p90_days", "nine in ten deliveries come within; empty: as above",
               Number(0, 10_000, units=DAYS), "14", ("lead time late", "longest lead time", "最长交货期"), unit="d"),
        Column("shelf_life_days", "how long it keeps; empty: for ever", Number(0.001, 100_000, units=DAYS), "730",
               ("shelf life", "Haltbarkeit", "保质期"), unit="d"),
        Column("substitutes", "parts that do instead, the best first", Items(commas=True), "6205-2Z",
               ("alternatives", "replacement", "Ersatz", "替代件"), []),
        Column("contains", "of a kit: its parts with pieces", Pairs(1, 1_000_000_000), "seal:2; ring:1",
               ("kit", "bill of materials", "套件"), {}),
    ),
)  # fmt: skip

STOCK = TableKind(
    "stock",
    "Stock",
    "One row is what lies of a part in one place (and of one batch). What comes in is a count: the difference is "
    "booked. What the file does not name stays as it is.",
    (
        Column("part", "number of the part; it has a card", PART_ID, "6205-2RS", ("id", "part number", "part no",
               "material", "item number", "SKU", "Teilenummer", "Materialnummer", "备件编号", "物料编码"), is_key=True,
               required=True),
        Column("place", "store or shelf", PLACE_ID, "main", ("location", "bin", "store", "warehouse", "Lagerort",
               "Lagerplatz", "库位", "仓库", "货位"), "main", is_key=True),
        Column("batch", "batch; needed for parts that do not keep", Text(100), "L-2026-11",
               ("lot", "Charge", "批次", "批号"), "", is_key=True),
        Column("on_hand", "pieces that lie there", Number(0, 1_000_000_000, whole=True), "12",
               ("quantity", "qty", "stock", "count", "Bestand", "数量", "库存", "库存数量"), required=True),
        Column("expires", "last day of the batch", Day(), "2028-06-30", ("expiry", "best before", "有效期"), ""),
    ),
)  # fmt: skip

SUPPLIERS = TableKind(
    "suppliers",
    "Suppliers",
    "One row is one supplier.",
    (
        Column("id", "number of the supplier", Id(r"[^\x00-\x1f]{1,64}", "1 to 64 letters"), "skf",
               ("supplier", "vendor", "vendor number", "supplier number", "Lieferantennummer", "Kreditor",
               "供应商编号"), is_key=True, required=True),
        Column("name", "name", Text(200), "SKF GmbH", ("supplier name", "vendor name", "company", "Lieferant", "名称",
               "供应商", "供应商名称"), required=True),
        Column("email", "where requests go", Text(200), "orders@example.com", ("e-mail", "mail", "邮箱",
               "电子邮件"), ""),
        Column("contact", "person, phone", Text(300), "Ms Lee, +49 40 1234", ("phone", "Ansprechpartner",
               "联系人"), ""),
        Column("active", "is bought from", Flag(), "yes", ("enabled", "aktiv", "启用"), True),
        Column("note", "what else to know", Text(2000), "closed in August", ("comment", "remark", "备注"), ""),
    ),
)  # fmt: skip


def card_record(card: PartCard) -> Record:
    """The row of a card."""
    plain = ("id", "name", "unit", "part_class", "price", "lead_p50_days", "lead_p90_days", "shelf_life_days")
    return {
        **{name: getattr(card, name) for name in plain},
        "kind": card.kind.value,
        "ved": card.ved.value,
        "substitutes": list(card.substitutes),
        "contains": {line.part: line.quantity for line in card.contains},
    }


def card_of(record: Mapping[str, Any], revision: int = 0) -> PartCard:
    """The card of a row. Raises Rejected."""
    late = record["lead_p90_days"]
    return PartCard(
        record["id"],
        record["name"],
        record["unit"],
        PartKind(record["kind"]),
        Ved(record["ved"]),
        record["part_class"],
        float(record["price"]),
        float(record["lead_p50_days"]),
        float(record["lead_p50_days"] if late is None else late),
        record["shelf_life_days"],
        tuple(record["substitutes"]),
        tuple(PartLine(part, quantity) for part, quantity in record["contains"].items()),
        revision,
    )


def lot_key(lot: Balance) -> Key:
    """What tells a lot apart."""
    return (lot.part, lot.place, lot.batch)


def lot_record(key: Key, on_hand: int, expires_us: int | None) -> Record:
    """The row of a lot."""
    day = "" if expires_us is None else (EPOCH + timedelta(microseconds=expires_us)).date().isoformat()
    return {"part": key[0], "place": key[1], "batch": key[2], "on_hand": on_hand, "expires": day}


def expires_us(record: Mapping[str, Any]) -> int | None:
    """When a lot expires: with the begin of its day in UTC."""
    if not record["expires"]:
        return None
    return (datetime.fromisoformat(record["expires"]).replace(tzinfo=UTC) - EPOCH).days * US_PER_DAY


def supplier_record(supplier: Supplier) -> Record:
    """The row of a supplier."""
    return {name: getattr(supplier, name) for name in ("id", "name", "email", "contact", "active", "note")}


def supplier_of(record: Mapping[str, Any], revision: int = 0) -> Supplier:
    """The supplier of a row. Raises Rejected."""
    return Supplier(**record, revision=revision)
