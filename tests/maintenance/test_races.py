"""Many programs, one alarm: never two open orders for one cause, and nothing promised is lost."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from forewarn.core.ports import OrderOutcome
from forewarn.core.work import Advice, Status
from forewarn.maintenance.audit import audit_head, verify_audit
from forewarn.maintenance.orders.book import OrderBookSql
from forewarn.maintenance.orders.rows import OrderRows
from forewarn.maintenance.orders.rules import KeptOrder
from forewarn.maintenance.outbox import pending
from forewarn.maintenance.records import Records, open_records
from tests.maintenance.nursery import Nursery
from tests.maintenance.same_alarm import judged, race
from tests.maintenance.samples import ANN, IMBALANCE, NOW_US, SPALL, advice, hours
from tests.maintenance.walks import judged_walks, walk


@pytest.fixture
def url(any_url: str) -> str:
    """All tests of this file run on both databases."""
    return any_url


ROOT = Path(__file__).resolve().parents[2]
TWICE_OPEN = "SELECT asset, component, mechanism FROM order_cause WHERE open GROUP BY 1, 2, 3 HAVING count(*) > 1"
OPEN_BESIDE_ORDER = (
    "SELECT c.order_id FROM order_cause c JOIN work_order o ON o.id = c.order_id "
    "WHERE c.open != (o.status NOT IN ('COMP', 'CLOSE', 'CAN'))"
)


def found(records: Records, query: str) -> list[sa.Row[tuple[object, ...]]]:
    with records.read() as connection:
        return list(connection.execute(sa.text(query)).all())


def at_once(count: int, work: Callable[[int], OrderOutcome]) -> list[OrderOutcome]:
    """Runs it in so many threads that all start together, and gives what each of them got."""
    ready, outcomes, errors = threading.Barrier(count), list[OrderOutcome](), list[Exception]()

    def run(n: int) -> None:
        ready.wait()
        try:
            outcomes.append(work(n))
        except Exception as error:  # told by the assertion below
            errors.append(error)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    return outcomes


@contextmanager
def opened(url: str, count: int) -> Iterator[list[Records]]:
    """As many programs would have it: each with its own connections to the same file."""
    records = [open_records(url) for _ in range(count)]
    try:
        yield records
    finally:
        for each in records:
            each.close()


@pytest.mark.slow
def test_sixty_four_workers_with_the_same_alarm_open_one_order_again_and_again(url: str) -> None:
    """A few rounds here; `sh run chaos --only orders` runs a thousand on each database."""
    rounds = 20 if url.startswith("sqlite") else 8
    wrong = judged(url, rounds, race(url, rounds))
    assert not any(wrong.values()), wrong


def test_sixty_four_workers_of_one_program_open_one_order(url: str) -> None:
    with opened(url, 1) as [records]:
        book = OrderBookSql(records)
        outcomes = at_once(64, lambda n: book.advise(advice()))
        assert sorted(outcome.what for outcome in outcomes) == ["opened"] + ["unchanged"] * 63
        assert len({outcome.order.id for outcome in outcomes if outcome.order}) == 1
        assert [row["action"] for row in book.history("WO-000001")] == ["opened"]
        assert len(pending(records)) == 1


@pytest.mark.slow
def test_programs_that_work_on_the_same_orders_and_are_killed_lose_and_repeat_nothing(
    url: str, tmp_path: Path, nursery: Nursery
) -> None:
    ledgers = walk(url, tmp_path, nursery, 10, random.Random(1))
    wrong, answered = judged_walks(url, ledgers)
    assert answered > 30
    assert not any(wrong.values()), wrong


def test_workers_with_different_faults_of_one_machine_share_one_order(url: str) -> None:
    with opened(url, 4) as records:
        books = [OrderBookSql(each) for each in records]
        at_once(32, lambda n: books[n % 4].advise(advice(SPALL if n % 2 else IMBALANCE)))
        [order] = books[0].orders()
        assert {cause.fault for cause in order.causes} == {SPALL, IMBALANCE}


def test_an_alarm_that_flaps_a_thousand_times_opens_one_order(book: OrderBookSql) -> None:
    first = book.advise(advice()).order
    assert first is not None
    for n in range(1_000):
        outcome = book.advise(advice(at_h=n / 500, start_in_h=200 - n / 500, priority=3 + n % 2))
        assert outcome.order == first
    assert book.orders() == [first]


def test_of_two_planners_with_the_same_revision_one_is_told_to_read_again(url: str) -> None:
    with opened(url, 2) as records:
        books = [OrderBookSql(each) for each in records]
        order = books[0].advise(advice()).order
        assert order is not None

        def decide(n: int) -> OrderOutcome:
            try:
                return OrderOutcome("won", books[n % 2].act(order.id, Status.APPR, ANN, 1, NOW_US + hours(n)))
            except Exception as error:
                return OrderOutcome(type(error).__name__, None)

        assert sorted(outcome.what for outcome in at_once(8, decide)) == ["Conflict"] * 7 + ["won"]
        assert len(books[0].history(order.id)) == 2


def test_who_did_not_see_the_winner_is_stopped_by_the_index_and_given_the_winners_order(
    book: OrderBookSql, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a database with many writers a look can come too early; here the first look of the loser is blinded."""
    winner = book.advise(advice()).order
    looks: list[Advice] = []
    real_look = OrderRows.joined_by

    def too_early(rows: OrderRows, asked: Advice) -> KeptOrder | None:
        looks.append(asked)
        return None if len(looks) == 1 else real_look(rows, asked)

    monkeypatch.setattr(OrderRows, "joined_by", too_early)
    outcome = book.advise(advice())
    assert (outcome.what, outcome.order) == ("unchanged", winner)
    assert len(looks) == 2
    assert book.orders() == [winner]


