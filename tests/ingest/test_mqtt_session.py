"""What one read of a connection becomes, without a socket."""

from forewarn.ingest.door.rights import RuleBook
from forewarn.ingest.door.session import Session, SessionLimits
from tests.ingest.mqtt_client import connect_packet, publish_packet

ARRIVAL_US = 1_700_000_000_000_000


def open_session() -> Session:
    session = Session(SessionLimits(1 << 20, 100, 600), RuleBook())
    session.receive(connect_packet(4, "press-1"), ARRIVAL_US)
    session.admit("press-1", "press-1", False, ARRIVAL_US)
    return session


def test_messages_of_one_read_arrive_at_different_microseconds() -> None:
    """Readings without a time are stamped on arrival: two of one signal must not share an identity."""
    hasty = b"".join(publish_packet(4, "t/a", b"%d" % i, packet_id=i) for i in range(1, 5))
    frames = open_session().receive(hasty, ARRIVAL_US).frames
    assert [f.received_at_us - ARRIVAL_US for f in frames] == [0, 1, 2, 3]
