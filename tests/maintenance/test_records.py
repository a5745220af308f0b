"""Opening, migrating and sharing the database."""

from __future__ import annotations

import io
import re
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy.exc import OperationalError

from forewarn.core.errors import Rejected, Retriable
from forewarn.maintenance import records as records_module
from forewarn.maintenance import records_postgresql
from forewarn.maintenance.records import Records, migrations_config, open_records
from forewarn.maintenance.records_tables import SETTING
from forewarn.maintenance.schema import METADATA
from forewarn.maintenance.settings_table import keep_setting, setting
from tests.conftest import DATABASES, new_database

if TYPE_CHECKING:
    from tests.postgresql import Postgresql


def engine_of(url: str) -> sa.Engine:
    """A look at a database past our own way in."""
    return sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))


@pytest.fixture(params=DATABASES)
def two_urls(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Two databases of one kind, without tables."""
    (tmp_path / "other").mkdir()
    for one in new_database(request, request.param, tmp_path, empty=True):
        for other in new_database(request, request.param, tmp_path / "other", empty=True):
            yield one, other


def test_migrations_from_an_empty_database_give_the_tables_the_program_expects(any_empty_url: str) -> None:
    with closing(open_records(any_empty_url)) as records, records.write() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_every_index_and_check_of_the_program_is_in_the_migrated_database(two_urls: tuple[str, str]) -> None:
    with closing(open_records(two_urls[0])) as records:
        made = engine_of(two_urls[1])
        METADATA.create_all(made)
        wanted, found = sa.inspect(made), sa.inspect(records._writer)

        def told(reflected: list[dict[str, object]]) -> list[str]:
            return sorted(re.sub(r"<.*?>", "...", repr(each)) for each in reflected)  # conditions: see the next test

        for table in METADATA.tables:
            for inspect in ("get_indexes", "get_check_constraints", "get_unique_constraints", "get_foreign_keys"):
                expected, actual = (getattr(each, inspect)(table) for each in (wanted, found))
                assert told(actual) == told(expected), f"{table}: {inspect}"
        made.dispose()


def test_what_there_is_one_of_at_a_time_has_a_partial_index(records: Records) -> None:
    look = sa.inspect(records._writer)
    where = f"{records.dialect}_where"
    partial = {
        str(index["name"]): re.sub(r"[()]|::\w+", "", str(index["dialect_options"][where]))
        for table in METADATA.tables
        for index in look.get_indexes(table)
        if where in index.get("dialect_options", {})
    }
    assert partial == {
        "uq_order_cause_open": "open",
        "ix_outbox_pending": "delivered_at_us IS NULL",
        "ix_outbox_waiting": "delivered_at_us IS NULL AND dead_at_us IS NULL",
        "ix_outbox_dead": "dead_at_us IS NOT NULL",
        "uq_sensor_event_open": "until_us IS NULL",
        "uq_model_version_champion": "stage = 'champion'",
        "uq_retraining_task_open": "closed_at_us IS NULL",
        "uq_pm_trial_watching": "state = 'watching'",
        "ix_department_step_open": "done_at_us IS NULL AND dropped_at_us IS NULL",
        "uq_purchase_proposal_open": "state = 'open'",
        "uq_count_line_under_way": "under_way",
        "uq_policy_line_proposed": "state = 'proposed'",
    }


def test_opening_again_changes_nothing_and_keeps_what_was_there(url: str) -> None:
    first = open_records(url)
    keep_setting(first, "plant_digest", {"sha256": "abc"})
    first.close()
    again = open_records(url)
    assert setting(again, "plant_digest") == {"sha256": "abc"}
    keep_setting(again, "plant_digest", None)
    assert setting(again, "plant_digest") is None
    assert setting(again, "never") is None
    again.close()


def test_many_programs_that_start_together_migrate_once(any_empty_url: str) -> None:
    opened: list[Records] = []
    threads = [threading.Thread(target=lambda: opened.append(open_records(any_empty_url))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 8
    for each in opened:
        each.close()


def test_a_database_of_a_newer_version_is_refused_and_left_alone(url: str, any_records: Records) -> None:
    with any_records.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(Rejected, match=r"records_are_newer.*9999"):
        open_records(url)
    with any_records.read() as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars().all() == ["9999"]


def test_a_migration_that_breaks_off_leaves_nothing(
    two_urls: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = two_urls[0]
    broken = tmp_path / "migrations"
    (broken / "versions").mkdir(parents=True)
    for path in records_module.MIGRATIONS.rglob("*.py"):
        (broken / path.relative_to(records_module.MIGRATIONS)).write_text(path.read_text())
    step = broken / "versions" / "0001_first.py"
    step.write_text(step.read_text().replace("    _settings()\n", "    raise RuntimeError('power cut')\n"))
    with monkeypatch.context() as patch:
        patch.setattr(records_module, "MIGRATIONS", broken)
        with pytest.raises(RuntimeError, match="power cut"):
            open_records(url)
    look = engine_of(url)
    assert sa.inspect(look).get_table_names() == []
    look.dispose()
    open_records(url).close()


def test_postgresql_gets_the_same_tables_with_the_partial_indexes_and_triggers() -> None:
    config = migrations_config(dialect="postgresql")
    config.output_buffer = io.StringIO()
    command.upgrade(config, "head", sql=True)
    text = " ".join(config.output_buffer.getvalue().split())
    unique = "CREATE UNIQUE INDEX uq_order_cause_open ON order_cause (asset, component, mechanism) WHERE open"
    assert unique in text
    assert "ON outbox (id) WHERE delivered_at_us IS NULL" in text
    assert "CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit FOR EACH ROW" in text
    assert "PRAGMA" not in text
    assert "sqlite" not in text.lower()


def test_a_database_in_memory_is_refused_with_the_way_out() -> None:
    for url in ("sqlite://", "sqlite:///:memory:"):
        with pytest.raises(Rejected, match="file"):
            open_records(url)


@pytest.mark.parametrize("name", ["with space.db", "per%20cent.db", "question?.db", "hash#.db", "ü.db"])
def test_any_file_name_works(tmp_path: Path, name: str) -> None:
    opened = open_records(sa.URL.create("sqlite", database=str(tmp_path / name)).render_as_string())
    keep_setting(opened, "a", 1)
    assert setting(opened, "a") == 1
    opened.close()
    assert (tmp_path / name).is_file()


def test_settings_of_the_file_are_those_that_keep_what_was_written(sqlite_records: Records) -> None:
    with sqlite_records.write() as connection:
        found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")]
        assert found == ["wal", 2]
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_readers_cannot_write(records: Records) -> None:
    with pytest.raises(Retriable, match=r"read-?only"), records.read() as connection:
        connection.execute(SETTING.insert().values(key="a", value="1"))


def test_a_reader_neither_waits_for_a_writer_nor_sees_what_is_not_committed(records: Records) -> None:
    seen: list[object] = []
    with records.write() as connection:
        connection.execute(SETTING.insert().values(key="a", value="1"))
        other = threading.Thread(target=lambda: seen.append(setting(records, "a")))
        other.start()
        other.join()
        seen.append(setting(records, "a"))  # the writer's own thread reads its own words
    assert seen == [None, 1]


def torn(records: Records, key: str) -> None:
    """A transaction that fails after it has written."""
    with records.write():
        keep_setting(records, key, 1)
        raise ZeroDivisionError


def test_an_inner_write_that_fails_undoes_itself_alone(records: Records) -> None:
    with records.write():
        keep_setting(records, "outer", 1)
        with pytest.raises(ZeroDivisionError):
            torn(records, "inner")
    assert (setting(records, "outer"), setting(records, "inner")) == (1, None)


def test_a_write_that_fails_is_undone(records: Records) -> None:
    with pytest.raises(ZeroDivisionError):
        torn(records, "a")
    assert setting(records, "a") is None


def test_a_file_locked_by_somebody_else_can_be_tried_again_later(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_records(sqlite_url).close()
    monkeypatch.setattr(records_module, "BUSY_TIMEOUT_MS", 50)
    opened = open_records(sqlite_url)
    other = sqlite3.connect(tmp_path / "records.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Retriable, match="locked") as caught:
        keep_setting(opened, "a", 1)
    assert isinstance(caught.value.__cause__, OperationalError)
    other.execute("ROLLBACK")
    other.close()
    keep_setting(opened, "a", 1)
    opened.close()


@pytest.mark.server
def test_a_row_locked_by_somebody_else_can_be_tried_again_later(
    postgresql: Postgresql, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records_postgresql, "LOCK_TIMEOUT_MS", 50)
    url = postgresql.database()
    with closing(open_records(url)) as opened, closing(open_records(url)) as other:
        keep_setting(opened, "a", 1)
        with other.write() as connection:
            connection.execute(sa.select(SETTING).with_for_update())
            with pytest.raises(Retriable, match="lock timeout"):
                keep_setting(opened, "a", 2)
        assert setting(opened, "a") == 1
        keep_setting(opened, "a", 2)
        assert setting(opened, "a") == 2
    postgresql.drop(url)
