"""An edge node on the wire: our front door between it and the host, with its STATE, a gap, a request and new births."""

from __future__ import annotations

import json
from pathlib import Path

from forewarn.api.broker_sources import broker_sources
from forewarn.api.settings import BrokerSettings, Settings
from forewarn.ingest.commit import GroupCommit
from forewarn.ingest.door.front_door import FrontDoorSettings
from forewarn.ingest.sparkplug import state
from forewarn.ingest.sparkplug.host import HostRules
from forewarn.simulators.sparkplug_node import ConnectedNode
from tests.ingest.running_door import ARRIVAL_US, RunningDoor, running_door
from tests.ingest.sparkplug.rig import DEVICE, Rig, edge_node


class Between:
    """What the ingest process does between the journal and the host: frames in, commands out at the door."""

    def __init__(self, running: RunningDoor) -> None:
        self.running, self.read = running, 0
        self.rig = Rig(HostRules(), now_us=ARRIVAL_US)

    def carry(self) -> None:
        self.running.drain()
        asked = len(self.rig.asked)
        for frame in self.running.log.frames[self.read :]:
            self.rig._note(self.rig.host.take(frame._replace(received_at_us=self.rig.now_us), self.rig.now_us))
        self.read = len(self.running.log.frames)
        self.rig.seconds(3)
        for command in self.rig.asked[asked:]:
            self.running.publish(*command)


def test_an_edge_node_and_its_host_over_the_real_front_door(tmp_path: Path) -> None:
    with running_door(tmp_path, FrontDoorSettings(port=0)) as running:
        between = Between(running)
        running.publish(*state.birth("forewarn", 17))
        node = ConnectedNode(edge_node(), "127.0.0.1", running.port, primary_host="forewarn")
        node.begin()
        node.send(DEVICE, {"Speed": 1.0})
        node.serve(0.3)
        between.carry()
        assert [value for _, _, value in between.rig.readings] == [1.0]
        node.lose(DEVICE, {"Speed": 2.0})
        node.send(DEVICE, {"Speed": 3.0})
        node.serve(0.3)
        between.carry()
        assert len(between.rig.asked) == 1
        node.serve(0.5)
        assert node.rebirths == 1
        between.carry()
        assert {one.state for one in between.rig.host.statuses()} == {"online"}
        node.send(DEVICE, {"Speed": 4.0, "Load": 5})
        node.serve(0.3)
        running.publish(*state.death("forewarn", 18))
        node.serve(0.3)
        assert not node.is_host_online
        node.leave()
        node.serve(0.2)
        between.carry()
    stored = {(name, value) for name, _, value in between.rig.readings}
    assert stored == {("Speed", 1.0), ("Speed", 3.0), ("Speed", 4.0), ("Load", 5.0)}
    assert {one.state for one in between.rig.host.statuses()} == {"offline"}


def test_a_source_that_listens_to_sparkplug_has_a_will_and_a_birth_of_one_time(tmp_path: Path) -> None:
    brokers = {
        "cell": BrokerSettings(host="127.0.0.1", filters=["spBv1.0/#"]),
        "hall": BrokerSettings(host="127.0.0.1", filters=["plant/#"]),
    }
    settings = Settings(state_dir=tmp_path, brokers=brokers)

    class NoLog:
        def append(self, frames: object) -> int:
            raise AssertionError("nothing arrives")

    sources = broker_sources(settings, [], GroupCommit(NoLog(), lambda end: None), lambda: ARRIVAL_US)
    will, [birth] = sources["cell"]._will(), sources["cell"]._on_connect()
    assert will is not None
    assert json.loads(will.payload)["timestamp"] == json.loads(birth.payload)["timestamp"]
    assert (will.topic, will.retain, birth.retain) == ("spBv1.0/STATE/forewarn", True, True)
    assert sources["hall"]._will() is None
