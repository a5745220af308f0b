"""What every book of models keeps, whatever it keeps it in."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from forewarn.core.errors import Conflict, Rejected
from forewarn.core.model_cards import STAGES, FeatureSchema, ModelCard, ModelEntry, Stage
from forewarn.core.ports import Actor, ModelBook
from forewarn.core.work import Json
from forewarn.maintenance.outbox import pending
from forewarn.maintenance.records import Records
from forewarn.maintenance.registry.book import ModelBookSql
from forewarn.maintenance.registry.book_memory import MemoryModelBook

ANN, BOB = Actor("ann", "engineer"), Actor("bob", "manager")
NOW_US = 1_800_000_000_000_000
FILE, REPORT = "ab" * 32, "cd" * 32
SCHEMA = FeatureSchema(("motor:velocity_rms", "flow"), ("mm/s", "m3/h"), "pump")
METRICS = {"rmse_h": 12.5, "coverage": 0.8}

Messages = list[tuple[str, Json]]


class Kept:
    """A book, and what it has posted."""

    def __init__(self, records: Records | None) -> None:
        self.records = records
        self.book: ModelBook = MemoryModelBook() if self.records is None else ModelBookSql(self.records)

    def messages(self) -> Messages:
        if isinstance(self.book, MemoryModelBook):
            return self.book.messages
        assert self.records is not None
        return [(message.kind, message.body) for message in pending(self.records)]


@pytest.fixture
def kept(any_records_or_none: Records | None) -> Kept:
    return Kept(any_records_or_none)


@pytest.fixture
def book(kept: Kept) -> ModelBook:
    return kept.book


def card(version: int, name: str = "pumps") -> ModelCard:
    span = (NOW_US - 10, NOW_US)
    described = ModelCard(name, version, "life", "similarity", SCHEMA, "12" * 32, span, NOW_US, 5_000, 12, METRICS)
    return replace(described, file_sha256=FILE, settings={"deep": {"a": [1, None, "ü"]}}, limits="Not for fans.")


def added(book: ModelBook, name: str = "pumps") -> ModelEntry:
    return book.add(card(book.reserve(name), name), ANN, NOW_US)


def moved(book: ModelBook, entry: ModelEntry, *stages: Stage) -> ModelEntry:
    for stage in stages:
        entry = book.move(entry.name, entry.version, stage, ANN, entry.revision, NOW_US, report_sha256=REPORT)
    return entry


def champion(book: ModelBook, name: str = "pumps") -> ModelEntry:
    return moved(book, added(book, name), Stage.CHALLENGER, Stage.CHAMPION)


def told(row: Json, side: str = "after") -> Json:
    found = row[side]
    assert isinstance(found, dict)
    return found


def test_a_card_is_kept_as_it_was_given(book: ModelBook) -> None:
    entry = added(book)
    assert entry == ModelEntry(card(1), Stage.CANDIDATE, 1, NOW_US)
    assert book.entry("pumps", 1) == entry
    assert book.entries() == book.entries("pumps") == book.entries(stage=Stage.CANDIDATE) == [entry]
    assert book.entry("pumps", 2) is None
    assert book.entries("fans") == book.entries(stage=Stage.CHAMPION) == []
    assert book.champion("pumps") is None


def test_numbers_count_up_per_name_and_are_never_given_twice(book: ModelBook) -> None:
    assert [book.reserve("pumps") for _ in range(3)] == [1, 2, 3]
    assert book.reserve("fans") == 1
    book.add(card(3), ANN, NOW_US)
    assert book.reserve("pumps") == 4
    book.add(card(9), ANN, NOW_US)  # brought from elsewhere with its number
    assert book.reserve("pumps") == 10


def test_a_version_below_the_newest_comes_too_late(book: ModelBook) -> None:
    book.add(card(2), ANN, NOW_US)
    for late in (1, 2):
        with pytest.raises(Conflict, match="comes too late"):
            book.add(card(late), ANN, NOW_US)
    assert [entry.version for entry in book.entries("pumps")] == [2]


@pytest.mark.parametrize("wrong", [{"version": 0}, {"file_sha256": ""}, {"file_sha256": "AB" * 32}])
def test_a_card_without_version_or_file_is_refused(book: ModelBook, wrong: dict[str, int | str]) -> None:
    with pytest.raises(Rejected):
        book.add(replace(card(1), **wrong), ANN, NOW_US)  # type: ignore[arg-type] # values of both types
    assert book.entries() == []


@pytest.mark.parametrize("name", ["", "../pumps", "a/b", "Pumps", "p" * 65, "a..b"])
def test_what_is_no_name_gets_no_number(book: ModelBook, name: str) -> None:
    with pytest.raises(Rejected, match="bad_name"):
        book.reserve(name)


def test_a_new_champion_retires_the_one_before(book: ModelBook) -> None:
    first, second = champion(book), champion(book)
    assert book.champion("pumps") == second
    replaced = book.entry("pumps", first.version)
    assert replaced is not None
    assert (replaced.stage, replaced.revision, replaced.promoted_at_us) == (Stage.RETIRED, first.revision + 1, NOW_US)
    other = champion(book, "fans")
    assert book.champion("fans") == other
    assert book.champion("pumps") == second


@pytest.mark.parametrize(
    ("start", "way"),
    [
        (Stage.CANDIDATE, ()),
        (Stage.SHADOW, (Stage.SHADOW,)),
        (Stage.CHALLENGER, (Stage.CHALLENGER,)),
        (Stage.CHAMPION, (Stage.CHALLENGER, Stage.CHAMPION)),
        (Stage.RETIRED, (Stage.RETIRED,)),
    ],
)
def test_only_steps_of_the_table_are_taken(book: ModelBook, start: Stage, way: tuple[Stage, ...]) -> None:
    for stage in Stage:
        entry = moved(book, added(book, f"to-{stage}"), *way)
        assert (entry.stage, entry.allowed_stages) == (start, STAGES[start])
        if stage in STAGES[start]:
            assert moved(book, entry, stage).stage is stage
            continue
        with pytest.raises(Conflict, match=f"is {start} and cannot become {stage}"):
            moved(book, entry, stage)
        assert book.entry(entry.name, 1) == entry


def test_a_stale_revision_is_refused(book: ModelBook) -> None:
    entry = added(book)
    moved(book, entry, Stage.SHADOW)
    with pytest.raises(Conflict, match="read it again"):
        moved(book, entry, Stage.RETIRED)


def test_promotion_asks_for_a_report_or_a_reason(book: ModelBook) -> None:
    entry = added(book)
    for forced in ("", "  "):
        with pytest.raises(Rejected, match="no_report"):
            book.move("pumps", 1, Stage.CHALLENGER, ANN, entry.revision, NOW_US, forced=forced)
    with pytest.raises(Rejected, match="bad_digest"):
        book.move("pumps", 1, Stage.CHALLENGER, ANN, entry.revision, NOW_US, report_sha256="report.json")
    forced_one = book.move("pumps", 1, Stage.CHALLENGER, ANN, entry.revision, NOW_US, forced="line 3 is down")
    assert forced_one.report_sha256 == ""
    assert told(book.history("pumps")[-1])["forced"] == "line 3 is down"
    with pytest.raises(Rejected, match="no_report"):  # a reason counts for one step
        book.move("pumps", 1, Stage.CHAMPION, ANN, forced_one.revision, NOW_US)
    assert book.entry("pumps", 1) == forced_one


def test_a_report_given_once_counts_for_the_next_step(book: ModelBook) -> None:
    ready = moved(book, added(book), Stage.CHALLENGER)
    promoted = book.move("pumps", 1, Stage.CHAMPION, BOB, ready.revision, NOW_US + 5)
    assert (promoted.report_sha256, promoted.promoted_at_us) == (REPORT, NOW_US + 5)
    assert "forced" not in told(book.history("pumps")[-1])


def test_rolling_back_goes_one_champion_further_back_each_time(book: ModelBook) -> None:
    for _ in range(3):
        champion(book)
    added(book)  # a candidate is nothing to go back to
    back = book.roll_back("pumps", BOB, NOW_US + 1, "too many alarms")
    assert (back.version, book.champion("pumps")) == (2, back)
    rows = [(row["action"], told(row)["version"]) for row in book.history("pumps")[-3:]]
    assert rows == [("challenger", 2), ("retired", 3), ("champion", 2)]
    assert told(book.history("pumps")[-1])["rolled_back"] == "too many alarms"
    assert book.roll_back("pumps", BOB, NOW_US + 2, "still too many").version == 1
    with pytest.raises(Conflict, match="no former champion"):
        book.roll_back("pumps", BOB, NOW_US + 3, "and again")
    newest = book.entry("pumps", 3)
    assert newest is not None
    assert moved(book, newest, Stage.CHALLENGER, Stage.CHAMPION).version == 3  # the way forward is a promotion


def test_rolling_back_asks_for_a_reason_and_skips_what_failed(book: ModelBook) -> None:
    champion(book)
    champion(book)
    champion(book)
    with pytest.raises(Rejected, match="no_reason"):
        book.roll_back("pumps", ANN, NOW_US, " ")
    book.fail("pumps", 2, "changed_file", ANN, NOW_US)
    assert book.roll_back("pumps", ANN, NOW_US, "alarms").version == 1


def test_a_failed_champion_is_retired_and_can_be_followed_by_the_one_before(book: ModelBook) -> None:
    champion(book)
    second = champion(book)
    failed = book.fail("pumps", 2, "its loader was ended by SIGSEGV", BOB, NOW_US + 1)
    assert (failed.stage, failed.failed) == (Stage.RETIRED, "its loader was ended by SIGSEGV")
    assert (failed.revision, book.champion("pumps")) == (second.revision + 1, None)
    rows = len(book.history("pumps"))
    assert book.fail("pumps", 2, "its loader was ended by SIGSEGV", BOB, NOW_US + 2) == failed
    assert len(book.history("pumps")) == rows
    assert book.roll_back("pumps", BOB, NOW_US + 3, "2 crashes").version == 1
    assert moved(book, failed, Stage.CHALLENGER).failed == ""  # a person may try it again


def test_unknown_versions_are_refused(book: ModelBook) -> None:
    with pytest.raises(Rejected, match="unknown_model"):
        book.move("pumps", 1, Stage.SHADOW, ANN, 1, NOW_US)
    with pytest.raises(Rejected, match="unknown_model"):
        book.fail("pumps", 1, "x", ANN, NOW_US)


def test_every_change_has_one_row_and_one_message(kept: Kept) -> None:
    book = kept.book
    champion(book)
    champion(book)
    book.note("pumps", "import refused", {"reason": "unsigned", "file": "x.skops"}, BOB, NOW_US + 7)
    book.fail("pumps", 2, "hangs", ANN, NOW_US + 8)
    history = book.history("pumps")
    actions = [row["action"] for row in history]
    assert actions == [
        *("added", "challenger", "champion"),
        *("added", "challenger", "retired", "champion"),
        *("import refused", "failed"),
    ]
    assert [row["actor"] for row in history[-2:]] == ["bob", "ann"]
    assert told(history[-2]) == {"reason": "unsigned", "file": "x.skops"}
    assert told(history[5])["replaced_by"] == 2
    messages = kept.messages()
    assert [kind for kind, _ in messages[-2:]] == ["model.note", "model.failed"]
    assert [body["audit"] for _, body in messages] == [row["seq"] for row in history]
    assert {body["model"] for _, body in messages} == {"pumps"}
    json.dumps(messages)


def test_rows_add_up_to_what_the_book_says(book: ModelBook) -> None:
    for _ in range(2):
        champion(book)
    book.roll_back("pumps", ANN, NOW_US, "alarms")
    for entry in book.entries("pumps"):
        rows = [row for row in book.history("pumps") if told(row)["version"] == entry.version]
        state: Json = {}
        for row in rows:
            before = {k: v for k, v in told(row, "before").items() if k != "version"}
            assert {key: state.get(key) for key in before} == before
            state |= told(row)
        assert (state["stage"], state["revision"]) == (entry.stage.value, entry.revision)


def test_versions_of_all_names_are_listed_newest_first(book: ModelBook) -> None:
    for name in ("pumps", "fans", "pumps"):
        added(book, name)
    assert [(entry.name, entry.version) for entry in book.entries()] == [("fans", 1), ("pumps", 2), ("pumps", 1)]
    assert [(entry.name, entry.version) for entry in book.entries(limit=2)] == [("fans", 1), ("pumps", 2)]
