"""History that is imported: columns come back exactly, and are judged and counted like what was sent."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forewarn.core.errors import Rejected
from forewarn.core.readings import Quality, SignalSpec
from forewarn.core.units import Conversion
from forewarn.ingest.formats import columns
from forewarn.ingest.formats.columns import Column
from forewarn.ingest.imports import frames_of, read_spool, write_spool
from forewarn.ingest.intake import Intake
from forewarn.ingest.store.memory import MemoryStore

NOW_US = 1_795_392_000_000_000
HOUR_US = 3_600_000_000
SPEC = SignalSpec(
    "p1", "temp", "temperature", "degC", "plant/p1/temp", conversion=Conversion(5 / 9, -160 / 9), low=-20, high=150
)
INT64 = st.integers(-(2**63), 2**63 - 1)
ROWS = st.lists(st.tuples(INT64, st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 255)), max_size=50)


def column(
    at: list[int], value: list[float], quality: list[int] | None = None, name: str = "p1/temp", canonical: bool = True
) -> Column:
    flags = np.array(quality or [0] * len(at), np.uint8)
    return Column(name, np.array(at, np.int64), np.array(value, np.float64), flags, canonical)


def imported(*given: Column) -> tuple[MemoryStore, Intake]:
    store = MemoryStore()
    intake = Intake([SPEC], store.assign([SPEC.name]))
    put(store, intake, *given)
    return store, intake


def put(store: MemoryStore, intake: Intake, *given: Column) -> None:
    for one in given:
        taken = intake.take(list(frames_of(one, NOW_US)))
        store.write(store.position + 1, taken.readings, taken.waveforms, taken.refused, taken.notes)


@given(st.text(min_size=1, max_size=40).filter(lambda text: text.isprintable()), ROWS, st.booleans())
def test_columns_come_back_exactly(name: str, rows: list[tuple[int, float, int]], canonical: bool) -> None:
    made = column([r[0] for r in rows], [r[1] for r in rows], [r[2] for r in rows], name, canonical)
    back = columns.decode(columns.encode(made))
    assert (back.name, back.canonical) == (name, canonical)
    assert back.at.tolist() == made.at.tolist()
    assert back.value.tobytes() == made.value.tobytes()
    assert back.quality.tolist() == made.quality.tolist()


@given(st.binary(max_size=200), st.integers(0, 300), st.integers(0, 255))
def test_damaged_columns_are_refused_and_never_misread(junk: bytes, place: int, byte: int) -> None:
    for payload in (junk, bytearray(columns.encode(column([1, 2], [1.0, 2.0])))):
        damaged = bytearray(payload)
        if place < len(damaged) and damaged[place] != byte and len(damaged) > 20:
            damaged[place] = byte
        elif payload is not junk:
            continue
        with pytest.raises(Rejected):
            columns.decode(bytes(damaged[:-1] if payload is junk else damaged))


def test_more_than_a_frame_holds_is_split_and_nothing_else_encodes_it() -> None:
    many = column(list(range(25_000)), [1.5] * 25_000)
    assert [len(columns.decode(frame.payload)) for frame in frames_of(many, NOW_US)] == [10_000, 10_000, 5_000]
    with pytest.raises(ValueError, match="10000"):
        columns.encode(many)


def test_canonical_values_are_stored_as_they_are_and_wire_values_converted() -> None:
    at = NOW_US - 5 * HOUR_US
    store, _ = imported(column([at], [0.1]), column([at + 1], [212.0], canonical=False))
    assert store.read(1, 0, NOW_US).value.tolist() == pytest.approx([0.1, 100.0])
    assert store.read(1, 0, at + 1).value.tolist() == [0.1]


def test_history_that_is_stored_already_is_a_duplicate_and_the_books_balance() -> None:
    once = column([NOW_US - HOUR_US, NOW_US - HOUR_US + 1], [20.0, 21.0])
    other = column([NOW_US - HOUR_US, NOW_US + HOUR_US], [25.0, 1.0])
    store, _ = imported(once, once, other)
    counts = store.counts()
    assert (counts.stored, counts.duplicates, counts.conflicts, counts.quarantined) == (2, 2, 1, 1)
    assert counts.acknowledged == 6
    assert store.quarantine()[0].reason == "future"


def test_older_history_is_late_and_out_of_range_is_told() -> None:
    store, intake = imported(column([NOW_US - HOUR_US], [20.0]))
    put(store, intake, column([NOW_US - 2 * HOUR_US], [500.0], [int(Quality.HISTORICAL | Quality.STUCK)]))
    quality = Quality(int(store.read(1, 0, NOW_US - HOUR_US).quality[0]))
    assert quality == Quality.HISTORICAL | Quality.LATE | Quality.OUT_OF_RANGE
    assert [last.value for last in store.last_values()] == [20.0]


def test_what_a_sender_told_later_makes_no_other_reading_late() -> None:
    store, intake = imported(column([NOW_US - HOUR_US], [20.0], [int(Quality.HISTORICAL)]))
    put(store, intake, column([NOW_US - 2 * HOUR_US], [21.0]))
    assert store.read(1, 0, NOW_US).quality.tolist() == [0, int(Quality.HISTORICAL)]
    assert [last.value for last in store.last_values()] == [21.0]


def test_a_series_that_the_plant_does_not_name_is_counted_and_refused() -> None:
    store, _ = imported(column([NOW_US], [1.0], name="p9/temp"))
    assert [(r.reason, r.readings) for r in store.quarantine()] == [("unknown_series", 1)]


def test_a_spool_carries_all_columns_and_a_cut_one_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "history.fwi"
    assert write_spool(file, [column([1], [1.0]), column([2, 3], [2.0, 3.0])]) == 3
    assert [len(columns.decode(frame.payload)) for frame in read_spool(file, NOW_US)] == [1, 2]
    file.write_bytes(file.read_bytes()[:-3])
    with pytest.raises(Rejected, match="bad_spool"):
        list(read_spool(file, NOW_US))
