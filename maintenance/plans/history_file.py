"""Past work orders of another system, from a CSV file: columns by name, words by a table, errors row by row. Pure.

The mapping is a small YAML file; `docs/howto/import-history.md` shows one. A row is known again by the key column, or
where there is none by what it says, counted among rows that say the same.
"""

from __future__ import annotations

import csv
import hashlib
import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from forewarn.core.errors import Rejected
from forewarn.core.faults import FAILURE_MODES
from forewarn.core.labels import Finding
from forewarn.core.work import OrderKind
from forewarn.maintenance.evidence import canonical

FIELDS = ("date", "asset", "text", "kind", "cost", "system", "part", "action", "failure_mode", "finding", "key")
NEEDED = ("date", "asset")
TITLE_LIMIT = 300
NO_MODE = "UNK"
OTHER_MODE = "OTH"


@dataclass(frozen=True, slots=True)
class KindRule:
    """Rows whose `column` holds one of `values` are orders of a kind; the first rule that holds counts."""

    column: str
    values: tuple[str, ...]
    kind: OrderKind


@dataclass(frozen=True, slots=True)
class HistoryMap:
    """How to read a file. `columns`: field -> column. `assets`, `kinds`, `failure_modes`, `findings`: word of the file
    -> ours. `several`: what stands between several systems of one row. `date_format`: strptime, "" = ISO 8601.
    `keep_unknown_assets`: rows of assets that the plant file does not name are imported too."""

    source: str
    columns: Mapping[str, str]
    assets: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[str, OrderKind] = field(default_factory=dict)
    kind_rules: tuple[KindRule, ...] = ()
    usual_kind: OrderKind = OrderKind.CORRECTIVE
    failure_modes: Mapping[str, str] = field(default_factory=dict)
    findings: Mapping[str, Finding] = field(default_factory=dict)
    several: str = ""
    date_format: str = ""
    zone: tzinfo = UTC
    currency: str = "EUR"
    keep_unknown_assets: bool = False


