"""What a host does with births and data, message by message."""

import pytest

from forewarn.core.readings import Quality
from forewarn.ingest.formats.sparkplug_payload import Metric, decode
from forewarn.ingest.formats.sparkplug_types import DataType, metric_of
from tests.ingest.sparkplug.rig import DEVICE, Rig, born, by_hand, edge_node, is_rebirth, said

S = 1_000_000


def test_data_by_alias_gets_its_name_and_datatype_from_the_birth() -> None:
    rig, node = born()
    packet = said(node, rig, Speed=1480.5, Load=-3, Running=1)
    assert {m.name for m in decode(packet.payload).metrics} == {None}
    at_ms = rig.now_ms
    assert rig.take(packet) == [("Speed", at_ms, 1480.5), ("Load", at_ms, -3.0), ("Running", at_ms, 1.0)]


def test_values_of_a_birth_are_readings_and_nulls_are_refused() -> None:
    rig, node = Rig(), edge_node()
    rig.all(node.births(rig.now_ms))
    assert rig.readings == []
    assert rig.reasons == ["missing_value"] * 4
    rig.take(node.data("", {"Cabinet/Temp": 30.0}, rig.now_ms))
    assert rig.all(node.births(rig.now_ms)) == [("Cabinet/Temp", rig.now_ms - 2, 30.0)]


def test_an_alias_means_after_a_birth_what_that_birth_says() -> None:
    rig, node = born()
    rig.take(said(node, rig, Speed=1.0, Load=2))
    node.turn = 1
    rig.all(node.births(rig.now_ms))
    rig.take(said(node, rig, Speed=3.0, Load=4))
    stored = {(name, value) for name, _, value in rig.readings}
    assert {("Speed", 3.0), ("Load", 4.0)} <= stored
    assert not {("Speed", 4.0), ("Load", 3.0)} & stored


def test_an_alias_that_no_birth_defined_is_refused_and_the_births_are_asked_for() -> None:
    rig, _ = born()
    rig.take(by_hand("NDATA", [Metric(alias=99, member=12, value=1.0)], 2, rig.now_ms))
    assert rig.reasons == ["unknown_alias"]
    assert [is_rebirth(command) for command in rig.asked] == [True]


def test_data_before_any_birth_waits_for_it_and_is_then_refused() -> None:
    rig, node = Rig(), edge_node()
    node.births(rig.now_ms)
    assert rig.take(said(node, rig, Speed=1.0)) == []
    assert rig.asked == []
    rig.seconds(2.5)
    assert rig.reasons == ["no_birth"]
    assert len(rig.asked) == 1
    assert rig.status().state == "stale"


def test_a_metric_with_its_own_name_and_datatype_needs_no_birth() -> None:
    rig = Rig()
    own = metric_of("Cabinet/Temp", DataType.FLOAT, 21.5, rig.now_ms)
    rig.take(by_hand("NDATA", [own], 7, rig.now_ms))
    assert rig.seconds(3) == [("Cabinet/Temp", rig.now_ms - 3001, 21.5)]


def test_births_that_arrive_before_the_nbirth_are_taken_behind_it() -> None:
    rig, node = Rig(), edge_node()
    nbirth, dbirth = node.births(rig.now_ms)
    data = said(node, rig, Speed=5.0)
    rig.all([data, dbirth])
    assert [name for name, _, _ in rig.take(nbirth)] == ["Speed"]
    assert {status.state for status in rig.host.statuses()} == {"online"}
    assert rig.seconds(10) == []
    assert rig.asked == []


def test_data_of_a_device_without_dbirth_asks_for_births() -> None:
    rig, node = Rig(), edge_node()
    rig.take(node.births(rig.now_ms)[0])
    node.device_birth(DEVICE, rig.now_ms)
    node._seq = 0
    rig.take(said(node, rig, Speed=1.0))
    assert "no_birth" in rig.reasons
    assert len(rig.asked) == 1


