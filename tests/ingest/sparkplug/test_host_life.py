"""What a host does with deaths and its own STATE, message by message."""

import json

import pytest

from forewarn.core.errors import Rejected
from forewarn.ingest.formats.sparkplug_payload import Metric
from forewarn.ingest.formats.sparkplug_types import DataType, metric_of
from forewarn.ingest.sparkplug import state
from forewarn.ingest.sparkplug.host import HostRules
from forewarn.ingest.sparkplug.memory import statuses_in
from forewarn.ingest.sparkplug.node import STEPS, Event, State
from forewarn.ingest.sparkplug.topics import address_of
from forewarn.simulators.sparkplug_node import Packet
from tests.ingest.sparkplug.independent import Payload as GooglePayload
from tests.ingest.sparkplug.rig import DEVICE, Rig, born, by_hand, edge_node, said

S = 1_000_000


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
