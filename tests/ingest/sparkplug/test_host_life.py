"""What a host does with births, data, deaths, gaps and its own STATE, message by message."""

from __future__ import annotations

import json

import pytest

from forewarn.core.errors import Rejected
from forewarn.core.readings import Quality
from forewarn.ingest.formats.sparkplug_payload import Metric, Payload, decode, encode
from forewarn.ingest.formats.sparkplug_types import DataType, metric_of
from forewarn.ingest.sparkplug import state
from forewarn.ingest.sparkplug.host import HostRules
from forewarn.ingest.sparkplug.memory import statuses_in
from forewarn.ingest.sparkplug.node import STEPS, Event, State
from forewarn.ingest.sparkplug.topics import address_of
from forewarn.simulators.sparkplug_node import EdgeNode, Packet, Tag
from tests.ingest.sparkplug.independent import Payload as GooglePayload
from tests.ingest.sparkplug.rig import DEVICE, GROUP, NODE, Rig, edge_node, is_rebirth

S = 1_000_000


def born(rules: HostRules | None = None) -> tuple[Rig, EdgeNode]:
    """A host that knows one node, all of whose metrics are null yet."""
    rig, node = Rig(rules or HostRules()), edge_node()
    rig.all(node.births(rig.now_ms))
    rig.refused.clear()
    return rig, node


def said(node: EdgeNode, rig: Rig, **values: float) -> Packet:
    return node.data(DEVICE, values, rig.now_ms)


def by_hand(verb: str, metrics: list[Metric], seq: int | None, ms: int | None, device: str = "") -> Packet:
    return Packet(edge_node().topic(verb, device), encode(Payload(ms, metrics, seq)))


# births and data


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


# order


def test_numbers_that_begin_anew_tell_of_a_lost_birth_and_nothing_is_read_by_the_old_one() -> None:
    rig, node = born()
    rig.all([said(node, rig, Speed=1.0), said(node, rig, Speed=1.0)])  # numbers 2 and 3: the next one is 4
    node.turn = 1
    node.births(rig.now_ms)  # lost
    new = [said(node, rig, Load=2), said(node, rig, Load=3), said(node, rig, Load=4)]
    assert rig.all(new) == []
    rig.seconds(3)
    assert rig.reasons == ["out_of_sequence", "no_birth", "no_birth"]
    assert len(rig.asked) == 1


def test_a_message_that_overtook_another_waits_for_it() -> None:
    rig, node = born()
    first, second = said(node, rig, Speed=1.0), said(node, rig, Load=2)
    assert rig.take(second) == []
    assert [name for name, _, _ in rig.take(first)] == ["Speed", "Load"]
    rig.seconds(60)
    assert rig.asked == []


def test_a_gap_that_nothing_fills_makes_the_node_stale_and_asks_for_its_births() -> None:
    rig, node = born(HostRules(reorder_timeout_us=5 * S))
    said(node, rig, Speed=1.0)  # lost
    rig.take(said(node, rig, Load=2))
    rig.seconds(4)
    assert (rig.asked, rig.status().state) == ([], "online")
    rig.seconds(2)
    assert [(c.topic, is_rebirth(c)) for c in rig.asked] == [(f"spBv1.0/{GROUP}/NCMD/{NODE}", True)]
    assert [s.state for s in rig.host.statuses()] == ["stale", "stale"]
    assert rig.reasons == ["out_of_sequence"]


def test_without_a_reorder_timeout_nothing_waits() -> None:
    rig, node = born(HostRules(reorder_timeout_us=0))
    said(node, rig, Speed=1.0)
    rig.take(said(node, rig, Load=2))
    assert (rig.reasons, len(rig.asked)) == (["out_of_sequence"], 1)


def test_the_gap_is_told_by_the_numbers_since_the_birth_beyond_255() -> None:
    rig, node = born()
    for _ in range(300):
        rig.take(said(node, rig, Speed=1.0))
    said(node, rig, Speed=2.0)
    rig.take(said(node, rig, Speed=3.0))
    rig.seconds(3)
    counted = [one.decoded.counted[0] for one in rig.taken]
    assert {c.device for c in counted} == {f"{GROUP}/{NODE}"}
    assert len({c.boot for c in counted}) == 1
    assert [c.sequence for c in counted] == [*range(302), 303]