def test_the_metrics_own_time_wins_over_the_messages_and_no_time_is_the_arrival() -> None:
    rig = Rig()
    own, of_message, none = (Metric("Cabinet/Temp", None, ms, 9, member=12, value=1.0) for ms in (7_000, None, None))
    own.timestamp_ms = rig.now_ms - 5_000
    rig.take(by_hand("NBIRTH", [own, of_message], 0, rig.now_ms))
    assert [ms - rig.now_ms for _, ms, _ in rig.readings] == [-5_001, -1]
    arrived = rig.take(by_hand("NDATA", [none], 1, None))
    assert rig.qualities[arrived[0]] == Quality.ARRIVAL_TIME


def test_historical_values_are_flagged_and_bad_ones_uncertain() -> None:
    rig, node = born()
    [old] = rig.take(node.data(DEVICE, {"Speed": 1.0}, rig.now_ms, historical_ms=rig.now_ms - 3_600_000))
    assert rig.qualities[old] == Quality.HISTORICAL
    for quality, flag in ((192, 0), (0, Quality.UNCERTAIN), (500, Quality.UNCERTAIN)):
        rig.now_us += S
        metric = metric_of("Cabinet/Temp", DataType.FLOAT, 1.0, rig.now_ms)
        metric.quality = quality
        [reading] = rig.take(by_hand("NDATA", [metric], 3 if quality == 192 else 4 if quality == 0 else 5, rig.now_ms))
        assert rig.qualities[reading] == flag


@pytest.mark.parametrize(
    ("metric", "reason"),
    [
        (Metric("Cabinet/Temp", None, None, 9, is_transient=True, member=12, value=1.0), "transient"),
        (Metric("Cabinet/Temp", None, None, 9, is_null=True), "missing_value"),
        (Metric("Cabinet/Temp", None, None, 11, member=14, value=True), "wrong_type"),
        (Metric("Cabinet/Temp", None, None, 12, member=15, value="21.5"), "unsupported_datatype"),
        (Metric("Cabinet/Temp", None, None, 16, member=17, value=b""), "unsupported_datatype"),
        (Metric("Cabinet/Temp", None, None, 30, member=16, value=b"1234"), "unsupported_datatype"),
        (Metric("Cabinet/Temp", None, 1_795_392_000, 9, member=12, value=1.0), "timestamp_unit_suspect"),
        (Metric("Nobody", None, None, 9, member=12, value=1.0), "unknown_field"),
    ],
)
def test_what_is_no_reading_is_refused_by_name(metric: Metric, reason: str) -> None:
    rig, _ = born()
    rig.take(by_hand("NDATA", [metric], 2, rig.now_ms))
    assert (rig.reasons, rig.readings) == ([reason], [])


def test_numbers_that_nobody_named_are_candidates_and_what_is_no_reading_counts_nothing() -> None:
    rig, _ = born()
    metrics = [
        metric_of("Oil/Level", DataType.DOUBLE, 0.7, rig.now_ms),
        metric_of("Properties/FW", DataType.INT32, 3, rig.now_ms),
        metric_of("Device Control/Reboot", DataType.BOOLEAN, False, rig.now_ms),
        metric_of("Serial", DataType.STRING, "A-1", rig.now_ms),
    ]
    rig.take(by_hand("NDATA", metrics, 2, rig.now_ms))
    assert rig.taken[-1].decoded.unknown == [("Oil/Level", 0.7)]
    assert rig.reasons == ["unknown_field"]


def test_what_a_device_said_of_its_aliases_ends_with_the_nbirth() -> None:
    rig, node = born()
    node.turn = 1
    nbirth, _lost = node.births(rig.now_ms)
    rig.take(nbirth)
    node._seq = 0
    assert rig.take(said(node, rig, Speed=1.0)) == []
    assert rig.reasons[-1] == "no_birth"
