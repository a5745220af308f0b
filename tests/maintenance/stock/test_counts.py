"""A count sheet: what should lie there when it is counted, tolerance, the second count, and its life."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forewarn.core.errors import Conflict, Rejected
from forewarn.core.stock import DIFFERENCE, MoveReason, StockMove
from forewarn.maintenance.stock.counting import (
    MOST_COUNTS,
    SHEET_STEPS,
    Count,
    CountLine,
    Need,
    Sheet,
    SheetState,
    Spot,
    counted,
    expected_at,
    moves_to_post,
    state_of,
    stepped,
    verdict,
    verdicts,
)


def sheet_of(*lines: CountLine, state: SheetState = SheetState.OPEN) -> Sheet:
    return Sheet(1, "main", state, 10, 1_000, "ann", lines)


def line_of(pieces: int, tolerance: int = 0) -> CountLine:
    return CountLine(1, Spot("seal", "main", pieces=pieces, price=5.0), tolerance)


def move(seq: int, at_us: int, quantity: int, to: str = "@order", source: str = "main") -> StockMove:
    reason = MoveReason.ISSUE if to == "@order" else MoveReason.RECEIPT
    return StockMove(seq, "seal", source, to, quantity, reason, "o", at_us, "x", 5.0)


def told(sheet: Sheet, pieces: int, by: str, at_us: int, moves: list[StockMove] | None = None) -> Sheet:
    need = verdict(sheet, sheet.lines[0], moves or []).need
    after = counted(sheet, 1, Count(pieces, by, at_us), need)
    return stepped(after, state_of(verdicts(after, moves or [])))


def test_a_piece_that_is_taken_between_sheet_and_count_is_no_loss() -> None:
    sheet = sheet_of(line_of(10))
    moves = [move(11, 1_500, 3)]
    judged = verdict(told(sheet, 7, "bob", 2_000, moves), told(sheet, 7, "bob", 2_000, moves).lines[0], moves)
    assert (judged.need, judged.expected, judged.difference) == (Need.NOTHING, 7, 0)


def test_a_piece_that_is_taken_after_the_count_changes_no_difference() -> None:
    sheet = told(sheet_of(line_of(10, tolerance=1)), 9, "bob", 2_000)
    judged = verdict(sheet, sheet.lines[0], [move(11, 2_001, 4)])
    assert (judged.expected, judged.difference) == (10, -1)


def test_a_move_that_is_booked_late_counts_from_when_it_happened() -> None:
    sheet = told(sheet_of(line_of(10, tolerance=2)), 8, "bob", 2_000)
    late = move(12, 1_900, 2)
    assert verdict(sheet, sheet.lines[0], []).difference == -2
    assert verdict(sheet, sheet.lines[0], [late]).difference == 0


def test_what_is_beyond_the_tolerance_is_counted_again_by_somebody_else() -> None:
    sheet = told(sheet_of(line_of(10)), 8, "bob", 2_000)
    assert sheet.state is SheetState.RECOUNT
    with pytest.raises(Conflict, match="somebody else counts it again"):
        told(sheet, 10, "bob", 3_000)
    again = told(sheet, 8, "eve", 3_000)
    judged = verdict(again, again.lines[0], [])
    assert (again.state, judged.need, judged.difference) == (SheetState.READY, Need.NOTHING, -2)


def test_a_second_count_that_agrees_with_the_ledger_stands() -> None:
    again = told(told(sheet_of(line_of(10)), 8, "bob", 2_000), 10, "eve", 3_000)
    assert (again.state, verdict(again, again.lines[0], []).difference) == (SheetState.READY, 0)


def test_two_counts_that_differ_by_what_was_moved_between_them_agree() -> None:
    moves = [move(11, 2_500, 1)]
    again = told(told(sheet_of(line_of(10)), 8, "bob", 2_000, moves), 7, "eve", 3_000, moves)
    assert (again.state, verdict(again, again.lines[0], moves).difference) == (SheetState.READY, -2)


def test_the_third_count_stands() -> None:
    sheet = told(told(sheet_of(line_of(10)), 8, "bob", 2_000), 7, "eve", 3_000)
    assert sheet.state is SheetState.RECOUNT
    third = told(sheet, 6, "joe", 4_000)
    assert len(third.lines[0].standing) == MOST_COUNTS
    assert (third.state, verdict(third, third.lines[0], []).difference) == (SheetState.READY, -4)


def test_a_slip_of_the_pen_is_told_again_while_others_still_count() -> None:
    other = CountLine(2, Spot("belt", "main", pieces=1))
    first = told(sheet_of(line_of(10), other), 1, "bob", 2_000)
    second = told(first, 10, "bob", 2_100)
    assert [one.replaced for one in second.lines[0].counts] == [True, False]
    assert verdict(second, second.lines[0], []).difference == 0


def test_nobody_counts_what_is_settled_or_on_a_sheet_that_ended() -> None:
    settled = told(sheet_of(line_of(10)), 10, "bob", 2_000)
    with pytest.raises(Conflict, match="settled"):
        told(settled, 9, "eve", 3_000)
    with pytest.raises(Conflict, match="nothing is counted"):
        told(replace(settled, state=SheetState.POSTED), 9, "eve", 3_000)


def test_serial_numbers_tell_which_piece_is_missing_and_which_is_too_much() -> None:
    spot = Spot("motor", "main", pieces=2, serials=("M1", "M2"), is_rotable=True)
    sheet = sheet_of(CountLine(1, spot, tolerance=5))
    out = replace(move(11, 1_500, 1), part="motor", serial="M2")
    back = replace(move(12, 1_600, 1, to="main", source="@supplier"), part="motor", serial="M4")
    first = counted(sheet, 1, Count(2, "bob", 2_000, ("M3", "M4")), Need.COUNT)
    judged = verdict(first, first.lines[0], [out, back])
    assert (judged.need, judged.missing, judged.extra) == (Need.RECOUNT, ("M1",), ("M3",))
    second = counted(first, 1, Count(2, "eve", 2_100, ("M3", "M4")), judged.need)
    booked = moves_to_post(second, verdict(second, second.lines[0], [out, back]), 3_000)
    assert [(one.serial, one.from_place, one.to_place) for one in booked] == [
        ("M1", "main", DIFFERENCE),
        ("M3", DIFFERENCE, "main"),
    ]
    with pytest.raises(Rejected, match="tell those that lie there"):
        counted(sheet, 1, Count(2, "bob", 2_000), Need.COUNT)
    with pytest.raises(Rejected, match="no serial numbers"):
        counted(sheet_of(line_of(2)), 1, Count(1, "bob", 2_000, ("M1",)), Need.COUNT)


def test_a_sheet_goes_only_where_its_table_says() -> None:
    for state in SheetState:
        for to in SheetState:
            sheet = sheet_of(state=state)
            if to in SHEET_STEPS[state] or (to is state and SHEET_STEPS[state]):
                assert stepped(sheet, to).state is to
            else:
                with pytest.raises(Conflict, match=f"is {state} and cannot become {to}"):
                    stepped(sheet, to)


STEPS = st.lists(
    st.tuples(st.integers(0, 20), st.integers(-4, 6), st.booleans()), max_size=15
)  # when it happened, pieces, before or after the sheet was drawn


@given(start=st.integers(60, 90), steps=STEPS, count_at=st.integers(0, 20), off=st.integers(-9, 9))
def test_posting_brings_the_ledger_to_what_lies_there_whatever_moves_around_the_count(
    start: int, steps: list[tuple[int, int, bool]], count_at: int, off: int
) -> None:
    """A shelf that is `off` pieces away from its ledger stays so, until the sheet is posted: then it is true."""
    drawn = [(at, pieces) for at, pieces, before in steps if before and pieces and at < 5]
    later = sorted((max(at, 5), pieces) for at, pieces, before in steps if not before and pieces)
    on_sheet = start + sum(pieces for _, pieces in drawn)
    moves = [
        move(11 + n, at, abs(pieces), to="main" if pieces > 0 else "@order", source="@s" if pieces > 0 else "main")
        for n, (at, pieces) in enumerate(later)
    ]
    count_at = max(count_at, 5)
    lies_then = on_sheet + off + sum(pieces for at, pieces in later if at <= count_at)
    sheet = replace(sheet_of(CountLine(1, Spot("seal", "main", pieces=on_sheet), tolerance=99)), made_at_us=5)
    after = counted(sheet, 1, Count(lies_then, "bob", count_at), Need.COUNT)
    judged = verdict(after, after.lines[0], moves)
    ledger_now = on_sheet + sum(pieces for _, pieces in later)
    for new in moves_to_post(after, judged, 30):
        ledger_now += new.quantity if new.to_place == "main" else -new.quantity
    assert ledger_now == on_sheet + off + sum(pieces for _, pieces in later)
    assert expected_at(after, after.lines[0], moves, 30) == on_sheet + sum(pieces for _, pieces in later)