def test_a_repeated_message_is_read_again_and_asks_for_nothing() -> None:
    rig, node = born()
    packets = [said(node, rig, Speed=1.0), said(node, rig, Speed=2.0)]
    first = rig.all(packets)
    assert rig.all(packets) == first
    rig.seconds(60)
    assert rig.asked == []


def test_a_message_from_before_the_birth_is_never_read_by_it() -> None:
    rig, node = born()
    old = said(node, rig, Speed=1.0)
    rig.now_us += S
    node.turn = 1
    rig.all(node.births(rig.now_ms))
    assert rig.take(old) == []
    rig.take(said(node, rig, Load=1))
    rig.seconds(5)
    assert rig.reasons[-1] == "out_of_sequence"
    assert rig.asked == []


def test_a_clock_that_was_set_back_costs_one_request() -> None:
    rig, node = born()
    early_ms = rig.now_ms - 86_400_000
    rig.all(node.births(early_ms))
    rig.seconds(3)
    assert len(rig.asked) == 1
    rig.all(node.births(early_ms + 5_000))
    assert rig.status().state == "online"
    assert [name for name, _, _ in rig.take(node.data(DEVICE, {"Speed": 9.0}, early_ms + 6_000))] == ["Speed"]


def test_a_node_is_asked_again_after_pauses_that_double_until_it_answers() -> None:
    rig, node = born(HostRules(rebirth_interval_us=30 * S))
    said(node, rig, Speed=1.0)
    rig.take(said(node, rig, Load=2))
    rig.seconds(2 + 30 + 60 + 1)
    assert len(rig.asked) == 3
    rig.all(node.births(rig.now_ms))
    rig.seconds(100_000)
    assert len(rig.asked) == 3
    assert rig.status().rebirths == 3


def test_a_thousand_nodes_at_work_are_not_asked_at_once() -> None:
    rig = Rig()
    for number in range(1000):
        node = EdgeNode(GROUP, f"edge-{number}", [Tag("", "Temp", DataType.FLOAT)])
        node.births(rig.now_ms)
        rig.take(node.data("", {"Temp": 1.0}, rig.now_ms))
    rig.seconds(3)
    assert 0 < len(rig.asked) <= 40
    rig.seconds(25)
    assert len(rig.asked) <= 300
    rig.seconds(80)
    assert len({command.topic for command in rig.asked}) == 1000


# deaths


def test_the_death_of_a_node_takes_its_devices_along() -> None:
    rig, node = born()
    rig.now_us += S
    rig.take(node.will())
    assert {(s.device, s.state, s.since_us) for s in rig.host.statuses()} == {
        ("", "offline", rig.now_us),
        (DEVICE, "offline", rig.now_us),
    }


def test_a_late_will_of_an_earlier_connection_ends_nothing() -> None:
    rig, node = born()
    late = node.will()
    node.bd_seq = 1
    rig.all(node.births(rig.now_ms))
    rig.take(late)
    assert rig.status().state == "online"
    assert rig.take(said(node, rig, Speed=1.0))


def test_an_ndeath_without_bdseq_is_refused() -> None:
    rig, _ = born()
    with pytest.raises(Rejected, match="missing_bdseq"):
        rig.take(by_hand("NDEATH", [], None, None))


def test_the_death_of_a_device_leaves_the_node_and_its_data_needs_a_birth_again() -> None:
    rig, node = born()
    rig.take(node.device_death(DEVICE, rig.now_ms))
    assert [(s.device, s.state) for s in rig.host.statuses()] == [("", "online"), (DEVICE, "offline")]
    assert rig.take(node.data("", {"Cabinet/Temp": 1.0}, rig.now_ms))
    assert rig.take(said(node, rig, Speed=1.0)) == []
    assert rig.reasons == ["no_birth"]


def test_every_state_has_a_step_for_every_event() -> None:
    assert set(STEPS) == {(state_, event) for state_ in State for event in Event}
    assert {STEPS[state_, Event.DEATH] for state_ in State} == {State.OFFLINE}


# the host itself


def test_a_rebirth_request_is_read_by_another_library_and_carries_no_sequence_number() -> None:
    rig, _ = born()
    rig.take(by_hand("NDATA", [Metric(alias=99, member=12, value=1.0)], 2, rig.now_ms))
    [command] = rig.asked
    request = GooglePayload.FromString(command.payload)
    assert address_of(command.topic).verb == "NCMD"
    assert (request.HasField("seq"), request.timestamp, command.retain) == (False, rig.now_ms, False)
    [metric] = request.metrics
    assert (metric.name, metric.HasField("alias"), metric.boolean_value) == ("Node Control/Rebirth", False, True)


