"""What goes wrong between a source and a broker, with the real Mosquitto: stalls, kills, thieves of our name."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from forewarn.ingest.desk import Command
from tests.ingest.brokers.running_source import numbers, published, running_source, target_at, until
from tests.servers import Mosquitto, free_port

pytestmark = pytest.mark.server
Broker = Callable[..., Mosquitto]


@pytest.mark.slow
def test_a_disk_that_stalls_beyond_the_keep_alive_costs_no_connection(broker: Broker, tmp_path: Path) -> None:
    server = broker()
    with running_source(tmp_path, target_at(server.port, keepalive_s=1, window=50)) as running:
        running.listening()
        running.log.gate.clear()
        published(server.port, numbers(2000))
        assert running.log.hanging.wait(20)
        time.sleep(8)  # Mosquitto ends a client after 1.5 times its keep-alive, and looks every 5 s
        assert running.source.messages <= 51  # reading has stopped
        running.log.gate.set()
        assert running.received(2000) == numbers(2000)
        assert running.source.connections == 1


def test_a_journal_that_is_full_withholds_and_loses_nothing(broker: Broker, tmp_path: Path) -> None:
    server = broker()
    with running_source(tmp_path, target_at(server.port, window=20)) as running:
        running.listening()
        running.log.is_full = True
        published(server.port, numbers(500))
        assert running.log.refused_often.wait(20)
        assert running.source.messages <= 20
        running.log.is_full = False
        assert running.received(500) == numbers(500)


def test_a_broker_that_restarts_is_found_again_and_had_kept_everything(broker: Broker, tmp_path: Path) -> None:
    server = broker(f"persistence true\npersistence_location {tmp_path}/\n")
    with running_source(tmp_path, target_at(server.port)) as running:
        running.listening()
        server.stop()
        server.start()
        running.listening(2)
        published(server.port, numbers(50))
        assert running.received(50) == numbers(50)
        assert running.row["level"] == "D3'"


def test_a_killed_broker_has_forgotten_us_and_that_is_said(broker: Broker, tmp_path: Path) -> None:
    server = broker()
    with running_source(tmp_path, target_at(server.port)) as running:
        running.listening()
        published(server.port, numbers(20))
        running.received(20)
        server.kill()
        server.start()
        running.listening(2)
        until(lambda: running.row["facts"]["session_kept"] is False)
        assert running.row["level"] == "D1"
        published(server.port, numbers(20, 20))
        assert running.received(40) == numbers(40)


def test_acknowledgements_of_a_connection_that_is_gone_are_not_sent_on_the_next(broker: Broker, tmp_path: Path) -> None:
    server = broker("max_inflight_messages 1")
    with running_source(tmp_path, target_at(server.port)) as running:
        running.listening()
        running.log.gate.clear()
        published(server.port, [b"before"])
        assert running.log.hanging.wait(20)
        server.kill()
        server.start()  # packet identifiers begin at 1 again
        running.listening(2)
        published(server.port, numbers(3))
        time.sleep(0.2)  # the first of them is here, with the identifier that "before" had
        running.log.before_return = running.log.gate.clear  # "before" becomes durable, what follows does not
        running.log.gate.set()
        assert running.received(1) == [b"before"]
        time.sleep(0.2)
        with running_source(tmp_path / "other", target_at(server.port)) as other:  # takes over the session
            assert other.received(3) == numbers(3)


def test_filters_that_are_no_longer_configured_are_unsubscribed(broker: Broker, tmp_path: Path) -> None:
    server = broker()
    target = target_at(server.port, filters=["plant/#", "hall/#"])
    with running_source(tmp_path, target) as running:
        running.listening()
    with running_source(tmp_path, replace(target, filters=["hall/#"])) as running:
        running.listening()
        published(server.port, [b"old"], topic="plant/p1/temp")
        published(server.port, [b"new"], topic="hall/p1/temp")
        assert running.received(1) == [b"new"]
        assert running.row["facts"]["granted"] == {"hall/#": 1}
        assert running.row["facts"]["session_kept"] is True


def test_a_broker_that_is_away_at_the_start_is_found_when_it_comes(
    broker: Broker, tmp_path: Path, program: Callable[[str], str]
) -> None:
    port = free_port()
    with running_source(tmp_path, target_at(port)) as running:
        until(lambda: running.row.get("state") == "away")
        assert "cannot be reached" in running.row["error"]
        broker(port=port)
        running.listening()
        published(port, [b"1"])
        assert running.received(1) == [b"1"]


@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
def test_a_wrong_password_is_named_and_tried_again_slowly(
    broker: Broker, tmp_path: Path, program: Callable[[str], str], protocol: str
) -> None:
    passwords = tmp_path / "passwords"
    passwords.write_text("")
    port = free_port()
    server = broker(f"listener {port} 127.0.0.1\nallow_anonymous false\npassword_file {passwords}\n", port=port)
    target = target_at(port, username="forewarn", password="wrong", protocol=protocol)
    with running_source(tmp_path, target) as running:
        until(lambda: running.row.get("state") == "refused")
        time.sleep(1.0)
        assert "authori" in running.row["error"].lower() or "password" in running.row["error"].lower()
        assert "wrong" not in (tmp_path / "brokers.json").read_text()
        assert server.log.count("New connection") <= 4  # the port probe, and one each 0.6 s at the most


@pytest.mark.parametrize("protocol", ["auto", "5"])
def test_another_client_with_our_name_is_named_and_not_fought(broker: Broker, tmp_path: Path, protocol: str) -> None:
    server = broker()
    pace = replace(target_at(0).pace, slow_s=30.0, stable_s=10.0)  # longer than the thief's pauses
    with running_source(tmp_path, target_at(server.port, pace=pace, protocol=protocol)) as running:
        running.listening()
        thief = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="hall-0", clean_session=False)
        thief.connect("127.0.0.1", server.port)
        thief.loop_start()
        until(lambda: running.row["state"] in ("evicted", "taken_over"))
        assert "client id" in running.row["error"]
        connections = running.source.connections
        assert connections <= 3
        time.sleep(1.5)
        assert running.source.connections == connections
        thief.disconnect()
        thief.loop_stop()


def test_a_subscription_that_the_broker_refuses_is_told_and_the_rest_works(broker: Broker, tmp_path: Path) -> None:
    rights = tmp_path / "acl"
    rights.write_text("topic readwrite plant/#\n")
    server = broker(f"acl_file {rights}")
    with running_source(tmp_path, target_at(server.port, filters=["plant/#", "secret/#"])) as running:
        running.listening()
        published(server.port, [b"1"])
        assert running.received(1) == [b"1"]
        granted = running.row["facts"]["granted"]
        if granted["secret/#"] >= 128:  # Mosquitto refuses when it reads, not when it subscribes, before 2.1
            assert running.row["level"] == "D0"


def test_commands_are_published_on_our_topics_only_and_survive_an_absent_broker(broker: Broker, tmp_path: Path) -> None:
    port = free_port()
    with running_source(tmp_path, target_at(port, filters=["#"])) as running:
        with pytest.raises(ValueError, match="not one of our topics"):
            running.source.publish([Command("plant/p1/set", b"1")])
        running.source.publish([Command("forewarn/watermark/p1", b"%d" % i, retain=True) for i in range(5)])
        running.source.publish([Command("spBv1.0/hall/NCMD/edge", b"rebirth")])
        server = broker(port=port)
        running.listening()
        until(lambda: running.source.outbox.empty)
        assert [f.topic for f in running.log.frames if "watermark" in f.topic] == []  # our own words are not journalled
        with running_source(tmp_path / "reader", target_at(server.port, client_id="r", filters=["+/watermark/#"])) as r:
            r.listening()  # a source leaves out what is under forewarn/
        seen: list[bytes] = []
        reader = mqtt.Client(CallbackAPIVersion.VERSION2)
        reader.on_connect = lambda client, *_: client.subscribe("forewarn/#", 1)
        reader.on_message = lambda client, data, message: seen.append(bytes(message.payload))
        reader.connect("127.0.0.1", server.port)
        reader.loop_start()
        until(lambda: seen == [b"4"])
        reader.disconnect()
        reader.loop_stop()


def test_the_last_will_is_published_on_a_clean_stop_too(broker: Broker, tmp_path: Path) -> None:
    server = broker()
    told: list[bytes] = []
    watcher = mqtt.Client(CallbackAPIVersion.VERSION2)
    watcher.on_connect = lambda client, *_: client.subscribe("spBv1.0/STATE/#", 1)
    watcher.on_message = lambda client, data, message: told.append(bytes(message.payload))
    watcher.connect("127.0.0.1", server.port)
    watcher.loop_start()
    will = Command("spBv1.0/STATE/forewarn", b"offline", retain=True)
    birth = Command("spBv1.0/STATE/forewarn", b"online", retain=True)
    options = {"will": lambda: will, "on_connect": lambda: [birth]}
    with running_source(tmp_path, target_at(server.port), **options) as running:
        until(lambda: told == [b"online"])
        running.listening()
    until(lambda: told == [b"online", b"offline"])
    watcher.disconnect()
    watcher.loop_stop()


def test_a_message_that_is_too_large_is_noted_and_acknowledged(broker: Broker, tmp_path: Path) -> None:
    server = broker()
    with running_source(tmp_path, target_at(server.port, protocol="3.1.1", maximum_packet_bytes=1000)) as running:
        running.listening()
        published(server.port, [b"x" * 2000, b"1"])
        running.received(2)
        assert running.log.frames[0].topic == "$forewarn/refused/packet_too_large"
        assert running.log.frames[1].payload == b"1"


def test_two_members_share_and_one_is_drained_without_loss(broker: Broker, tmp_path: Path) -> None:
    server = broker()
    first, second = (target_at(server.port, client_id=f"hall-{i}", group="hall") for i in (0, 1))
    with running_source(tmp_path / "a", first) as a:
        a.listening()
        with running_source(tmp_path / "b", second) as b:
            b.listening()
            published(server.port, numbers(200))
            until(lambda: len(a.log.frames) + len(b.log.frames) == 200)
            assert b.log.frames
            both = {*a.log.payloads(), *b.log.payloads()}
        published(server.port, numbers(200, 200))  # half of them wait for the member that is away
        with running_source(tmp_path / "b", second, draining=True) as b:
            assert b.source.empty.wait(20)
            both |= {*b.log.payloads()}
        published(server.port, numbers(100, 400))  # all of them come to the one that is left
        until(lambda: len({*a.log.payloads()} | both) == 500)
        with running_source(tmp_path / "c", replace(second, protocol="3.1.1")) as c:
            c.listening()
            until(lambda: c.row["facts"]["session_present"] is False)  # its session was ended