def test_the_database_itself_refuses_a_second_open_cause(records: Records, book: OrderBookSql) -> None:
    book.advise(advice())
    with pytest.raises(IntegrityError, match=r"(?i)unique"), records.write() as connection:
        connection.exec_driver_sql(
            "INSERT INTO order_cause SELECT order_id, position + 1, asset, component, mechanism, failure_mode, "
            "evidence, added_at_us, open FROM order_cause"
        )


@pytest.mark.slow
def test_programs_killed_at_any_moment_leave_no_half_order_and_keep_what_they_told(url: str, tmp_path: Path) -> None:
    promised: set[str] = set()
    for seed in range(2):
        promised |= told_before_the_kill(url, random.Random(seed).uniform(0.0, 0.25), tmp_path)
    with closing(open_records(url)) as records:
        orders = OrderBookSql(records).orders(limit=100_000)
        assert promised <= {f"{order.number} {order.asset}" for order in orders}
        assert promised, "killed before anything was told"
        assert found(records, TWICE_OPEN) == []
        assert found(records, OPEN_BESIDE_ORDER) == []
        assert verify_audit(records) is None
        assert [order.number for order in reversed(orders)] == sorted(order.number for order in orders)
        assert {order.id for order in orders} == {message.body["order"] for message in pending(records, 1_000_000)}


def test_a_program_killed_between_decision_and_commit_has_done_nothing(url: str) -> None:
    finished = subprocess.run([sys.executable, "-m", "tests.maintenance.racing", url, "die"], cwd=ROOT, check=False)
    assert finished.returncode == -9
    with closing(open_records(url)) as records:
        book = OrderBookSql(records)
        assert (book.orders(), pending(records), audit_head(records).seq) == ([], [], 0)
        opened_now = book.advise(advice())
        assert opened_now.what == "opened"
        assert opened_now.order == book.order("WO-000001")
        assert verify_audit(records) is None


def told_before_the_kill(url: str, seconds: float, folder: Path) -> set[str]:
    """Two programs race over the same alarms and die by SIGKILL so long after both have told something."""
    files = [folder / name for name in ("one", "other")]
    programs = [raising_alarms(url, file) for file in files]
    for program in programs:
        assert program.stdin is not None
        program.stdin.write("go\n")
        program.stdin.close()
    while not all(file.stat().st_size for file in files):
        assert not any(program.poll() for program in programs), "it ended before it told anything"
        time.sleep(0.005)
    time.sleep(seconds)
    for program in programs:
        program.kill()
        program.wait()
    return {line.strip() for file in files for line in file.read_text().splitlines(True) if line.endswith("\n")}


def raising_alarms(url: str, told: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.maintenance.racing", url, told.name]
    with told.open("wb") as out:
        return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=out, text=True)
