"""TLS at the front door: who is refused, who is let in under which name, and certificates that change meanwhile."""

from __future__ import annotations

import shutil
import socket
import ssl
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from forewarn.core.errors import Rejected
from forewarn.ingest.door.front_door import FrontDoorSettings
from forewarn.ingest.door.rights import OWN_SUBTREE, RuleBook
from forewarn.ingest.door.tls import TlsContexts, TlsFiles
from tests.ingest.certificates import Authority
from tests.ingest.mqtt_client import (
    HANG_GUARD_S,
    VERSIONS,
    RawClient,
    connect_packet,
    paho_client,
    publish_packet,
)
from tests.ingest.running_door import RunningDoor, running_door

LONG_AGO = ("200101000000Z", "200201000000Z")
Pair = tuple[Path, Path]


@dataclass(frozen=True)
class Papers:
    """What the tests need, made once."""

    authority: Authority
    server: Pair
    renewed: Pair
    press: Pair
    expired: Pair
    revoked: Pair
    wide_name: Pair
    self_signed: Pair
    stranger: Pair


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory, program: Callable[[str], str]) -> Papers:
    folder, openssl = tmp_path_factory.mktemp("papers"), program("openssl")
    plant, other = Authority(folder / "plant", openssl), Authority(folder / "other", openssl)
    revoked = plant.issue("revoked", "revoked")
    plant.revoke(revoked[0])
    return Papers(
        authority=plant,
        server=plant.issue("server", "127.0.0.1"),
        renewed=plant.issue("renewed", "127.0.0.1"),
        press=plant.issue("press", "press"),
        expired=plant.issue("expired", "press", LONG_AGO),
        revoked=revoked,
        wide_name=plant.issue("wide", "#"),
        self_signed=plant.self_signed("self"),
        stranger=other.issue("stranger", "press"),
    )


@pytest.fixture
def files(papers: Papers) -> TlsFiles:
    return TlsFiles(*papers.server, client_ca=papers.authority.ca, revoked=papers.authority.crl)


@contextmanager
def door(folder: Path, files: TlsFiles, **others: object) -> Iterator[RunningDoor]:
    with running_door(folder, replace(FrontDoorSettings(port=0, tls=files), **others)) as running:  # type: ignore[arg-type]
        yield running


class TlsClient(RawClient):
    """`RawClient` behind a TLS handshake."""

    def __init__(
        self, port: int, authority: Path, own: Pair | None = None, newest: ssl.TLSVersion | None = None
    ) -> None:
        context = ssl.create_default_context(cafile=authority)
        if own is not None:
            context.load_cert_chain(*own)
        if newest is not None:
            context.set_ciphers("DEFAULT@SECLEVEL=0")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                context.minimum_version = ssl.TLSVersion.TLSv1
                context.maximum_version = newest
        plain = socket.create_connection(("127.0.0.1", port), timeout=HANG_GUARD_S)
        try:
            super().__init__(port, context.wrap_socket(plain, server_hostname="127.0.0.1"))
        except BaseException:
            plain.close()
            raise

    @property
    def server_serial(self) -> object:
        """Which certificate the server showed."""
        assert isinstance(self.socket, ssl.SSLSocket)
        shown = self.socket.getpeercert()
        return shown and shown["serialNumber"]


def answer(port: int, authority: Path, own: Pair | None, connect: bytes) -> int | None:
    """The code of the CONNACK; None when the connection ends without one."""
    try:
        with TlsClient(port, authority, own) as client:
            client.send(connect)
            connack = client.read()
            return None if connack is None else connack[1][1]
    except OSError:  # the alert of a refused certificate
        return None


@VERSIONS
def test_a_client_behind_tls_gets_its_acknowledgements(tmp_path: Path, papers: Papers, version: int) -> None:
    with door(tmp_path, TlsFiles(*papers.server)) as running:
        with TlsClient(running.port, papers.authority.ca) as client:
            client.send(connect_packet(version) + publish_packet(version, "t", b"hasty", 1))
            connack = client.read()
            assert connack is not None
            assert connack[1][:2] == b"\0\0"
            assert client.acked_ids(1) == [1]
        assert running.log.payloads() == [b"hasty"]


