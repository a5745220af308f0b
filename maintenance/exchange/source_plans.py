"""The table of preventive plans and the book that keeps them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

import sqlalchemy as sa

from forewarn.core.errors import Rejected
from forewarn.core.faults import FAILURE_MODES
from forewarn.core.plans import checked
from forewarn.core.ports import Actor
from forewarn.maintenance.exchange.cells import Key, Record
from forewarn.maintenance.exchange.desk import Written
from forewarn.maintenance.exchange.kind_plans import PLANS, plan_of, plan_record
from forewarn.maintenance.exchange.parsing import ParsedRow
from forewarn.maintenance.exchange.preview import Draft, Finding
from forewarn.maintenance.exchange.source_people import finding
from forewarn.maintenance.plans.book import PlanRows
from forewarn.maintenance.plans.desk import comes_due, take_plan
from forewarn.maintenance.plans.shared import PlanBook

COLUMN_OF = {
    "plan_rules": "trigger", "plan_id": "id", "plan_title": "title", "plan_assets": "assets", "plan_kind": "kind",
    "plan_route": "route", "interval": "every", "meter": "meter", "meter_every": "meter_every", "condition": "signal",
    "season": "season_first", "season_first": "season_first", "season_last": "season_last", "season_never": "start",
    "part": "parts",
}  # fmt: skip
"""What the book says is wrong -> the column to change."""


class PlansSource:
    """`desk.Intake` of preventive plans. Undoing a new plan makes it not active: its slots stay. `assets` gives the ids
    of the plant: a plan for a machine that is not there is warned of."""

    kind = PLANS

    def __init__(self, book: PlanBook, assets: Callable[[], Collection[str]]) -> None:
        self._book, self._assets = book, assets

    def now(self, keys: Collection[Key] | None) -> dict[Key, Record]:
        """See `desk.Source`."""
        plans = {(plan.id,): plan for plan in self._book.plans()}
        return {key: plan_record(plan) for key, plan in plans.items() if keys is None or key in keys}

    def keyed(self, rows: Sequence[ParsedRow]) -> Sequence[ParsedRow]:
        """See `desk.Intake`."""
        return rows

    def settled(self, record: Record, before: Record | None) -> Record:
        """See `desk.Intake`."""
        return plan_record(plan_of(record))

    def check(self, rows: Sequence[Draft]) -> list[Finding]:
        """See `desk.Intake`."""
        known, found = set(self._assets()), []
        for row in rows:
            try:
                comes_due(checked(plan_of(row.record)))
            except Rejected as error:
                found.append(finding(row, COLUMN_OF.get(error.reason, ""), error))
            strange = [asset for asset in row.record["assets"] if asset not in known]
            if strange:
                told = f"names {', '.join(strange[:3])}, which the plant does not have"
                found.append(Finding(row.row, "assets", told, "add the machine, or mend its id", is_warning=True))
            codes = [code for code in row.record["failure_modes"] if code not in FAILURE_MODES]
            if codes:
                told = f"names {', '.join(codes[:3])}, which is no failure mode"
                found.append(
                    Finding(row.row, "failure_modes", told, f"write codes such as {', '.join(FAILURE_MODES)[:60]}")
                )
        return found

    def write(self, connection: sa.Connection, rows: Sequence[Written], actor: Actor, at_us: int) -> None:
        """See `desk.Intake`."""
        store = PlanRows(connection)
        for row in rows:
            if row.after is not None:
                before = store.plan(row.key[0])
                revision = before.revision if before else 0
                take_plan(store, replace(plan_of(row.after), revision=revision), actor, revision, at_us)

    def keeping(self) -> AbstractContextManager[None]:
        """See `desk.Intake`."""
        return nullcontext()

    def taken_back(self, row: Written) -> Written:
        """See `desk.Intake`."""
        if row.before is None and row.after is not None:
            return Written(row.key, row.after, {**row.after, "active": False})
        return Written(row.key, row.after, row.before)
