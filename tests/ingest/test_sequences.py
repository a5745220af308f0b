"""Missing messages: what was never seen is exactly what the open gaps cover, and a restart forgets none of it."""

from __future__ import annotations

from itertools import pairwise

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from forewarn.core.telemetry import Gap
from forewarn.ingest.sequences import FAR_BACK, MAX_EPOCHS, GapTracker

NOW = 1_795_392_000_000_000


class Book:
    """What a store would keep: open gaps and remembered rows. Tracker and book may be restarted at any moment."""

    def __init__(self, **limits: int) -> None:
        self.limits = limits
        self.tracker = GapTracker(**limits)
        self.gaps: set[Gap] = set()
        self.rows: dict[str, bytes] = {}

    def see(self, sequence: int, boot: str = "a", at_us: int | None = None, stream: str = "s") -> None:
        self.tracker.see(stream, boot, sequence, at_us, NOW)

    def note(self) -> None:
        """The store takes a batch. A gap may open once, and only an open one may close."""
        opened, closed = self.tracker.news()
        assert not self.gaps & set(opened)
        self.gaps |= set(opened)
        assert set(closed) <= self.gaps
        self.gaps -= set(closed)
        for key, row in self.tracker.changed().items():
            if row is None:
                self.rows.pop(key, None)
            else:
                self.rows[key] = row

    def restart(self) -> None:
        """The process died after a batch was taken."""
        self.note()
        self.tracker = GapTracker(**self.limits)
        self.tracker.restore(self.rows)

    def missing(self, boot: str = "a") -> set[int]:
        self.note()
        return {n for gap in self.gaps if gap.boot == boot for n in range(gap.first, gap.last + 1)}


@st.composite
def deliveries(draw: st.DrawFn) -> list[tuple[str, int]]:
    """(boot, number): some of 0 to 60 lost, some twice, moved about; boots one after the other but overlapping."""
    found: list[tuple[float, str, int]] = []
    for place, boot in enumerate(draw(st.sampled_from([("a",), ("a", "b"), ("a", "b", "c")]))):
        for number in draw(st.lists(st.integers(0, 60), max_size=60)):
            moved = draw(st.floats(-8, 8)) if draw(st.booleans()) else 0.0
            found.append((place * 50 + number + moved, boot, number))
    return [(boot, number) for _, boot, number in sorted(found)]


@given(deliveries(), st.sets(st.integers(0, 180), max_size=6))
@settings(max_examples=300)
def test_what_was_never_seen_is_what_the_open_gaps_cover(messages: list[tuple[str, int]], crashes: set[int]) -> None:
    book = Book()
    seen: dict[str, list[int]] = {}
    for place, (boot, number) in enumerate(messages):
        book.see(number, boot)
        seen.setdefault(boot, []).append(number)
        if place in crashes:
            book.restart()
    for boot, numbers in seen.items():
        assert book.missing(boot) == {n for n in range(numbers[0], max(numbers)) if n not in numbers}
    gaps = sorted(book.gaps, key=lambda gap: (gap.boot, gap.first))
    assert set(book.tracker.open_gaps()) == book.gaps
    assert all(a.boot != b.boot or a.last + 1 < b.first for a, b in pairwise(gaps))


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_a_sender_that_only_has_a_clock_may_begin_again_and_nothing_is_lost_sight_of(data: st.DataObject) -> None:
    """Runs of 80 to 150 messages that each begin at 0 without a word: some lost, some twice, moved by up to five."""
    runs = data.draw(st.lists(st.integers(80, 150), min_size=1, max_size=4))
    sent = [(run, number) for run, length in enumerate(runs) for number in range(length)]
    lost = data.draw(st.sets(st.integers(1, len(sent) - 1), max_size=20))
    places = [place for place, (_, number) in enumerate(sent) if place not in lost or number == 0]
    moved = data.draw(st.dictionaries(st.sampled_from(places), st.floats(-5, 5), max_size=20))
    twice = data.draw(st.lists(st.sampled_from(places), max_size=20))
    arriving = sorted((place + moved.get(place, 0.0) * (sent[place][1] > 0), place) for place in places)
    arriving += [(place + data.draw(st.floats(0, 70)), place) for place in twice if place not in moved]
    book, seen = Book(), dict[int, list[int]]()
    for _, place in sorted(arriving):
        run, number = sent[place]
        book.see(number, at_us=NOW + place)
        seen.setdefault(run, []).append(number)
    for run, numbers in seen.items():
        begin = 0 if run else numbers[0]
        expected = {n for n in range(begin, max(numbers)) if n not in numbers}
        assert book.missing(f"a#{run}" if run else "a") == expected


def test_messages_that_come_late_close_the_gap_from_inside() -> None:
    book = Book()
    for number in (1, 10, 5):
        book.see(number)
    assert book.missing() == {2, 3, 4, 6, 7, 8, 9}
    for number in (2, 9, 3, 4, 6, 7, 8):
        book.see(number)
    assert book.missing() == set()