def test_a_connect_in_one_piece_with_the_end_of_the_handshake_is_not_lost(tmp_path: Path, papers: Papers) -> None:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context(cafile=papers.authority.ca)
    client = context.wrap_bio(incoming, outgoing, server_hostname="127.0.0.1")

    def do(step: Callable[[], object]) -> object:
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                if outgoing.pending:
                    peer.sendall(outgoing.read())
                incoming.write(peer.recv(65_536))

    with door(tmp_path, TlsFiles(*papers.server)) as running:
        peer = socket.create_connection(("127.0.0.1", running.port), timeout=HANG_GUARD_S)
        do(client.do_handshake)  # its last flight is not sent yet
        client.write(connect_packet() + publish_packet(4, "t", b"hasty", 1))
        assert do(lambda: client.read(4)) == b"\x20\x02\0\0"
        assert do(lambda: client.read(4)) == b"\x40\x02\0\x01"
        peer.close()


def test_paho_publishes_a_megabyte_through_tls(tmp_path: Path, papers: Papers) -> None:
    with door(tmp_path, TlsFiles(*papers.server)) as running:
        client = paho_client(4)
        client.tls_set(ca_certs=str(papers.authority.ca))
        client.connect("127.0.0.1", running.port)
        client.loop_start()
        client.publish("t", bytes(1_000_000), 1).wait_for_publish()
        client.disconnect()
        client.loop_stop()
        assert [len(frame.payload) for frame in running.log.frames] == [1_000_000]


@pytest.mark.parametrize("own", ["none", "expired", "self_signed", "stranger", "revoked"])
def test_a_client_without_a_good_certificate_is_refused_and_the_door_goes_on(
    tmp_path: Path, papers: Papers, files: TlsFiles, own: str
) -> None:
    pair = None if own == "none" else getattr(papers, own)
    with door(tmp_path, replace(files, require_client_certificate=True)) as running:
        assert answer(running.port, papers.authority.ca, pair, connect_packet()) is None
        assert answer(running.port, papers.authority.ca, papers.press, connect_packet()) == 0
        assert running.door.counters.refused == {"tls_handshake": 1}


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_old_versions_of_tls_are_refused(tmp_path: Path, papers: Papers, version: ssl.TLSVersion) -> None:
    with door(tmp_path, TlsFiles(*papers.server)) as running:
        with pytest.raises(ssl.SSLError):
            TlsClient(running.port, papers.authority.ca, newest=version)
        assert answer(running.port, papers.authority.ca, None, connect_packet()) == 0
        assert running.door.counters.refused == {"tls_handshake": 1}


def test_tls_1_2_is_still_spoken(tmp_path: Path, papers: Papers) -> None:
    with (
        door(tmp_path, TlsFiles(*papers.server)) as running,
        TlsClient(running.port, papers.authority.ca, newest=ssl.TLSVersion.TLSv1_2) as client,
    ):
        assert isinstance(client.socket, ssl.SSLSocket)
        assert client.socket.version() == "TLSv1.2"


