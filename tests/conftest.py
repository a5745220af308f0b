"""What all tests share: recorded data, programs from Debian, and how a missing one is told.

A test asks for `data_dir` or `program` and never looks around itself. Alone on a laptop a missing data set or program
skips the test, with the reason in the summary; where they were promised (FOREWARN_DATA is set, CI=true) it fails.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from forewarn.maintenance.records import Records
    from tests.postgresql import Postgresql

ROOT = Path(__file__).resolve().parent.parent
DEBIAN_PACKAGES = {"mosquitto_pub": "mosquitto-clients", "mosquitto_sub": "mosquitto-clients", "influxd": "influxdb"}

PROMISED = os.environ.get("CI", "").lower() in {"1", "true"}

# How long an example takes says more about the machine than about the code. People search, the gate repeats.
hypothesis.settings.register_profile("forewarn", deadline=None, print_blob=True, derandomize=PROMISED)
hypothesis.settings.load_profile("forewarn")


ALONE = ("chaos", "system")
SHARES = ("test_bad_input", "test_history_import", "test_readings_by_hand")
RACES = ("test_races", "test_model_races", "test_store_processes", "test_children", "test_model_jobs")
"""Folders and files whose tests drive whole systems, kernels, or programs that race for one file: they run one after
the other, with the machine to themselves. Of those folders `SHARES` waits for no clock and may have a neighbour."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`sh run test` gives both cores to what is not marked `alone`."""
    for item in items:
        folder = item.path.relative_to(ROOT / "tests").parts[0] if item.path.is_relative_to(ROOT / "tests") else ""
        serves = item.get_closest_marker("server") and "[postgresql" not in item.name  # each worker has its own
        wants = folder in ALONE or item.path.stem in RACES or (serves and not item.get_closest_marker("browser"))
        if wants and item.path.stem not in SHARES:
            item.add_marker("alone")


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def data_dir() -> Callable[[str], Path]:
    """Gives the folder of a recorded data set: `data_dir("pronostia")`. For tests marked `data`."""
    promised = os.environ.get("FOREWARN_DATA")
    home = Path(promised) if promised else ROOT.parent / "shared" / "data"

    def find(name: str) -> Path:
        folder = home / name
        if folder.is_dir():
            return folder
        if promised:
            pytest.fail(f"FOREWARN_DATA={promised} holds no folder {name}")
        pytest.skip(f"no recorded data set {name}: FOREWARN_DATA is not set")

    return find


@pytest.fixture(scope="session")
def program() -> Callable[[str], str]:
    """Gives the path of a program from Debian: `program("mosquitto")`. For tests marked `server` or `browser`."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])

    def find(name: str) -> str:
        found = shutil.which(name, path=path)
        if found is not None:
            return found
        reason = f"{name} is not installed (Debian: apt-get install {DEBIAN_PACKAGES.get(name, name)})"
        if PROMISED:
            pytest.fail(reason)
        pytest.skip(reason)

    return find


DATABASES = ("sqlite", pytest.param("postgresql", marks=pytest.mark.server))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Postgresql]:
    """A running PostgreSQL: `postgresql.database()` gives the URL of a new one with our tables. For tests marked
    `server`; started when the first of them asks."""
    from tests.postgresql import Postgresql, program

    if program("initdb") is None:
        reason = "PostgreSQL is not installed (Debian: apt-get install postgresql)"
        if PROMISED:
            pytest.fail(reason)
        pytest.skip(reason)
    server = Postgresql()
    yield server
    server.remove()


@pytest.fixture(scope="session")
def migrated_records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A records file with our tables and nothing in them: copying it is faster than migrating for each test."""
    from forewarn.maintenance.records import open_records

    file = tmp_path_factory.mktemp("records") / "records.db"
    open_records(f"sqlite:///{file}").close()
    return file


def new_database(request: pytest.FixtureRequest, kind: str, folder: Path, empty: bool = False) -> Iterator[str]:
    """URL of new records on a kind of database; of no tables at all when it shall be `empty`."""
    if kind == "sqlite":
        if not empty:
            shutil.copy(request.getfixturevalue("migrated_records"), folder / "records.db")
        yield f"sqlite:///{folder}/records.db"
        return
    server: Postgresql = request.getfixturevalue("postgresql")
    url = server.database(empty)
    yield url
    server.drop(url)


@pytest.fixture(params=DATABASES)
def any_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of new records: the test runs once on SQLite and once on PostgreSQL."""
    yield from new_database(request, request.param, tmp_path)


@pytest.fixture(params=DATABASES)
def any_empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of a database without any table, for tests of the migrations: once SQLite, once PostgreSQL."""
    yield from new_database(request, request.param, tmp_path, empty=True)


@pytest.fixture
def any_records(any_url: str) -> Iterator[Records]:
    """New records: the test runs once on SQLite and once on PostgreSQL. What every book in SQL is tried with."""
    from forewarn.maintenance.records import open_records

    opened = open_records(any_url)
    yield opened
    opened.close()


@pytest.fixture(params=["memory", *DATABASES])
def any_records_or_none(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Records | None]:
    """As `any_records`, and a third time None: for a contract that a twin in memory keeps too."""
    from forewarn.maintenance.records import open_records

    if request.param == "memory":
        yield None
        return
    for url in new_database(request, request.param, tmp_path):
        opened = open_records(url)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def plant_with_a_past(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder of ten weeks in a simulated works, made once. Who changes anything works on a copy."""
    from forewarn.api.sandbox import live

    folder = tmp_path_factory.mktemp("sandbox") / "state"
    lived = live(folder, 70.0, seed=7)
    assert lived.orders >= 5, "too little happened to show anything"
    return folder


def failed_checks() -> list[str]:
    """What `sh run test` found wrong before it started pytest: lint, types, ui."""
    return os.environ.get("FOREWARN_FAILED_CHECKS", "").split()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if failed_checks() and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for check in failed_checks():
        told = f"FAILED {check}: its messages stand above the tests; alone: sh run {check}"
        terminalreporter.write_line(told, red=True)
