"""What a host does with gaps, repetitions and messages that overtake each other."""

from forewarn.ingest.formats.sparkplug_types import DataType
from forewarn.ingest.sparkplug.host import HostRules
from forewarn.simulators.sparkplug_node import EdgeNode, Tag
from tests.ingest.sparkplug.rig import DEVICE, GROUP, NODE, Rig, born, is_rebirth, said

S = 1_000_000


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
