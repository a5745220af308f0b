"""The oracles of the harness, tried on small cases whose answer is known."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from forewarn.core.ports import Refusal
from forewarn.core.telemetry import Gap
from forewarn.ingest.delivery import Frame
from forewarn.ingest.journal_records import encode_record
from tests.chaos.ledger import Ledger, Orders, read_ledger
from tests.chaos.mosquitto import Delivered, ids_in
from tests.chaos.poison import POISONS, misplaced
from tests.chaos.proxy import is_message, packets_of
from tests.chaos.strace import honesty_of

JOURNAL = "7</state/journal/segment-00000000000000000000.journal>"


def escaped(data: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in data)


def wrote(frames: int) -> str:
    record = encode_record(0, [Frame(1, 1, "gw", "t", b"1")] * frames)
    return f'11 write({JOURNAL}, "{escaped(record[:32])}"..., {len(record)}) = {len(record)}'


def acked(messages: int) -> str:
    return (
        f'10 sendto(9<socket:[1]>, "{escaped(bytes([0x40, 2, 0, 1]))}"..., {4 * messages}, 0, NULL, 0) = {4 * messages}'
    )


SYNC_BEGINS, SYNC_ENDS = f"11 fdatasync({JOURNAL} <unfinished ...>", "11 <... fdatasync resumed>) = 0"


def honesty(folder: Path, *lines: str) -> tuple[int, int, int]:
    trace = folder / "trace"
    trace.write_text("\n".join(lines) + "\n")
    return honesty_of(trace)


def test_an_acknowledgement_after_its_fsync_is_honest(tmp_path: Path) -> None:
    assert honesty(tmp_path, wrote(3), SYNC_BEGINS, SYNC_ENDS, acked(3)) == (0, 3, 3)


def test_an_acknowledgement_while_the_fsync_is_under_way_is_not(tmp_path: Path) -> None:
    assert honesty(tmp_path, wrote(3), SYNC_BEGINS, acked(2), SYNC_ENDS) == (2, 2, 3)


def test_a_failed_fsync_makes_nothing_durable(tmp_path: Path) -> None:
    failed = SYNC_ENDS.replace("= 0", "= -1 EIO (Input/output error) (INJECTED)")
    assert honesty(tmp_path, wrote(3), SYNC_BEGINS, failed, acked(1)) == (1, 1, 0)


def test_what_else_leaves_by_sockets_is_no_acknowledgement(tmp_path: Path) -> None:
    wake_up = '11 sendto(5<socket:[2]>, "\\x00", 1, 0, NULL, 0) = 1'
    assert honesty(tmp_path, wake_up, wrote(1), SYNC_BEGINS, SYNC_ENDS) == (0, 0, 1)


def publish(payload: bytes, packet_id: int = 1) -> bytes:
    body = b"\x00\x01t" + packet_id.to_bytes(2) + payload
    length = bytes([len(body)]) if len(body) < 128 else bytes([len(body) & 0x7F | 0x80, len(body) >> 7])
    return b"\x32" + length + body


@given(st.lists(st.binary(max_size=300), max_size=8), st.integers(1, 50))
def test_packets_are_found_however_the_stream_is_cut(payloads: list[bytes], size: int) -> None:
    stream, buffer, found = b"".join(map(publish, payloads)), bytearray(), list[bytes]()
    for at in range(0, len(stream), size):
        buffer += stream[at : at + size]
        found += packets_of(buffer)
    assert found == [publish(payload) for payload in payloads]
    assert all(map(is_message, found))


def test_a_tap_notes_what_was_handed_over_and_acknowledged_on_the_same_connection() -> None:
    delivered = Delivered()
    one, other = delivered.tap(), delivered.tap()
    one.down(publish(b'{"value":41,"ts":1}', packet_id=7))
    other.up(b"\x40\x02\x00\x07")
    assert delivered.acked == set()
    one.up(b"\x40\x02\x00\x07")
    assert delivered.acked == {41}


def test_gaps_stand_for_the_ids_of_their_topic() -> None:
    gaps = [Gap("ledger/n3", "b", 2, 3, 0), Gap("ledger/n0", "b", 10, 10, 0)]
    assert ids_in(gaps, topics=8) == {19, 27, 80}


def test_the_publisher_numbers_each_topic_without_holes() -> None:
    orders = Orders("ledger", 1883, ("a", "b"), start_ms=1000, numbered=True, step_ms=10)
    assert orders.message(5) == ("b", b'{"value":5,"ts":1050,"seq":2,"boot":"1000-0"}')


def test_a_ledger_line_that_was_cut_short_counts_for_nothing(tmp_path: Path) -> None:
    file = tmp_path / "ledger"
    file.write_text("s 1\ns 2\nx 3\na 1\ny 3\na 2")
    assert read_ledger(file) == Ledger({1, 2}, {1}, {3}, {3})


def test_every_poison_is_found_again_in_quarantine_by_its_id() -> None:
    orders = Orders("ledger", 1883, ("a",), start_ms=1000, bad_every=1, poisons=POISONS)
    rows = [Refusal(0, "gw", *orders.message(i)[:1], "bad", "", orders.message(i)[1]) for i in range(len(POISONS))]
    everything = Ledger(bad_acked=set(range(len(POISONS))))
    assert not any(misplaced(everything, rows).values())
    assert misplaced(everything, rows[1:])["bad_not_quarantined"] == 1
    assert misplaced(everything, [*rows, rows[0]])["bad_quarantined_twice"] == 1
