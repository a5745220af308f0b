"""The life of versions under anything that may happen: stale revisions, forbidden steps, failures, roll backs."""

from __future__ import annotations

from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from forewarn.core.errors import Conflict, Rejected
from forewarn.core.model_cards import NEEDS_REPORT, STAGES, ModelEntry, Stage, way_back
from forewarn.maintenance.audit import verify_audit
from forewarn.maintenance.outbox import pending
from forewarn.maintenance.records import open_records
from forewarn.maintenance.registry.book import ModelBookSql
from forewarn.maintenance.registry.book_memory import MemoryModelBook
from tests.contracts.test_model_book import ANN, NOW_US, REPORT, card
from tests.maintenance.places import OnPostgresql, OnSqlite, Place

pytestmark = pytest.mark.slow

EXAMPLES = {OnSqlite: 10, OnPostgresql: 3}
NAMES = ("pumps", "fans")


class ModelLife(RuleBasedStateMachine):
    """What each version's stage must be, by the table alone, beside the book in the records and the one in memory."""

    place: ClassVar[Place]

    def __init__(self) -> None:
        super().__init__()
        self.stages: dict[tuple[str, int], Stage] = {}
        self.reports: set[tuple[str, int]] = set()
        self.rows = 0

    @initialize()
    def open(self) -> None:
        self.url = self.place.new()
        self.records = open_records(self.url)
        self.book, self.twin = ModelBookSql(self.records), MemoryModelBook()

    @rule(name=st.sampled_from(NAMES), lost=st.booleans())
    def train(self, name: str, lost: bool) -> None:
        version = self.book.reserve(name)
        assert version == self.twin.reserve(name)
        assert version > max((v for n, v in self.stages if n == name), default=0)
        if not lost:
            assert self.book.add(card(version, name), ANN, NOW_US) == self.twin.add(card(version, name), ANN, NOW_US)
            self.stages[name, version] = Stage.CANDIDATE
            self.rows += 1

    @precondition(lambda self: self.stages)
    @rule(
        data=st.data(),
        stage=st.sampled_from([*Stage, Stage.CHALLENGER, Stage.CHAMPION]),
        stale=st.sampled_from([0, 0, 0, 1]),
        report=st.sampled_from(["", REPORT, REPORT]),
        forced=st.sampled_from(["", "", "line 3 is down"]),
    )
    def step(self, data: st.DataObject, stage: Stage, stale: int, report: str, forced: str) -> None:
        name, version = key = self.some(data)
        before = self.entry(key)
        allowed = stage in STAGES[self.stages[key]]
        proven = stage not in NEEDS_REPORT or bool(report or forced) or key in self.reports
        arguments = (name, version, stage, ANN, before.revision - stale, NOW_US)
        outcomes: list[ModelEntry | type[Exception]] = []
        for book in (self.book, self.twin):
            try:
                outcomes.append(book.move(*arguments, report_sha256=report, forced=forced))
            except (Conflict, Rejected) as error:
                outcomes.append(type(error))
        assert outcomes[0] == outcomes[1]
        if isinstance(outcomes[0], type):
            assert stale or not allowed or not proven
            assert self.entry(key) == before
            return
        assert allowed
        assert proven
        assert not stale
        self.retire_champion(name, stage)
        self.stages[key] = stage
        self.reports |= {key} if report else set()
        self.rows += 1

    @rule(name=st.sampled_from(NAMES))
    def roll_back(self, name: str) -> None:
        wanted = way_back(self.book.entries(name))
        if wanted is None:
            for book in (self.book, self.twin):
                with pytest.raises(Conflict):
                    book.roll_back(name, ANN, NOW_US, "alarms")
            return
        back = self.book.roll_back(name, ANN, NOW_US, "alarms")
        assert back == self.twin.roll_back(name, ANN, NOW_US, "alarms")
        assert back.version == wanted.version
        self.retire_champion(name, Stage.CHAMPION)
        self.stages[name, back.version] = Stage.CHAMPION
        self.rows += 2

    @precondition(lambda self: self.stages)
    @rule(data=st.data())
    def fail(self, data: st.DataObject) -> None:
        key = self.some(data)
        before = self.entry(key)
        after = self.book.fail(*key, "changed_file", ANN, NOW_US)
        assert after == self.twin.fail(*key, "changed_file", ANN, NOW_US)
        self.rows += after != before
        self.stages[key] = Stage.RETIRED

    @rule()
    def restart(self) -> None:
        self.records.close()
        self.records = open_records(self.url)
        self.book = ModelBookSql(self.records)

    def retire_champion(self, name: str, stage: Stage) -> None:
        for other, its in self.stages.items():
            if stage is Stage.CHAMPION and other[0] == name and its is Stage.CHAMPION:
                self.stages[other] = Stage.RETIRED
                self.rows += 1

    def some(self, data: st.DataObject) -> tuple[str, int]:
        return data.draw(st.sampled_from(sorted(self.stages)))

    def entry(self, key: tuple[str, int]) -> ModelEntry:
        found = self.book.entry(*key)
        assert found is not None
        return found

    @invariant()
    def stages_are_those_of_the_table(self) -> None:
        if not hasattr(self, "book"):
            return
        entries = self.book.entries()
        assert {(e.name, e.version): e.stage for e in entries} == self.stages
        assert entries == self.twin.entries()
        for name in NAMES:
            champions = [e for e in entries if e.name == name and e.stage is Stage.CHAMPION]
            assert len(champions) <= 1
            assert self.book.champion(name) == (champions[0] if champions else None)

    @invariant()
    def every_change_has_one_row_and_one_message(self) -> None:
        if hasattr(self, "book"):
            rows = sum(len(self.book.history(name)) for name in NAMES)
            assert rows == self.rows == len(pending(self.records, 10_000)) == len(self.twin.messages)

    def teardown(self) -> None:
        if hasattr(self, "book"):
            assert verify_audit(self.records) is None
            self.records.close()
            self.place.drop(self.url)


def test_the_stages_of_versions_are_those_of_the_table_whatever_happens(place: OnSqlite | OnPostgresql) -> None:
    class Placed(ModelLife):
        pass

    Placed.place = place
    run_state_machine_as_test(
        Placed,
        settings=settings(
            max_examples=EXAMPLES[type(place)], stateful_step_count=30, suppress_health_check=[HealthCheck.too_slow]
        ),
    )