def test_certificates_are_retained_json_and_the_birth_has_the_time_of_the_will() -> None:
    will, birth = state.death("forewarn", 17), state.birth("forewarn", 17)
    assert will.topic == birth.topic == "spBv1.0/STATE/forewarn"
    assert (will.retain, birth.retain) == (True, True)
    assert json.loads(will.payload) == {"online": False, "timestamp": 17}
    assert json.loads(birth.payload) == {"online": True, "timestamp": 17}


def test_when_somebody_says_that_we_are_gone_we_say_that_we_are_here() -> None:
    rig = Rig(HostRules(since_ms=17))
    rig.take(Packet(*state.death("another", 18)[:2]))
    assert rig.asked == []
    rig.take(Packet(*state.death("forewarn", 18)[:2]))
    assert rig.asked == [state.birth("forewarn", 18)]
    rig.retained(Packet(*state.death("forewarn", 16)[:2]))
    assert len(rig.asked) == 1


def test_after_a_new_session_of_ours_at_a_broker_every_birth_is_in_doubt() -> None:
    rig, node = born()
    rig.take(Packet(*state.birth("forewarn", 17)[:2]))
    assert rig.status().state == "online"
    rig.take(Packet(*state.birth("forewarn", 99)[:2]))
    assert rig.status().state == "stale"
    assert len(rig.asked) == 1
    assert rig.take(said(node, rig, Speed=1.0)) == []


def test_groups_of_other_processes_are_passed_over() -> None:
    rig, node = Rig(HostRules(groups=frozenset({"another"}))), edge_node()
    rig.all(node.births(rig.now_ms))
    assert (rig.host.statuses(), rig.refused, rig.asked) == ([], [], [])


def test_commands_of_other_hosts_hold_no_reading() -> None:
    rig, node = born()
    rig.take(Packet(node.topic("NCMD"), by_hand("NDATA", [], None, 1).payload))
    assert (rig.refused, rig.taken[2:]) == ([], [])


def test_a_message_that_a_broker_had_kept_says_nothing_about_the_present() -> None:
    rig, node = Rig(), edge_node()
    nbirth, _dbirth = node.births(rig.now_ms)
    rig.retained(nbirth)
    assert rig.status().state == "stale"


@pytest.mark.parametrize(
    "topic",
    [
        "spBv1.0/g",
        "spBv1.0/g/NDATA",
        "spBv1.0/g/ndata/n",
        "spBv1.0/g/NDATA/n/d",
        "spBv1.0/g/DDATA/n",
        "spBv1.0//NDATA/n",
    ],
)
def test_a_topic_that_is_none_of_sparkplug_is_refused(topic: str) -> None:
    with pytest.raises(Rejected, match="bad_topic"):
        Rig().take(Packet(topic, b""))


def test_identifiers_and_names_are_case_sensitive() -> None:
    rig, node = born()
    rig.take(Packet(node.topic("NDATA").replace("edge-1", "EDGE-1"), by_hand("NDATA", [], 0, 1).payload))
    assert {s.node for s in rig.host.statuses()} == {"edge-1", "EDGE-1"}
    rig.take(by_hand("NDATA", [metric_of("cabinet/temp", DataType.FLOAT, 1.0, rig.now_ms)], 2, rig.now_ms))
    assert rig.reasons == ["unknown_field"]


def test_everything_is_remembered_by_the_rows_of_the_store() -> None:
    rig, node = born()
    first, second = said(node, rig, Speed=1.0), said(node, rig, Load=2)
    rig.take(second)
    rig.begin()
    assert [name for name, _, _ in rig.take(first)] == ["Speed", "Load"]
    assert statuses_in(rig.rows) == rig.host.statuses()
    assert [s.last_seq for s in statuses_in(rig.rows)] == [3, 3]


def test_a_row_of_another_version_is_left_out_and_the_births_are_asked_for() -> None:
    rig, node = born()
    rig.rows = dict.fromkeys(rig.rows, b"\xc1")
    rig.begin()
    rig.take(said(node, rig, Speed=1.0))
    rig.seconds(3)
    assert len(rig.asked) == 1
