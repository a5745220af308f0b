"""What every series store promises: the twin in memory, the embedded store, and InfluxDB as far as it holds readings.

A test that asks for `opened` runs on the stores that keep everything; one that asks for `any_opened` also on a real
InfluxDB 1.x from Debian, and on an InfluxDB 2.x where FOREWARN_TEST_INFLUX_URL (with _TOKEN, _ORG, _BUCKET) names one.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Thread

import httpx2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forewarn.core.clock import US_PER_DAY
from forewarn.core.ports import Counts, Refusal, SeriesReader, SeriesWriter, StoreReader, TelemetryBook
from forewarn.core.readings import Quality, Readings, Waveform
from forewarn.ingest.store.memory import MemoryStore
from forewarn.ingest.store.packed import PackedStore
from forewarn.ingest.store.reader import PackedReader
from tests.contracts.influx_store import Bucket, InfluxStore
from tests.influxd import running_influxd

NOON = 20_000 * US_PER_DAY + US_PER_DAY // 2
EVER = (-(1 << 50), 1 << 55)
TOLD_LATER = int(Quality.HISTORICAL)


@dataclass
class Store:
    writer: SeriesWriter
    reader: SeriesReader
    book: TelemetryBook | None = None

    def counts(self, expected: Counts) -> None:
        """The books are as expected, where there are books."""
        if self.book is not None:
            assert self.book.counts() == expected


@dataclass
class Full(Store):
    reader: StoreReader


EMBEDDED = ["memory", "packed", "packed in tiny logs"]
INFLUX_2 = os.environ.get("FOREWARN_TEST_INFLUX_URL", "")
REMOTE = [
    pytest.param(kind, marks=pytest.mark.server) for kind in ("influxdb 1", "influxdb 2") if "1" in kind or INFLUX_2
]


def open_embedded(kind: str, folder: Callable[[], Path]) -> Full:
    if kind == "memory":
        twin = MemoryStore(quarantine_rows=3)
        return Full(twin, twin, twin)
    place, log_rows = folder(), 4 if "tiny" in kind else 100_000
    reader = PackedReader(place)
    return Full(PackedStore(place, log_rows=log_rows, open_days=1, quarantine_rows=3), reader, reader)


@pytest.fixture(params=EMBEDDED)
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Full]]:
    """Opens an empty store each time it is called; all are closed in the end."""
    made: list[Full] = []

    def open_empty() -> Full:
        made.append(open_embedded(request.param, lambda: tmp_path_factory.mktemp("store")))
        return made[-1]

    yield open_empty
    for store in made:
        close(store)


@pytest.fixture(params=[*EMBEDDED, *REMOTE])
def any_opened(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], Store]]:
    """The same, and InfluxDB."""
    made: list[Store] = []
    kind = request.param
    bucket = request.getfixturevalue(kind.replace(" ", "_")) if "influxdb" in kind else None

    def open_empty() -> Store:
        folder = tmp_path_factory.mktemp("store")
        made.append(joined(bucket.open_empty(folder)) if bucket else open_embedded(kind, lambda: folder))
        return made[-1]

    yield open_empty
    for store in made:
        close(store)


def joined(store: InfluxStore) -> Store:
    return Store(store, store)


@pytest.fixture(scope="session")
def influxdb_1(program: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    with running_influxd(program("influxd"), tmp_path_factory.mktemp("influxd")) as server:
        yield Bucket(server.url, "contract", lambda: server.make_database("contract"))


@pytest.fixture(scope="session")
def influxdb_2() -> Bucket:
    """An InfluxDB 2.x of whoever runs the tests: its bucket is emptied. A DBRP mapping of the bucket must exist."""
    token, org, name = (os.environ.get(f"FOREWARN_TEST_INFLUX_{word}", "") for word in ("TOKEN", "ORG", "BUCKET"))

    def empty() -> None:
        span = {"start": "1677-09-22T00:00:00Z", "stop": "2262-04-11T00:00:00Z"}
        headers = {"Authorization": f"Token {token}"}
        params = {"org": org, "bucket": name}
        answer = httpx2.post(f"{INFLUX_2}/api/v2/delete", params=params, json=span, headers=headers, trust_env=False)
        answer.raise_for_status()

    return Bucket(INFLUX_2, name, empty, token, org)


def close(store: Store) -> None:
    store.writer.close()
    if isinstance(store.reader, PackedReader):
        store.reader.close()


@contextmanager
def closing(store: Store) -> Iterator[Store]:
    try:
        yield store
    finally:
        close(store)


def refusal(n: int = 1, readings: int = 1) -> Refusal:
    return Refusal(n, "gateway", "plant/x", "not_finite", "value is NaN", b"{}", readings)


def wave(series: int, at: int, level: float = 1.0, size: int = 8) -> Waveform:
    return Waveform(series, at, 2560.0, np.linspace(-level, level, size, dtype=np.float32), 3)


def test_a_new_store_is_empty(opened: Callable[[], Full]) -> None:
    store = opened()
    assert store.writer.position == 0
    assert store.reader.counts() == Counts()
    assert dict(store.reader.names()) == {}
    assert store.reader.last_values() == []
    assert store.reader.quarantine() == []
    assert len(store.reader.read(1, *EVER)) == 0
    assert store.reader.waveforms(1, *EVER) == []


def test_a_series_keeps_its_number(any_opened: Callable[[], Store]) -> None:
    store = any_opened()
    assert store.writer.assign(["a/x", "b/y", "a/x"]) == [1, 2, 1]
    assert store.writer.assign(["c/z", "b/y"]) == [3, 2]
    assert dict(store.reader.names()) == {"a/x": 1, "b/y": 2, "c/z": 3}


def test_several_series_are_read_together_as_each_by_itself(any_opened: Callable[[], Store]) -> None:
    store = any_opened()
    store.writer.assign(["a", "b", "c"])
    at = [NOON + 3, NOON + 1, NOON + US_PER_DAY, NOON + 2, NOON - US_PER_DAY]
    store.writer.write(5, Readings.of([1, 1, 1, 2, 1], at, [0.3, 0.1, 9.0, 7.0, -9.0], [0, 4, 0, 0, 64]), [], [])
    together = store.reader.read_many([1, 2, 3], NOON, NOON + US_PER_DAY)
    assert set(together) == {1, 2, 3}
    for series, found in together.items():
        alone = store.reader.read(series, NOON, NOON + US_PER_DAY)
        assert (found.at.tolist(), found.value.tolist()) == (alone.at.tolist(), alone.value.tolist())
    assert together[1].at.tolist() == [NOON + 1, NOON + 3]


def test_readings_come_back_ascending_in_a_half_open_interval(any_opened: Callable[[], Store]) -> None:
    store = any_opened()
    store.writer.assign(["a", "b"])
    at = [NOON + 3, NOON + 1, NOON + US_PER_DAY, NOON + 2, NOON - US_PER_DAY]
    store.writer.write(5, Readings.of([1, 1, 1, 2, 1], at, [0.3, 0.1, 9.0, 7.0, -9.0], [0, 4, 0, 0, 64]), [], [])
    got = store.reader.read(1, NOON + 1, NOON + 3)
    assert (got.at.tolist(), got.value.tolist(), got.quality.tolist()) == ([NOON + 1], [0.1], [4])
    got = store.reader.read(1, *EVER)
    assert got.at.tolist() == sorted(t for t in at if t != NOON + 2)
    assert got.value.tolist() == [-9.0, 0.1, 0.3, 9.0]
    assert got.quality.tolist() == [64, 4, 0, 0]
    assert got.series.tolist() == [1] * 4
    assert store.writer.position == 5


def test_the_same_value_again_is_a_duplicate_and_another_a_conflict_that_changes_nothing(
    any_opened: Callable[[], Store],
) -> None:
    store = any_opened()
    store.writer.assign(["a"])
    store.writer.write(1, Readings.of([1, 1, 1], [NOON] * 3, [5.0, 5.0, 6.0]), [], [])
    store.writer.write(2, Readings.of([1, 1, 1], [NOON, NOON, NOON + 1], [6.0, 5.0, 1.0]), [], [])
    store.counts(Counts(stored=2, duplicates=2, conflicts=2))
    assert store.reader.read(1, *EVER).value.tolist() == [5.0, 1.0]


def test_a_batch_at_a_position_already_taken_changes_nothing(opened: Callable[[], Full]) -> None:
    store = opened()
    store.writer.assign(["a"])
    store.writer.write(10, Readings.of([1], [NOON], [5.0]), [wave(1, NOON)], [refusal()])
    for position in (10, 9):
        store.writer.write(position, Readings.of([1, 1], [NOON, NOON + 7], [5.0, 6.0]), [wave(1, NOON)], [refusal()])
    assert store.reader.counts() == Counts(stored=2, quarantined=1)
    assert store.writer.position == 10


def test_who_sees_a_position_finds_everything_up_to_it(opened: Callable[[], Full]) -> None:
    store, rows = opened(), 200
    (series,) = store.writer.assign(["a"])
    batches = [
        Readings.of([series] * rows, range(NOON + n * rows, NOON + (n + 1) * rows), [1.0] * rows) for n in range(30)
    ]

    def write() -> None:
        for n, told in enumerate(batches):
            store.writer.write((n + 1) * rows, told, [], [])

    writing = Thread(target=write)
    writing.start()
    while writing.is_alive():
        seen = store.writer.position
        assert len(store.reader.read(series, *EVER)) >= seen
    writing.join()
    assert store.writer.position == 30 * rows


def test_waveforms_follow_the_same_rule_and_come_back_exactly(opened: Callable[[], Full]) -> None:
    store = opened()
    store.writer.assign(["a", "b"])
    waves = [wave(1, NOON + day * US_PER_DAY + k, k + 0.1) for day in (1, 0, 2) for k in (1, 2)]
    store.writer.write(1, Readings.empty(), waves, [])
    other_rate = Waveform(1, NOON + 1, 5120.0, wave(1, NOON, 1.1).samples)
    store.writer.write(2, Readings.empty(), [waves[0], wave(1, NOON + 1, 9.0), other_rate, wave(2, NOON)], [])
    assert store.reader.counts() == Counts(stored=7, duplicates=1, conflicts=2)
    got = store.reader.waveforms(1, *EVER)
    assert [w.at for w in got] == sorted(w.at for w in waves)
    assert (got[0].sample_rate_hz, got[0].quality, got[0].series) == (2560.0, 3, 1)
    assert got[0].samples.tolist() == wave(1, 0, 1.1).samples.tolist()
    assert [w.at for w in store.reader.waveforms(1, *EVER, newest=3)] == sorted(w.at for w in waves)[-3:]
    assert store.reader.waveforms(1, *EVER, newest=0) == []
    assert [w.at for w in store.reader.waveforms(1, NOON + 1, NOON + 2)] == [NOON + 1]


def test_last_values_tell_what_changed_since_a_sequence_number(opened: Callable[[], Full]) -> None:
    store = opened()
    store.writer.assign(["a", "b", "c"])
    store.writer.write(1, Readings.of([1, 1, 2], [NOON + 2, NOON + 1, NOON], [3.0, 2.0, 8.0], [4, 0, 0]), [], [])
    first = store.reader.last_values()
    assert [(v.series, v.name, v.at_us, v.value, v.quality) for v in first] == [
        (1, "a", NOON + 2, 3.0, 4),
        (2, "b", NOON, 8.0, 0),
    ]
    seen = max(v.sequence for v in first)
    assert store.reader.last_values(seen) == []
    late_and_other_day = Readings.of([1, 2], [NOON + 1 - US_PER_DAY, NOON + US_PER_DAY], [1.0, 9.0])
    store.writer.write(2, late_and_other_day, [Waveform(3, NOON, 10.0, np.array([3, -3], np.float32))], [])
    changed = store.reader.last_values(seen)
    assert [(v.series, v.value) for v in changed] == [(2, 9.0), (3, 3.0)]
    assert all(v.sequence > seen for v in changed)


def test_a_conflict_never_becomes_the_last_value(any_opened: Callable[[], Store]) -> None:
    store = any_opened()
    store.writer.assign(["a"])
    store.writer.write(1, Readings.of([1, 1], [NOON, NOON], [5.0, 6.0]), [], [])
    store.writer.write(2, Readings.of([1], [NOON], [7.0]), [], [])
    assert [v.value for v in store.reader.last_values()] == [5.0]


def test_what_a_sender_tells_later_is_stored_and_is_never_the_last_value(any_opened: Callable[[], Store]) -> None:
    store = any_opened()
    store.writer.assign(["a", "b"])
    at = [NOON - 3 * US_PER_DAY, NOON, NOON + 1, NOON + 2]
    store.writer.write(
        1, Readings.of([1, 1, 1, 2], at, [1.0, 2.0, 3.0, 4.0], [0, TOLD_LATER, TOLD_LATER | 64, 0]), [], []
    )
    assert [(v.series, v.at_us, v.value) for v in store.reader.last_values()] == [(1, at[0], 1.0), (2, at[3], 4.0)]
    store.writer.write(2, Readings.of([2, 1], [NOON + 5, NOON + 4], [5.0, 6.0], [TOLD_LATER, 0]), [], [])
    assert [v.value for v in store.reader.last_values()] == [4.0, 6.0]
    assert store.reader.read(1, *EVER).quality.tolist() == [0, TOLD_LATER, TOLD_LATER | 64, 0]


def test_only_told_later_there_is_no_last_value_until_it_is_told_live(opened: Callable[[], Full]) -> None:
    store = opened()
    store.writer.assign(["a", "b"])
    told = replace(wave(2, NOON), quality=TOLD_LATER)
    store.writer.write(1, Readings.of([1, 1], [NOON, NOON + 1], [1.0, 2.0], [TOLD_LATER] * 2), [told], [])
    assert store.reader.last_values() == []
    store.writer.write(2, Readings.of([1], [NOON + 1], [2.0]), [], [])  # a birth repeats it
    assert [(v.series, v.at_us) for v in store.reader.last_values()] == [(1, NOON + 1)]
    store.counts(Counts(3, 1, 0))


def test_the_quarantine_is_bounded_and_what_leaves_it_stays_counted(opened: Callable[[], Full]) -> None:
    store = opened()
    for n in range(10):
        store.writer.write(n + 1, Readings.empty(), [], [refusal(2 * n, readings=2), refusal(2 * n + 1)])
    kept = store.reader.quarantine()
    assert 1 <= len(kept) <= 3
    assert [r.received_at_us for r in kept] == list(range(19, 19 - len(kept), -1))
    assert store.reader.quarantine(limit=1) == kept[:1]
    counts = store.reader.counts()
    assert counts.quarantined == sum(r.readings for r in kept)
    assert counts.quarantined + counts.summarised == 30


def test_a_rollup_has_every_bucket_that_touches_the_interval_and_counts_what_is_doubtful(
    opened: Callable[[], Full],
) -> None:
    store = opened()
    store.writer.assign(["a", "b"])
    at = [NOON, NOON + 5, NOON + 9, NOON + 10, NOON + 35, NOON - 3 * US_PER_DAY]
    flags = [0, int(Quality.JUMP), TOLD_LATER, 0, 0, int(Quality.STUCK)]
    store.writer.write(1, Readings.of([1] * 6, at, [2.0, -1.0, 7.0, 3.0, 4.0, 9.0], flags), [], [])
    store.writer.write(2, Readings.of([1, 2, 1], [NOON + 4, NOON, NOON], [1.0, 50.0, 60.0]), [], [])
    near = store.reader.rollup(1, NOON + 3, NOON + 31, 10)
    start, counted, doubtful, *values = (column.tolist() for column in near.columns())
    assert (start, counted, doubtful) == ([NOON, NOON + 10, NOON + 30], [4, 1, 1], [1, 0, 0])
    assert values == [[-1.0, 3.0, 4.0], [7.0, 3.0, 4.0], [9.0, 3.0, 4.0], [7.0, 3.0, 4.0]]
    days = store.reader.rollup(1, *EVER, US_PER_DAY)
    assert (days.n.tolist(), days.doubtful.tolist(), days.total.tolist()) == ([1, 6], [1, 1], [9.0, 16.0])
    assert len(store.reader.rollup(1, NOON + 40, NOON + 50, 10)) == 0
    with pytest.raises(ValueError, match="step"):
        store.reader.rollup(1, *EVER, 0)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_refused_before_anything_is_written(opened: Callable[[], Full], value: float) -> None:
    store = opened()
    store.writer.assign(["a"])
    with pytest.raises(ValueError, match="finite"):
        store.writer.write(1, Readings.of([1, 1], [NOON, NOON + 1], [1.0, value]), [], [])
    with pytest.raises(ValueError, match="finite"):
        store.writer.write(1, Readings.of([1], [NOON], [1.0]), [Waveform(1, 1, 1.0, np.array([value], np.float32))], [])
    assert store.reader.counts() == Counts()


def test_a_series_that_nobody_assigned_is_refused(opened: Callable[[], Full]) -> None:
    store = opened()
    store.writer.assign(["a"])
    for number in (0, 2, -1):
        with pytest.raises(ValueError, match="assigned"):
            store.writer.write(1, Readings.of([number], [NOON], [1.0]), [], [])
        with pytest.raises(ValueError, match="assigned"):
            store.writer.write(1, Readings.empty(), [wave(number, NOON)], [])


ROWS = st.tuples(
    st.integers(1, 3),
    st.builds(lambda day, k: NOON + day * US_PER_DAY + k, st.integers(0, 1), st.integers(0, 6)),
    st.sampled_from([0.5, 1.25, -7.0]),
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(ROWS, max_size=25), min_size=1, max_size=8))
def test_any_order_duplication_and_batching_stores_the_first_value_of_each_identity_and_balances(
    any_opened: Callable[[], Store], batches: list[list[tuple[int, int, float]]]
) -> None:
    first: dict[int, dict[int, float]] = defaultdict(dict)
    last: dict[int, tuple[int, float]] = {}
    duplicates = conflicts = 0
    with closing(any_opened()) as store:
        store.writer.assign(["a", "b", "c"])
        for position, batch in enumerate(batches, 1):
            for series, at, value in batch:
                known = first[series].setdefault(at, value)
                last[series] = max(last.get(series, (at, known)), (at, known))
                duplicates += known == value
                conflicts += known != value
            columns = tuple(list(column) for column in zip(*batch, strict=True)) or ([], [], [])
            store.writer.write(position, Readings.of(*columns), [], [])
        stored = sum(map(len, first.values()))
        store.counts(Counts(stored, duplicates - stored, conflicts))
        for series in (1, 2, 3):
            got = store.reader.read(series, *EVER)
            assert list(zip(got.at.tolist(), got.value.tolist(), strict=True)) == sorted(first[series].items())
        assert {v.series: (v.at_us, v.value) for v in store.reader.last_values()} == last
