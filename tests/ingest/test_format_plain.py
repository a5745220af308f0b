"""One value as text on a topic of its own."""

from __future__ import annotations

import struct

import hypothesis.strategies as st
import pytest
from hypothesis import example, given

from forewarn.core.readings import Quality, SignalSpec
from forewarn.ingest.formats import plain
from forewarn.ingest.topics import TopicTable
from tests.ingest.golden import NOW_US, NUMBERS, SIGNALS

TOPICS = TopicTable(SIGNALS, NUMBERS)
TEMP, RUN = TOPICS.binding("homie/5/p4/motor/temp"), TOPICS.binding("homie/5/p4/motor/run")


@given(st.floats(allow_nan=False, allow_infinity=False))
@example(-0.0)
@example(5e-324)
@example(2.0**53 + 2)
def test_a_value_comes_back_exactly_with_the_time_of_its_arrival(value: float) -> None:
    found = plain.decode(plain.encode(value), TEMP, NOW_US, NOW_US)
    assert struct.pack("d", found.value[0]) == struct.pack("d", value)
    assert (found.rows, found.at, found.quality) == ([TEMP.only.row], [NOW_US], [Quality.ARRIVAL_TIME])


@pytest.mark.parametrize("state", [True, False])
def test_a_run_state_comes_back_as_one_or_zero(state: bool) -> None:
    assert plain.decode(plain.encode(state), RUN, NOW_US, NOW_US).value == [float(state)]


def test_the_encoder_refuses_what_the_decoder_would() -> None:
    with pytest.raises(ValueError, match="finite"):
        plain.encode(float("nan"))


def test_a_plain_topic_carries_one_signal() -> None:
    specs = [SignalSpec("p", name, "speed", "rpm", "t", field=name, format="plain") for name in "ab"]
    with pytest.raises(ValueError, match="topic t carries one value as text, not 2"):
        TopicTable(specs, [1, 2])