def test_a_gap_that_opens_and_closes_between_two_batches_is_never_told() -> None:
    book = Book()
    for number in (1, 3, 2):
        book.see(number)
    assert book.tracker.news() == ([], [])


def test_the_same_messages_a_thousand_times_change_nothing() -> None:
    book = Book()
    for number in [*range(1, 6), 8]:
        book.see(number, at_us=NOW + number)
    for _ in range(1000):
        book.see(2, at_us=NOW + 2)
    assert book.missing() == {6, 7}
    assert book.tracker.mark("s") == ("a", 5)


def test_last_weeks_traffic_again_changes_nothing() -> None:
    book = Book()
    for number in range(20_000):
        book.see(number, at_us=NOW + number)
    for number in range(100):
        book.see(number, at_us=NOW + number)
    assert book.missing() == set()
    assert book.tracker.mark("s") == ("a", 19_999)


def test_a_jump_by_a_thousand_million_is_one_gap() -> None:
    book = Book()
    for number in (7, 1_000_000_007):
        book.see(number)
    (gap,) = book.tracker.open_gaps()
    assert (gap.first, gap.last, gap.missing) == (8, 1_000_000_006, 999_999_999)


def test_a_counter_that_begins_again_is_a_restart_and_no_gap() -> None:
    book = Book()
    for second, number in enumerate([5, 6, 7, 0, 1, 4]):
        book.see(number, at_us=NOW + second)
    assert book.missing("a") == set()
    assert book.missing("a#1") == {2, 3}
    assert book.tracker.mark("s") == ("a#1", 1)


def test_without_a_clock_only_a_number_far_back_is_a_restart() -> None:
    book = Book()
    book.see(FAR_BACK + 5)
    book.see(6)
    assert book.tracker.mark("s") == ("a", FAR_BACK + 5)
    book.see(3)
    assert book.tracker.mark("s") == ("a#1", 3)


def test_a_message_of_the_run_before_closes_the_gap_there() -> None:
    book = Book()
    for at, number in [(1, 198), (3, 200), (9, 0), (10, 1), (2, 199)]:
        book.see(number, at_us=NOW + at)
    assert book.missing("a") == set()
    assert book.tracker.mark("s") == ("a#1", 1)


@pytest.mark.parametrize("modulus", [256, 65_536, 2**32])
def test_a_counter_that_wraps_loses_nothing_and_invents_nothing(modulus: int) -> None:
    book = Book()
    for second, number in enumerate([modulus - 2, modulus - 1, 0, 1, 2]):
        book.see(number, at_us=NOW + second)
    assert book.missing("a") | book.missing("a#1") == set()
    assert book.tracker.mark("s") == ("a#1", 2)


def test_messages_lost_around_a_wrap_are_missing_on_both_sides() -> None:
    book = Book()
    for second, number in enumerate([65_530, 65_533, 2, 3]):
        book.see(number, at_us=NOW + second)
    assert book.missing("a") == {65_531, 65_532, 65_534, 65_535}
    assert book.missing("a#1") == {0, 1}


def test_a_counter_of_one_byte_that_went_round_once_may_lose_messages_the_next_time() -> None:
    book = Book()
    numbers = [254, 255, *range(250), 3, 4]
    for second, number in enumerate(numbers):
        book.see(number, at_us=NOW + second)
    assert book.missing("a#1") == {250, 251, 252, 253, 254, 255}
    assert book.missing("a#2") == {0, 1, 2}
    assert book.tracker.mark("s") == ("a#2", -1)


def test_nothing_is_claimed_about_what_came_before_the_first_message() -> None:
    book = Book()
    book.see(500)
    book.see(499)
    assert book.missing() == set()


def test_an_endless_row_of_gaps_takes_bounded_memory_and_every_one_stays_in_the_book() -> None:
    book = Book(max_open_gaps=10)
    for number in range(0, 200, 2):
        book.see(number)
    assert len(book.tracker.open_gaps()) == 10
    assert book.missing() == set(range(1, 198, 2))
    assert book.tracker.mark("s") == ("a", 0)
    book.see(197)
    assert book.missing() == set(range(1, 196, 2))


def test_the_stream_longest_silent_makes_room_also_after_a_restart() -> None:
    book = Book(max_streams=3)
    for stream in ("x", "y", "z", "x"):
        book.see(1, stream=stream)
    book.restart()
    book.see(1, stream="new")
    assert book.tracker.dropped == ["y"]
    book.note()
    assert book.tracker.streams() == ["z", "x", "new"]
    assert sorted(book.rows) == ["seq:new", "seq:x", "seq:z"]


def test_a_sender_that_boots_for_ever_takes_bounded_memory() -> None:
    book = Book()
    for boot in range(50):
        book.see(1, boot=str(boot))
    assert len(book.tracker._streams["s"].epochs) == MAX_EPOCHS
