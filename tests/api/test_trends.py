"""What a chart is drawn from: every good peak, nothing doubtful, and few readings."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forewarn.api.trends import envelope, steps
from forewarn.core.readings import NOT_SCORED, Quality, Readings
from forewarn.core.rollups import HOUR_US, MINUTE_US
from forewarn.ingest.store.memory import MemoryStore

START = 20_000 * 24 * HOUR_US
DAYS_30 = 30 * 24 * HOUR_US
SOME = st.lists(
    st.tuples(
        st.integers(0, DAYS_30 - 1) | st.integers(0, 200).map(lambda minute: minute * MINUTE_US // 2),
        st.integers(-100, 100).map(float),
        st.sampled_from([0, 0, 0, int(Quality.JUMP), int(Quality.HISTORICAL)]),
    ),
    max_size=40,
    unique_by=lambda row: row[0],
)


def stored(rows: list[tuple[int, float, int]]) -> MemoryStore:
    """A store with one series of these."""
    store = MemoryStore()
    store.assign(["a"])
    at, value, quality = ([row[i] for row in rows] for i in range(3))
    readings = Readings.of([1] * len(rows), [START + int(one) for one in at], value, [int(one) for one in quality])
    store.write(1, readings, [], [])
    return store


@given(SOME, st.sampled_from([4, 100, 1200]), st.sampled_from([HOUR_US, 24 * HOUR_US, DAYS_30]))
def test_a_chart_has_every_good_peak_in_its_place_and_no_doubtful_value(
    rows: list[tuple[int, float, int]], most: int, span: int
) -> None:
    store = stored(rows)
    at, value = envelope(store, 1, START, START + span, most)
    readings = store.read(1, START, START + span)
    good = readings.take((readings.quality & int(NOT_SCORED)) == 0)
    assert (np.diff(at) > 0).all()
    width = max([1, *steps(span, most)])
    beyond = store.read(1, START, START + span + width)
    assert set(value.tolist()) <= set(beyond.value[(beyond.quality & int(NOT_SCORED)) == 0].tolist())
    assert len(at) == 0 or START <= at[0] <= at[-1] < START + span + width
    for time, one in zip(good.at.tolist(), good.value.tolist(), strict=True):
        near = value[(at > time - 2 * width) & (at < time + 2 * width)]
        assert near.min() <= one <= near.max()


def test_an_hour_with_a_jump_is_looked_at_minute_by_minute_and_costs_no_more_readings() -> None:
    rows = [(minute * MINUTE_US, float(minute % 60), 0) for minute in range(30 * 24 * 60)]
    rows[5000] = (rows[5000][0], 9999.0, int(Quality.JUMP))
    store, read = stored(rows), list[int]()
    asked: Callable[[int, int, int], Readings] = store.read

    class Watched(MemoryStore):
        def read(self, series: int, start_us: int, stop_us: int) -> Readings:
            read.append((stop_us - start_us) // MINUTE_US)
            return asked(series, start_us, stop_us)

        rollup = staticmethod(store.rollup)  # of the store that holds the readings

    at, value = envelope(Watched(), 1, START, START + DAYS_30, 1200)
    assert read == [1]
    assert (value.min(), value.max()) == (0.0, 59.0)
    assert len(at) < 1400


def test_few_readings_of_a_long_span_are_shown_at_their_own_times() -> None:
    store = stored([(day * 24 * HOUR_US + 77, float(day), 0) for day in range(30)])
    at, value = envelope(store, 1, START, START + DAYS_30, 1200)
    assert ((at - START) % HOUR_US).tolist() == [77] * 30
    assert value.tolist() == list(range(30))


def test_a_short_chart_is_made_of_the_readings() -> None:
    store = stored([(1_234_567, 5.0, 0), (1_234_568, 6.0, 0)])
    at, value = envelope(store, 1, START, START + HOUR_US, 1200)
    assert ((at - START).tolist(), value.tolist()) == ([1_234_567, 1_234_568], [5.0, 6.0])


@pytest.mark.parametrize("days", [1, 7, 30, 366])
def test_the_widths_divide_one_another(days: int) -> None:
    widths = steps(days * 24 * HOUR_US, 1200)
    assert all(wide % fine == 0 and wide > fine for wide, fine in pairwise(widths))
