"""People from a file: YAML (`people:` with id -> entry) or CSV (one row each). Pure: text in, values out.

CSV columns: `id, name, skills, week, timezone, place, rate_per_h, company, until, may_do`; skills as
`mechanical:3 electrical:2`, the week as `mon-fri 06:00-14:00; sat 06:00-12:00`, `may_do` as `preventive corrective`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

import yaml

from forewarn.core.errors import Rejected
from forewarn.core.people import Technician
from forewarn.maintenance.people.plain_people import person_from

COLUMNS = ("id", "name", "skills", "week", "timezone", "place", "rate_per_h", "company", "until", "may_do")
LARGEST = 2_000_000


def people_of(text: str, kind: str) -> list[Technician]:
    """Everybody in a file of kind `yaml` or `csv`. Raises Rejected with the entry or line and what to write.

    >>> text = "id,name,skills,week\\nann,Ann,mechanical:3 welding:1,mon-fri 06:00-14:00\\n"
    >>> ann, = people_of(text, "csv")
    >>> ann.skills
    {'mechanical': 3, 'welding': 1}
    """
    if len(text) > LARGEST:
        raise Rejected("people_file", f"a people file has at most {LARGEST} characters: split it")
    if kind not in ("yaml", "csv"):
        raise Rejected("people_file", f"{kind!r} is not known; people files are yaml or csv")
    found = [_person(where, entry) for where, entry in (_yaml(text) if kind == "yaml" else _csv(text))]
    twice = sorted({p.id for p in found if sum(q.id == p.id for q in found) > 1})
    if twice:
        raise Rejected("people_file", f"stands twice in the file: {', '.join(twice)}")
    if not found:
        raise Rejected("people_file", "the file names nobody")
    return found


def _person(where: str, entry: Mapping[str, Any]) -> Technician:
    try:
        return person_from(entry)
    except Rejected as error:
        raise Rejected(error.reason, f"{where}: {error.detail}") from error


def _yaml(text: str) -> list[tuple[str, dict[str, Any]]]:
    try:
        told = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise Rejected("people_file", f"not YAML: {error}") from error
    people = told.get("people") if isinstance(told, dict) else None
    if not isinstance(people, dict) or not all(isinstance(entry, dict) for entry in people.values()):
        raise Rejected("people_file", "the file has `people:` with one entry for each id")
    return [(str(id), {"id": str(id), **_days_as_text(entry)}) for id, entry in people.items()]


def _days_as_text(entry: dict[str, Any]) -> dict[str, Any]:
    """YAML reads 2026-12-24 as a date."""
    told = dict(entry)
    told["holidays"] = [str(day) for day in entry.get("holidays") or ()]
    told["absences"] = [{key: str(value) for key, value in a.items()} for a in entry.get("absences") or ()]
    return told


def _csv(text: str) -> list[tuple[str, dict[str, Any]]]:
    rows = csv.DictReader(io.StringIO(text))
    unknown = sorted(set(rows.fieldnames or ()) - set(COLUMNS))
    if unknown or "id" not in (rows.fieldnames or ()):
        raise Rejected("people_file", f"columns are {', '.join(COLUMNS)}; not known: {', '.join(unknown) or 'no id'}")
    return [(f"line {rows.line_num}", _row(rows.line_num, row)) for row in rows]


def _row(line: int, row: Mapping[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {key: (row.get(key) or "").strip() for key in COLUMNS}
    try:
        skills = dict(word.split(":") for word in told["skills"].split())
        week: dict[str, list[str]] = {}
        for days, window in (entry.split() for entry in told["week"].split(";") if entry.strip()):
            week.setdefault(days, []).append(window)
    except ValueError as error:
        raise Rejected(
            "people_file", f"line {line}: write skills as mechanical:3, the week as mon-fri 06:00-14:00"
        ) from error
    company, until, may_do = told.pop("company"), told.pop("until"), told.pop("may_do").split()
    contractor = {"company": company, "until": until or None, "may_do": may_do} if company else None
    return {**told, "skills": skills, "week": week, "contractor": contractor}
