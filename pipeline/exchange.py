"""Tables in and out, joined with the plant: the sources of every kind, and the table of assets."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from forewarn.core.errors import Conflict, Rejected
from forewarn.core.plant import Asset, Plant
from forewarn.core.ports import Actor
from forewarn.maintenance.audit import AuditEntry, append_all
from forewarn.maintenance.exchange.cells import Key, Record
from forewarn.maintenance.exchange.desk import Written
from forewarn.maintenance.exchange.kind_assets import ASSETS
from forewarn.maintenance.exchange.parsing import ParsedRow
from forewarn.maintenance.exchange.preview import Draft, Finding, alike
from forewarn.maintenance.exchange.source_people import two_parts
from forewarn.pipeline.adopted import Overlay, file_of, load_plant_with_adopted, overlay_of, put_back, rewrite, tried
from forewarn.pipeline.imported_assets import FIELDS, inherited, said
from forewarn.pipeline.plant_file import PlantFileError, load_plant
from forewarn.pipeline.plant_schema import PlantFile
from forewarn.pipeline.plant_yaml import Problem

COLUMN_OF = {field: "class" if field == "asset_class" else field for field in FIELDS}
"""Field of an asset -> column of the table."""


@dataclass(frozen=True, slots=True)
class PlantFiles:
    """The plant file and its overlay, and who wants to know of a changed plant."""

    plant: Path
    overlay: Path
    on_plant: Callable[[Plant], None]


class AssetsSource:
    """`desk.Intake` of assets: they stand in the overlay, checked as the plant file is, and count at once."""

    kind = ASSETS

    def __init__(self, files: PlantFiles) -> None:
        self._files = files

    def now(self, keys: Collection[Key] | None) -> dict[Key, Record]:
        """See `desk.Source`."""
        plant = load_plant_with_adopted(self._files.plant, self._files.overlay)
        templates = self._templates()
        chosen = [asset for asset in plant.assets if keys is None or (asset.id,) in keys]
        return {(asset.id,): _record(asset, templates.get(asset.id)) for asset in chosen}

    def _templates(self) -> dict[str, str | None]:
        told = {id: entry.template for id, entry in file_of(self._files.plant).assets.items()}
        for id, entry in overlay_of(self._files.overlay).get("assets", {}).items():
            template = entry.get("machine", {}).get("template")
            told.setdefault(id, template if isinstance(template, str) else None)
        return told

    def keyed(self, rows: Sequence[ParsedRow]) -> Sequence[ParsedRow]:
        """An empty cell says nothing."""
        return [replace(row, given={k: v for k, v in row.given.items() if v not in (None, "")}) for row in rows]

    def settled(self, record: Record, before: Record | None) -> Record:
        """See `desk.Intake`."""
        if before is not None:
            return record
        usual = inherited(self._file, record["template"], record["id"])
        return {name: value if value not in (None, "") else _usual(usual, name) for name, value in record.items()}

    @property
    def _file(self) -> PlantFile:
        return file_of(self._files.plant)

    def check(self, rows: Sequence[Draft]) -> list[Finding]:
        """See `desk.Intake`."""
        found = [_of_template(row) for row in rows if row.before is not None]
        told = [finding for finding in found if finding is not None]
        wrong = {finding.row for finding in told}
        while good := [row for row in rows if row.row not in wrong]:
            problems = self._problems(good)
            told += problems
            wrong |= {problem.row for problem in problems}
            if not problems:
                break
        return told

    def _problems(self, rows: Sequence[Draft]) -> list[Finding]:
        """What is wrong with the plant with these rows. References are looked at only when every value can be read, so
        who leaves wrong rows out asks again."""
        written = [Written(row.key, row.before, row.record) for row in rows]
        by_id = {row.key[0]: row for row in rows}
        try:
            tried(self._files.plant, self._files.overlay, self._change(written))
        except PlantFileError as error:
            return [_finding(problem, by_id) for problem in error.problems]
        return []

    def write(self, connection: sa.Connection, rows: Sequence[Written], actor: Actor, at_us: int) -> None:
        """See `desk.Intake`."""
        append_all(connection, (_entry(row, actor, at_us) for row in rows))
        rewrite(self._files.plant, self._files.overlay, self._change(rows))

    def keeping(self) -> AbstractContextManager[None]:
        """See `desk.Intake`: the overlay is put back when the transaction fails."""
        return self._keeping()

    @contextmanager
    def _keeping(self) -> Iterator[None]:
        files = self._files
        before = files.overlay.read_bytes() if files.overlay.exists() else None
        try:
            yield
        except BaseException:
            put_back(files.overlay, before)
            raise
        after = files.overlay.read_bytes() if files.overlay.exists() else None
        if after != before:
            files.on_plant(load_plant_with_adopted(files.plant, files.overlay))

    def taken_back(self, row: Written) -> Written:
        """See `desk.Intake`."""
        return Written(row.key, row.after, row.before)

    def _change(self, rows: Sequence[Written]) -> Callable[[Overlay], None]:
        """What rows do to the overlay."""
        file, alone = self._file, load_plant(self._files.plant)

        def change(overlay: Overlay) -> None:
            assets = overlay.setdefault("assets", {})
            for row in rows:
                known = alone.asset(row.key[0])
                if row.after is None:
                    _take_out(assets, row.key[0])
                elif known is None:
                    assets.setdefault(row.key[0], {})["machine"] = _machine(file, row.after)
                else:
                    _note_changes(assets, known, row.after)

        return change


def _record(asset: Asset, template: str | None) -> Record:
    told: Record = {COLUMN_OF[field]: said(asset, field) for field in FIELDS}
    return {"id": asset.id, "template": template or "", **told}


def _usual(usual: Mapping[str, Any], column: str) -> Any:
    return usual.get("asset_class" if column == "class" else column)


def _machine(file: PlantFile, record: Record) -> dict[str, object]:
    """The entry of a new machine: what its template says as well is left to the template."""
    usual = inherited(file, record["template"], record["id"])
    entry: dict[str, object] = {
        COLUMN_OF[field]: record[COLUMN_OF[field]]
        for field in FIELDS
        if record[COLUMN_OF[field]] not in (None, "") and not alike(record[COLUMN_OF[field]], usual.get(field))
    }
    return entry | ({"template": record["template"]} if record["template"] else {})


def _note_changes(assets: dict[str, dict[str, dict[str, object]]], known: Asset, record: Record) -> None:
    """Fields that differ from the plant file, with what it says; those that do not any more are forgotten."""
    mine = assets.setdefault(known.id, {})
    changed, was = mine.setdefault("changed", {}), mine.setdefault("was", {})
    for field in FIELDS:
        column, value = COLUMN_OF[field], record[COLUMN_OF[field]]
        if alike(value, said(known, field)):
            changed.pop(column, None)
            was.pop(field, None)
        else:
            changed[column], was[field] = value, said(known, field)
    for name in ("changed", "was"):
        if not mine[name]:
            del mine[name]
    if not mine:
        del assets[known.id]


def _take_out(assets: dict[str, dict[str, dict[str, object]]], id: str) -> None:
    mine = assets.get(id, {})
    if mine.get("signals"):
        raise Conflict(f"{id} has signals that were adopted: give them up first")
    assets.pop(id, None)


def _of_template(row: Draft) -> Finding | None:
    """The template of a machine that is there is changed where it was given."""
    if row.before is None or alike(row.before["template"], row.record["template"]):
        return None
    told = f"is not the template {row.before['template'] or 'none'} of {row.key[0]}"
    return Finding(row.row, "template", told, "change it in the plant file")


def _finding(problem: Problem, by_id: Mapping[str, Draft]) -> Finding:
    """A problem of the plant as one of a row; one that no row can mend is nobody's, and stops all."""
    steps = problem.path.split(".")
    row = by_id.get(steps[1]) if len(steps) > 1 and steps[0] == "assets" else None
    if row is None:
        raise Rejected("plant_file", f"{problem.path}: {problem.message}")
    column = steps[-1] if steps[-1] in (*COLUMN_OF.values(), "template") else ""
    named = next((c for c in (*COLUMN_OF.values(), "template") if f"`{c}`" in problem.message), "")
    return Finding(row.row, column or named, *two_parts(problem.message))


def _entry(row: Written, actor: Actor, at_us: int) -> AuditEntry:
    before, after = row.before or {}, row.after or {}
    names = [name for name in {**before, **after} if not alike(before.get(name), after.get(name))]
    action = "asset added" if row.before is None else "asset changed" if row.after is not None else "asset taken out"
    was = {name: before[name] for name in names if name in before}
    return AuditEntry(at_us, actor, f"asset:{row.key[0]}", action, was, {n: after[n] for n in names if n in after})