@dataclass(frozen=True, slots=True)
class PastOrder:
    """One row that was understood. `row` counts the lines of the file from 1, the header being the first; `digest` is
    the SHA-256 of what it says. `words` are those of the file: system, part, action, failure_mode."""

    row: int
    key: str
    digest: str
    asset: str
    at_us: int
    kind: OrderKind
    text: str
    components: tuple[str, ...]
    failure_mode: str
    cost: float | None
    finding: Finding | None
    words: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RowError:
    """Why a row cannot be imported."""

    row: int
    field: str
    problem: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a file holds. `unmapped`: failure modes of the file that have no ISO 14224 code in the mapping, with how
    often they came; they are imported as OTH, their words kept."""

    orders: tuple[PastOrder, ...]
    errors: tuple[RowError, ...]
    unmapped: Mapping[str, int]


def mapping_from(told: Mapping[str, Any]) -> HistoryMap:
    """A mapping from its YAML. Raises Rejected "mapping" with what to change."""
    known = {"source", "columns", "assets", "kinds", "kind_rules", "usual_kind", "failure_modes", "findings", "several",
             "date_format", "timezone", "currency", "unknown_assets"}  # fmt: skip
    if stray := sorted(set(told) - known):
        raise Rejected("mapping", f"a mapping has no {', '.join(stray)}; it has {', '.join(sorted(known))}")
    columns = {str(name): str(column) for name, column in dict(told.get("columns", {})).items()}
    if stray := sorted(set(columns) - set(FIELDS)):
        raise Rejected("mapping", f"there is no field {', '.join(stray)}; columns are given for {', '.join(FIELDS)}")
    if missing := [name for name in NEEDED if name not in columns]:
        raise Rejected("mapping", f"say in `columns` which column is the {' and the '.join(missing)}")
    modes = _words(told.get("failure_modes", {}))
    if stray := sorted(set(modes.values()) - set(FAILURE_MODES)):
        raise Rejected(
            "mapping", f"{', '.join(stray)}: no ISO 14224 failure mode; known are {', '.join(FAILURE_MODES)}"
        )
    try:
        rules = tuple(
            KindRule(str(rule["column"]), tuple(str(value) for value in rule["values"]), OrderKind(rule["kind"]))
            for rule in told.get("kind_rules", ())
        )
        return HistoryMap(
            source=str(told["source"]),
            columns=columns,
            assets=_words(told.get("assets", {})),
            kinds={word: OrderKind(kind) for word, kind in _words(told.get("kinds", {})).items()},
            kind_rules=rules,
            usual_kind=OrderKind(told.get("usual_kind", "corrective")),
            failure_modes=modes,
            findings={word: Finding(found) for word, found in _words(told.get("findings", {})).items()},
            several=str(told.get("several", "")),
            date_format=str(told.get("date_format", "")),
            zone=ZoneInfo(str(told.get("timezone", "UTC"))),
            currency=str(told.get("currency", "EUR")),
            keep_unknown_assets={"refuse": False, "keep": True}[str(told.get("unknown_assets", "refuse"))],
        )
    except (KeyError, TypeError, ValueError, ZoneInfoNotFoundError) as error:
        raise Rejected("mapping", f"a mapping as shown in docs/howto/import-history.md is expected: {error}") from error


def _words(told: object) -> dict[str, str]:
    if not isinstance(told, Mapping):
        raise Rejected("mapping", f"a table of words is expected, not {told!r}")
    return {str(word).strip(): str(ours) for word, ours in told.items()}


def read_past(lines: Iterable[str], mapping: HistoryMap, known_assets: Collection[str]) -> Parsed:
    """All rows of a CSV text. Raises Rejected "columns" when the header lacks a mapped column."""
    reader = csv.reader(lines)
    header = [name.strip() for name in next(reader, [])]
    wanted = {*mapping.columns.values(), *(rule.column for rule in mapping.kind_rules)}
    if missing := sorted(wanted - set(header)):
        raise Rejected("columns", f"the file has no column {', '.join(missing)}; it has {', '.join(header)}")
    orders: list[PastOrder] = []
    errors: list[RowError] = []
    unmapped: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    keys: set[str] = set()
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            errors.append(RowError(reader.line_num, "", f"not readable as CSV: {error}"))
            continue
        if cells is None:
            return Parsed(tuple(orders), tuple(errors), dict(unmapped.most_common()))
        if not any(cell.strip() for cell in cells):
            continue
        found = _row(reader.line_num, header, cells, mapping, known_assets, seen)
        if isinstance(found, RowError):
            errors.append(found)
        elif found.key in keys:
            errors.append(RowError(found.row, "key", f"the key {found.key!r} stands on an earlier row already"))
        else:
            keys.add(found.key)
            orders.append(found)
            word = found.words.get("failure_mode", "")
            if word and found.failure_mode == OTHER_MODE and mapping.failure_modes.get(word) != OTHER_MODE:
                unmapped[word] += 1


def _row(
    line: int,
    header: Sequence[str],
    cells: Sequence[str],
    mapping: HistoryMap,
    known: Collection[str],
    seen: Counter[str],
) -> PastOrder | RowError:
    if len(cells) != len(header):
        return RowError(line, "", f"{len(cells)} cells where the header has {len(header)}: a quote or comma is wrong")
    row = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
    told = {name: row[column] for name, column in mapping.columns.items()}
    try:
        at_us = _moment(told["date"], mapping)
    except ValueError:
        form = mapping.date_format or "ISO 8601, such as 2005-03-20"
        return RowError(line, "date", f"{told['date']!r} is no date of the form {form}")
    asset = mapping.assets.get(told["asset"], told["asset"])
    if not asset:
        return RowError(line, "asset", "no asset")
    if asset not in known and not mapping.keep_unknown_assets:
        return RowError(line, "asset", f"the plant file has no asset {asset!r}: name it in `assets` or there")
    try:
        cost = float(told["cost"]) if told.get("cost") else None
        if cost is not None and not math.isfinite(cost):
            raise ValueError(cost)
    except ValueError:
        return RowError(line, "cost", f"{told['cost']!r} is no amount")
    kind = _kind(row, told.get("kind", ""), mapping)
    if kind is None:
        return RowError(line, "kind", f"{told['kind']!r} is not among `kinds`: {', '.join(mapping.kinds)}")
    mode = _mode(told.get("failure_mode", ""), mapping)
    finding = mapping.findings.get(told.get("finding", ""))
    digest = hashlib.sha256(canonical(row).encode()).hexdigest()
    seen[digest] += 1
    key = told.get("key") or f"{digest[:40]}-{seen[digest]}"
    words = {name: told[name] for name in ("system", "part", "action", "failure_mode") if told.get(name)}
    components = tuple(dict.fromkeys(slug(word) for word in _several(told.get("system", ""), mapping) if slug(word)))
    text = told.get("text", "") or " ".join(words.values()) or kind.value
    return PastOrder(
        line, key[:200], digest, asset, at_us, kind, text[:TITLE_LIMIT], components, mode, cost, finding, words
    )


def _kind(row: Mapping[str, str], word: str, mapping: HistoryMap) -> OrderKind | None:
    for rule in mapping.kind_rules:
        if row[rule.column] in rule.values:
            return rule.kind
    if word in mapping.kinds:
        return mapping.kinds[word]
    return None if word and mapping.kinds else mapping.usual_kind


def _several(text: str, mapping: HistoryMap) -> list[str]:
    return [word.strip() for word in text.split(mapping.several)] if mapping.several else [text]


def _mode(text: str, mapping: HistoryMap) -> str:
    """ISO 14224 code of the first word that has one; a code that the file itself uses stands for itself."""
    if not text:
        return NO_MODE
    for word in (text, *_several(text, mapping)):
        if word in mapping.failure_modes or word in FAILURE_MODES:
            return mapping.failure_modes.get(word, word)
    return OTHER_MODE


def _moment(text: str, mapping: HistoryMap) -> int:
    form = mapping.date_format
    at = datetime.strptime(text, form) if form else datetime.fromisoformat(text)  # noqa: DTZ007
    aware = at if at.tzinfo is not None else at.replace(tzinfo=mapping.zone)
    return round(aware.timestamp() * 1e6)


def slug(text: str) -> str:
    """A name of a component from words of a file.

    >>> slug("Hydraulic Cylinders "), slug("L/H boom")
    ('hydraulic-cylinders', 'l-h-boom')
    """
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