@pytest.mark.parametrize("first", [connect_packet(), b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\x05hello", b""])
def test_plain_bytes_on_the_tls_port_are_refused_and_the_door_goes_on(
    tmp_path: Path, papers: Papers, first: bytes
) -> None:
    with door(tmp_path, TlsFiles(*papers.server), connect_timeout_s=0.2) as running:
        with RawClient(running.port) as plain:
            plain.send(first)
            plain.socket.settimeout(HANG_GUARD_S)
            while plain.socket.recv(100):
                pass
        assert answer(running.port, papers.authority.ca, None, connect_packet()) == 0
        assert running.door.counters.refused == {"tls_handshake": 1}


def test_peers_that_begin_no_handshake_cannot_keep_a_device_out(tmp_path: Path, papers: Papers) -> None:
    settings = {"strangers_maximum": 5, "strangers_patience_s": 0.0, "connect_timeout_s": 60.0}
    with door(tmp_path, TlsFiles(*papers.server), **settings) as running:
        mute = [RawClient(running.port) for _ in range(20)]
        assert answer(running.port, papers.authority.ca, None, connect_packet()) == 0
        assert running.door.counters.refused == {"stranger_cut": 16}
        mute[0].socket.close()
        assert mute[1].socket.recv(1) == b""
        for peer in mute:
            peer.socket.close()


def test_a_door_that_stops_does_not_wait_for_a_mute_tls_peer(tmp_path: Path, papers: Papers) -> None:
    with (
        door(tmp_path, TlsFiles(*papers.server), stop_timeout_s=60.0) as running,
        TlsClient(running.port, papers.authority.ca) as client,
    ):
        client.send(connect_packet())
        assert client.read() == (0x20, b"\0\0")
        running.call(running.door.stop())
        assert len(running.door._sockets) == 0


def test_a_client_refuses_a_server_of_another_authority(tmp_path: Path, papers: Papers) -> None:
    with door(tmp_path, TlsFiles(*papers.self_signed)) as running:
        with pytest.raises(ssl.SSLCertVerificationError):
            TlsClient(running.port, papers.authority.ca)
        assert running.door.counters.connections == 0


@pytest.mark.parametrize(("identity", "own_topic"), [("common_name", "press/oil"), ("dns", "press.plant/oil")])
def test_a_certificate_is_the_login_and_its_name_the_user(
    tmp_path: Path, papers: Papers, files: TlsFiles, identity: str, own_topic: str
) -> None:
    named = replace(files, identity=identity)  # type: ignore[arg-type]  # the parameters are its values
    with (
        door(tmp_path, named, rights=RuleBook(OWN_SUBTREE), users={"pump": lambda given: False}) as running,
        TlsClient(running.port, papers.authority.ca, papers.press) as client,
    ):
        client.send(
            connect_packet(5, "any") + publish_packet(5, own_topic, b"x", 1) + publish_packet(5, "pump/oil", b"x", 2)
        )
        connack = client.read()
        assert connack is not None
        assert connack[1][:2] == b"\0\0"
        assert client.acked_ids(1) == [1]
        assert client.read() == (0x40, b"\0\x02\x87")


def test_a_certificate_and_another_user_name_contradict_one_another(
    tmp_path: Path, papers: Papers, files: TlsFiles
) -> None:
    with door(tmp_path, files, users={"pump": lambda given: given == b"water"}) as running:
        ask = [("press", 0), ("pump", 0x86)]
        for user, code in ask:
            connect = connect_packet(5, user=user, password=b"water")
            assert answer(running.port, papers.authority.ca, papers.press, connect) == code
        without_certificate = connect_packet(5, user="pump", password=b"water")
        assert answer(running.port, papers.authority.ca, None, without_certificate) == 0
        assert answer(running.port, papers.authority.ca, None, connect_packet(5)) == 0x87


def test_a_certificate_whose_name_would_widen_a_pattern_is_refused(
    tmp_path: Path, papers: Papers, files: TlsFiles
) -> None:
    with door(tmp_path, files) as running:
        assert answer(running.port, papers.authority.ca, papers.wide_name, connect_packet(5)) == 0x87


def test_new_certificates_count_for_the_next_client_and_who_is_connected_stays(tmp_path: Path, papers: Papers) -> None:
    live = TlsFiles(tmp_path / "server.pem", tmp_path / "server.key")
    put(live, papers.server)
    with (
        door(tmp_path, live) as running,
        TlsClient(running.port, papers.authority.ca) as older,
    ):
        older.send(connect_packet(client_id="older"))
        assert older.read() == (0x20, b"\0\0")
        shutil.copy(papers.renewed[0], live.certificate)  # its key is not there yet
        with TlsClient(running.port, papers.authority.ca) as between:
            assert between.server_serial == older.server_serial
        put(live, papers.renewed)
        with TlsClient(running.port, papers.authority.ca) as newer:
            assert newer.server_serial != older.server_serial
        older.send(publish_packet(4, "t", b"still here", 1))
        assert older.acked_ids(1) == [1]


def test_a_certificate_that_is_revoked_later_opens_no_new_connection(
    tmp_path: Path, papers: Papers, files: TlsFiles
) -> None:
    live = tmp_path / "live.crl"
    shutil.copy(papers.authority.crl, live)
    soon_gone = papers.authority.issue("soon-gone", "soon-gone")
    with door(tmp_path, replace(files, revoked=live)) as running:
        assert answer(running.port, papers.authority.ca, soon_gone, connect_packet()) == 0
        papers.authority.revoke(soon_gone[0])
        shutil.copy(papers.authority.crl, live)
        assert answer(running.port, papers.authority.ca, soon_gone, connect_packet()) is None


def test_files_that_cannot_be_used_stop_the_start(tmp_path: Path, papers: Papers) -> None:
    for certificate, key in [(papers.server[0], papers.press[1]), (tmp_path / "missing", papers.server[1])]:
        with pytest.raises(Rejected, match="tls"):
            TlsContexts(TlsFiles(certificate, key), print)


def put(files: TlsFiles, pair: Pair) -> None:
    """As a renewal does: write beside, then rename."""
    for target, source in zip((files.certificate, files.key), pair, strict=True):
        beside = target.with_suffix(".new")
        shutil.copy(source, beside)
        beside.replace(target)
