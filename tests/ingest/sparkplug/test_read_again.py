"""A message out of the quarantine is read by the births of today, and the host goes on as if nobody had asked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forewarn.core.errors import Rejected
from forewarn.ingest.delivery import Frame
from forewarn.ingest.formats.sparkplug_payload import Payload, encode
from forewarn.ingest.formats.sparkplug_types import DataType, metric_of
from forewarn.ingest.sparkplug.host import HostRules
from forewarn.simulators.sparkplug_node import Packet
from tests.ingest.sparkplug.rig import DEVICE, GROUP, NODE, SPECS, Rig, edge_node

PLACE = f"spBv1.0/{GROUP}/{NODE}/{DEVICE}"


def again(rig: Rig, packet: Packet, at_us: int | None = None) -> tuple[list[tuple[str, float]], list[str]]:
    """Readings and reasons of a message that is read once more."""
    arrived_us = rig.now_us if at_us is None else at_us
    decoded = rig.host.read_again(Frame(arrived_us, 0, "gw", *packet), rig.now_us).decoded
    names = [SPECS[row].signal for row in decoded.rows]
    return list(zip(names, decoded.value, strict=True)), [reason for reason, _ in decoded.refused]


def test_data_by_aliases_is_read_by_the_births_that_it_was_sent_under() -> None:
    rig, node = Rig(), edge_node()
    rig.all(node.births(rig.now_ms))
    data = node.data(DEVICE, {"Speed": 7.0}, rig.now_ms)
    assert again(rig, data) == ([("Speed", 7.0)], [])
    taken = rig.host.read_again(Frame(rig.now_us, 0, "gw", *data), rig.now_us)
    assert (taken.place, taken.decoded.counted) == (PLACE, [])


def test_what_was_sent_before_the_births_of_today_gets_no_name_from_them() -> None:
    """The aliases are dealt out anew: believed, 7.0 would become another metric's."""
    rig, node = Rig(), edge_node()
    rig.all(node.births(rig.now_ms))
    old, old_us = node.data(DEVICE, {"Speed": 7.0}, rig.now_ms), rig.now_us
    node.turn += 1
    rig.seconds(1)
    rig.all(node.births(rig.now_ms))
    assert again(rig, old, old_us) == ([], ["no_birth"])
    assert again(rig, old) == ([], ["no_birth"])  # late, but sent before all the same


def test_without_a_birth_only_metrics_with_their_own_name_are_read() -> None:
    rig, node = Rig(), edge_node()
    births = node.births(rig.now_ms)
    assert again(rig, node.data(DEVICE, {"Speed": 7.0}, rig.now_ms)) == ([], ["no_birth"])
    named = metric_of("Speed", DataType.DOUBLE, 8.0, rig.now_ms, 1)
    assert again(rig, Packet(births[1].topic, encode(Payload(rig.now_ms, [named], 1)))) == ([("Speed", 8.0)], [])
    assert rig.host.statuses() == []
    assert rig.host.changed() == {}


def test_what_was_refused_as_a_whole_is_judged_again() -> None:
    rig, frame = Rig(rules=HostRules(groups=frozenset({GROUP}))), Frame(1, 0, "gw", "spBv1.0/STATE/forewarn", b"ONLINE")
    with pytest.raises(Rejected, match="online"):
        rig.host.read_again(frame, rig.now_us)
    death = edge_node().will()
    with pytest.raises(Rejected, match="NDEATH"):
        rig.host.read_again(Frame(1, 0, "gw", death.topic, encode(Payload(None, []))), rig.now_us)
    with pytest.raises(Rejected, match=r"sparkplug\.groups"):
        rig.host.read_again(Frame(1, 0, "gw", "spBv1.0/other/NDATA/n", b""), rig.now_us)
    assert rig.host.commands() == []


STEPS = st.lists(st.sampled_from(["data", "lost", "births", "again", "again", "pause", "restart"]), max_size=30)


@given(STEPS)
def test_the_host_decides_the_same_whatever_is_read_again_in_between(steps: list[str]) -> None:
    def life(asked: bool) -> Rig:
        rig, node, sent = Rig(), edge_node(), list[Packet]()
        rig.all(node.births(rig.now_ms))
        for n, step in enumerate(steps):
            if step in ("data", "lost"):
                sent.append(node.data(DEVICE, {"Speed": float(n)}, rig.now_ms))
            if step == "data":
                rig.take(sent[-1])
            elif step == "births":
                node.turn += 1
                rig.all(node.births(rig.now_ms))
            elif step == "pause":
                rig.seconds(3)
            elif step == "restart":
                rig.begin()
            elif step == "again" and asked and sent:
                again(rig, sent[n % len(sent)])
        rig.seconds(100)
        return rig

    with_it, without = life(True), life(False)
    assert (with_it.readings, with_it.refused, with_it.asked) == (without.readings, without.refused, without.asked)
    assert with_it.rows == without.rows
