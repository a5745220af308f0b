"""Many who promote, train and roll back at once: one champion, no number twice, no row without its message."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
import sqlalchemy as sa
from alembic import command
from sqlalchemy.exc import IntegrityError

from forewarn.core.errors import Conflict
from forewarn.core.model_cards import ModelEntry, Stage
from forewarn.core.ports import Actor
from forewarn.core.work import Json
from forewarn.maintenance.audit import verify_audit
from forewarn.maintenance.outbox import pending
from forewarn.maintenance.records import Records, migrations_config, open_records
from forewarn.maintenance.records_tables import MODEL_VERSION
from forewarn.maintenance.registry.book import ModelBookSql, ModelRows
from forewarn.maintenance.registry.desk import take_stage
from tests.contracts.test_model_book import ANN, NOW_US, REPORT, card


@pytest.fixture
def url(any_url: str) -> str:
    """All tests of this file run on both databases."""
    return any_url


@pytest.fixture
def models(records: Records) -> ModelBookSql:
    return ModelBookSql(records)


def at_once(count: int, work: Callable[[int], object]) -> list[object]:
    """What each of so many threads got that start together: its answer, or the Conflict it met."""
    ready, outcomes = threading.Barrier(count), list[object]()

    def run(n: int) -> None:
        ready.wait()
        try:
            outcomes.append(work(n))
        except Exception as error:
            outcomes.append(error)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def challenger(models: ModelBookSql) -> ModelEntry:
    entry = models.add(card(models.reserve("pumps")), ANN, NOW_US)
    return models.move("pumps", entry.version, Stage.CHALLENGER, ANN, entry.revision, NOW_US, report_sha256=REPORT)


@pytest.mark.parametrize("programs", [1, 3])
def test_of_many_who_promote_the_same_version_exactly_one_does(url: str, programs: int) -> None:
    opened = [open_records(url) for _ in range(programs)]
    books = [ModelBookSql(records) for records in opened]
    entry = challenger(books[0])

    def promote(n: int) -> ModelEntry:
        actor = Actor(f"ann{n}")
        return books[n % programs].move("pumps", entry.version, Stage.CHAMPION, actor, entry.revision, NOW_US)

    outcomes = at_once(9, promote)
    winners = [outcome for outcome in outcomes if isinstance(outcome, ModelEntry)]
    assert len(winners) == 1
    assert all(isinstance(outcome, ModelEntry | Conflict) for outcome in outcomes)
    assert books[-1].champion("pumps") == winners[0]
    actions = [row["action"] for row in books[0].history("pumps")]
    assert actions == ["added", "challenger", "champion"]
    for records in opened:
        records.close()


def test_of_many_who_promote_different_versions_one_is_champion_at_the_end(
    records: Records, models: ModelBookSql
) -> None:
    ready = [challenger(models) for _ in range(6)]

    def promote(n: int) -> ModelEntry:
        return models.move("pumps", ready[n].version, Stage.CHAMPION, ANN, ready[n].revision, NOW_US)

    outcomes = at_once(6, promote)
    assert all(isinstance(outcome, ModelEntry) for outcome in outcomes)  # each replaced the one before
    assert len(models.entries("pumps", Stage.CHAMPION)) == 1
    assert len(models.entries("pumps", Stage.RETIRED)) == 5
    assert verify_audit(records) is None
    assert len(models.history("pumps")) == len(pending(records, 1_000)) == 6 * 3 + 5


def test_trainings_that_end_together_get_numbers_of_their_own(models: ModelBookSql) -> None:
    numbers = at_once(12, lambda n: models.reserve("pumps"))
    assert sorted(n for n in numbers if isinstance(n, int)) == list(range(1, 13))


def test_of_many_who_add_the_same_version_one_does(models: ModelBookSql) -> None:
    outcomes = at_once(6, lambda n: models.add(card(1), ANN, NOW_US))
    assert sum(isinstance(outcome, ModelEntry) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 5


def test_no_program_can_write_a_second_champion(records: Records, models: ModelBookSql) -> None:
    """Whatever the code above it does: the database refuses."""
    first, second = challenger(models), challenger(models)
    models.move("pumps", first.version, Stage.CHAMPION, ANN, first.revision, NOW_US)
    rudely = MODEL_VERSION.update().where(MODEL_VERSION.c.version == second.version).values(stage="champion")
    with pytest.raises(IntegrityError), records.write() as connection:
        connection.execute(rudely)
    with pytest.raises(IntegrityError), records.write() as connection:
        connection.execute(sa.text("UPDATE model_version SET stage = 'king' WHERE version = 2"))


def test_what_was_read_must_still_be_there_when_it_is_written(records: Records, models: ModelBookSql) -> None:
    """Where readers are not locked out, the statement itself compares the revision."""
    entry = challenger(models)
    late = replace(entry, stage=Stage.CHAMPION, revision=entry.revision + 2)
    with pytest.raises(Conflict, match="just now"), records.write() as connection:
        ModelRows(connection).keep(late)
    assert models.entry("pumps", entry.version) == entry


def test_postgresql_gets_the_same_rule() -> None:
    config = migrations_config(dialect="postgresql")
    config.output_buffer = io.StringIO()
    command.upgrade(config, "0002:0003", sql=True)
    text = " ".join(config.output_buffer.getvalue().split())
    assert "CREATE UNIQUE INDEX uq_model_version_champion ON model_version (name) WHERE stage = 'champion'" in text


def test_what_cannot_be_told_does_not_happen(records: Records, models: ModelBookSql) -> None:
    """A promotion that fails at its message leaves neither a champion, nor a row, nor a retired one before it."""

    class Mute(ModelRows):
        def post(self, kind: str, body: Json, at_us: int) -> None:
            if body["stage"] == "champion":
                raise OSError("power cut")
            super().post(kind, body, at_us)

    first, second = challenger(models), challenger(models)
    before = models.move("pumps", first.version, Stage.CHAMPION, ANN, first.revision, NOW_US)
    rows = len(models.history("pumps"))
    key = ("pumps", second.version)
    with pytest.raises(OSError, match="power cut"), records.write() as connection:
        take_stage(Mute(connection), key, Stage.CHAMPION, ANN, second.revision, NOW_US)
    assert models.champion("pumps") == before
    assert models.entry(*key) == second
    assert len(models.history("pumps")) == len(pending(records, 100)) == rows
