"""How a source gets in: TLS with the real Mosquitto, and brokers that do not speak MQTT 5.

Debian has no broker without MQTT 5, so a small proxy before Mosquitto plays one: it answers a CONNECT of version 5 as
brokers of 3.1.1 do (return code 1, or no word at all), and passes everything else on.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from forewarn.api.broker_sources import with_state
from forewarn.core.errors import Rejected
from forewarn.ingest.brokers.target import Tls
from tests.ingest.brokers.running_source import numbers, published, running_source, target_at, until
from tests.ingest.certificates import Authority
from tests.servers import Mosquitto, free_port

pytestmark = pytest.mark.server
Broker = Callable[..., Mosquitto]
REFUSED_VERSION = b"\x20\x02\x00\x01"


@contextmanager
def old_broker(port: int, answer: bytes) -> Iterator[int]:
    """A proxy before the broker on `port` that refuses MQTT 5 with these bytes; its own port."""
    listening = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []

    def serve() -> None:
        while True:
            try:
                peer, _ = listening.accept()
            except OSError:
                return
            with peer:
                first = peer.recv(65_536)
                if first[8:9] == b"\x05":  # fixed header and length, then "MQTT" with its length, then the version
                    peer.sendall(answer)
                    continue
                with socket.create_connection(("127.0.0.1", port)) as behind:
                    behind.sendall(first)
                    back = threading.Thread(target=_pass_on, args=(behind, peer))
                    back.start()
                    _pass_on(peer, behind)
                    back.join()

    threads.append(threading.Thread(target=serve))
    threads[0].start()
    try:
        yield int(listening.getsockname()[1])
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        threads[0].join(20)


def _pass_on(here: socket.socket, there: socket.socket) -> None:
    try:
        while data := here.recv(65_536):
            there.sendall(data)
        there.shutdown(socket.SHUT_WR)
    except OSError:
        return  # the other direction has ended the connection


@pytest.mark.parametrize("answer", [REFUSED_VERSION, b""], ids=["return code 1", "closes without a word"])
def test_a_broker_without_mqtt_5_is_spoken_to_in_3_1_1(broker: Broker, tmp_path: Path, answer: bytes) -> None:
    server = broker()
    with old_broker(server.port, answer) as port, running_source(tmp_path, target_at(port)) as running:
        running.listening()
        published(server.port, numbers(5))
        assert running.received(5) == numbers(5)
        assert running.row["facts"]["protocol"] == "3.1.1"
        assert running.row["facts"]["shared_available"] is None  # 3.1.1 does not say


def test_traffic_goes_over_3_1_1_and_mqtt_5_is_asked_what_the_broker_can_do(broker: Broker, tmp_path: Path) -> None:
    server = broker("max_packet_size 70000")
    with running_source(tmp_path / "first", target_at(server.port)) as running:
        running.listening()
    published(server.port, [*numbers(5), bytes(60_000)])
    with running_source(tmp_path / "first", target_at(server.port, maximum_packet_bytes=50_000)) as running:
        assert len(running.received(6)) == 6  # the question has cost nothing, not even what is too large for us
        facts = running.row["facts"]
        assert (facts["protocol"], facts["shared_available"], facts["maximum_packet_bytes"]) == ("3.1.1", True, 70_000)
        assert facts["session_kept"] is True


def test_a_source_that_insists_on_mqtt_5_says_why_it_does_not_get_in(broker: Broker, tmp_path: Path) -> None:
    server = broker()
    with (
        old_broker(server.port, REFUSED_VERSION) as port,
        running_source(tmp_path, target_at(port, protocol="5")) as running,
    ):
        until(lambda: running.row["state"] == "old_protocol")
        assert "does not speak our version" in running.row["error"]


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory, program: Callable[[str], str]) -> Authority:
    return Authority(tmp_path_factory.mktemp("papers") / "plant", program("openssl"))


def tls_broker(broker: Broker, papers: Authority, name: str, more: str = "") -> Mosquitto:
    port = free_port()
    certificate, key = papers.issue(name, "127.0.0.1")
    files = f"cafile {papers.ca}\ncertfile {certificate}\nkeyfile {key}\n"
    return broker(f"listener {port} 127.0.0.1\nallow_anonymous true\n{files}{more}", port=port)


@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
def test_tls_with_a_client_certificate_carries_large_and_many_messages(
    broker: Broker, tmp_path: Path, papers: Authority, protocol: str
) -> None:
    server = tls_broker(
        broker, papers, f"server-{protocol}", "require_certificate true\nuse_identity_as_username true\n"
    )
    certificate, key = papers.issue(f"forewarn-{protocol}", "forewarn")
    tls = Tls(papers.ca, certificate, key)
    target = target_at(server.port, tls=tls, protocol=protocol)
    with running_source(tmp_path, target) as running:
        running.listening()
        large = [b"%d" % i + bytes(65_536) for i in range(40)]
        published(server.port, [*large, *numbers(500)], tls=tls.context())
        assert running.received(540) == [*large, *numbers(500)]
        assert running.row["facts"]["tls"] is True


# paho leaves the socket of a failed handshake to the garbage collector
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_certificate_of_strangers_is_refused_and_named(
    broker: Broker, tmp_path: Path, papers: Authority, program: Callable[[str], str]
) -> None:
    server = tls_broker(broker, papers, "server-s")
    stranger = Authority(tmp_path / "stranger", program("openssl"))
    with running_source(tmp_path, target_at(server.port, tls=Tls(stranger.ca))) as running:
        until(lambda: running.row["state"] == "refused")
        assert "certificate verify failed" in running.row["error"]


def test_a_file_that_is_no_certificate_is_named_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match=r"nowhere\.pem"):
        Tls(tmp_path / "nowhere.pem").context()


def test_a_sparkplug_reader_reads_its_own_state_once() -> None:
    assert with_state(target_at(0, filters=["#"]), "forewarn").filters == ["#"]
    wanted = ["spBv1.0/a/#", "spBv1.0/STATE/forewarn"]
    assert with_state(target_at(0, filters=["spBv1.0/a/#"]), "forewarn").filters == wanted
