"""Which numbered messages are missing: a gap tracker per sender. Pure, bounded, and the same again after a restart.

What a sender counts by (the device it names, else the topic) is a stream. A stream runs in epochs: a new boot id, a
counter that wrapped and a counter that began again each begin one. Inside an epoch every number between the first and
the newest one was either seen or lies in an open gap; what came before the first number heard of is not known, and
nothing is claimed about it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec
import structlog

from forewarn.core.telemetry import Gap

MAX_STREAMS = 8_192
MAX_EPOCHS = 4  # of a stream: how many boots back a late message still finds its gap
MAX_OPEN_GAPS = 256  # of an epoch that late messages can still close
MAX_SEQUENCE = 2**63 - 1
FAR_BACK = 10_000  # further back than this no network reorders
NEAR_BACK = 64  # with the device's own clock as a witness, this is far
WRAPS_AT = (1 << 8, 1 << 16, 1 << 32)
PREFIX = "seq:"
"""Begin of the keys of remembered rows."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Epoch:
    """One run of a counter. `at_us` are device times, None when the sender gives none; `gaps` ascend.

    `wraps_at` is known once the counter was seen to pass its end. `lost_sight_of` is the begin of the oldest open gap
    that is no longer tracked, because there were too many: it stays in the book as missing, but a late message will not
    close it.
    """

    boot: str
    label: str
    start: int
    newest: int
    began_at_us: int | None
    newest_at_us: int | None
    gaps: list[Gap] = field(default_factory=list)
    lost_sight_of: int | None = None
    wraps_at: int | None = None

    @property
    def contiguous(self) -> int:
        """The number up to which nothing is missing since the epoch began; -1: not even 0 has come."""
        first = self.lost_sight_of
        if first is None:
            return self.gaps[0].first - 1 if self.gaps else self.newest
        return first - 1

    def gap_of(self, sequence: int) -> int:
        """Index of the open gap that this number lies in, -1: none."""
        index = bisect_right(self.gaps, sequence, key=_first) - 1
        return index if index >= 0 and sequence <= self.gaps[index].last else -1


@dataclass(slots=True)
class Stream:
    """All that is remembered of one sender's counting. `turn` orders the streams by when they were last heard."""

    epochs: list[Epoch]
    restarts: int = 0
    turn: int = 0


class GapTracker:
    """Follows the counters of all senders.

    >>> tracker = GapTracker()
    >>> for number in (1, 2, 5):
    ...     tracker.see("gw-7", "boot-a", number, None, now_us=10)
    >>> opened, closed = tracker.news()
    >>> [(gap.first, gap.last) for gap in opened], list(closed)
    ([(3, 4)], [])
    >>> tracker.see("gw-7", "boot-a", 3, None, now_us=11)
    >>> [[(gap.first, gap.last) for gap in gaps] for gaps in tracker.news()]
    [[(4, 4)], [(3, 4)]]
    """

    def __init__(self, max_streams: int = MAX_STREAMS, max_open_gaps: int = MAX_OPEN_GAPS) -> None:
        self._max_streams, self._max_open_gaps = max_streams, max_open_gaps
        self._streams: OrderedDict[str, Stream] = OrderedDict()
        self._turn = 0
        self._opened: dict[Gap, None] = {}
        self._closed: dict[Gap, None] = {}
        self._changed: dict[str, None] = {}
        self.dropped: list[str] = []  # streams that had to make room, until `changed` is asked

    def __len__(self) -> int:
        return len(self._streams)

    def see(self, stream: str, boot: str, sequence: int, at_us: int | None, now_us: int) -> None:
        """A message arrived. `sequence` lies in 0 to 2^63 - 1, `at_us` is the device's time, if it gave one."""
        known = self._streams.get(stream)
        if known is None:
            known = self._new_stream(stream, Epoch(boot, boot, sequence, sequence, at_us, at_us))
        else:
            self._place(known, stream, boot, sequence, at_us, now_us)
        self._turn += 1
        known.turn = self._turn
        self._streams.move_to_end(stream)
        self._changed[stream] = None

    def _new_stream(self, stream: str, epoch: Epoch) -> Stream:
        if len(self._streams) >= self._max_streams:
            oldest, _ = self._streams.popitem(last=False)
            self.dropped.append(oldest)
            self._changed[oldest] = None
            log.warning("stream_no_longer_followed", stream=oldest, streams=self._max_streams)
        self._streams[stream] = Stream([epoch])
        return self._streams[stream]

    def _place(self, known: Stream, stream: str, boot: str, sequence: int, at_us: int | None, now_us: int) -> None:
        """Find the epoch that a message belongs to, or begin one."""
        current = known.epochs[-1]
        if boot != current.boot:
            older = next((epoch for epoch in reversed(known.epochs) if epoch.boot == boot), None)
            if older is None:
                self._begin(known, boot, boot, sequence, at_us)
            else:
                self._advance(older, stream, sequence, at_us, now_us)
        elif (modulus := _wrapped(current, sequence, at_us)) is not None:
            self._open(current, stream, current.newest + 1, modulus - 1, now_us)
            self._restart(known, stream, boot, 0, at_us)
            known.epochs[-1].newest, known.epochs[-1].wraps_at = -1, modulus  # 0 itself may be missing
            self._advance(known.epochs[-1], stream, sequence, at_us, now_us)
        elif _began_again(current, sequence, at_us):
            self._restart(known, stream, boot, sequence, at_us)
        else:
            older = _older_owner(known.epochs, sequence, at_us)
            self._advance(older or current, stream, sequence, at_us, now_us)

    def _restart(self, known: Stream, stream: str, boot: str, start: int, at_us: int | None) -> None:
        known.restarts += 1
        log.info("sequence_began_again", stream=stream, boot=boot, restarts=known.restarts, at=start)
        self._begin(known, boot, f"{boot}#{known.restarts}", start, at_us)

    def _begin(self, known: Stream, boot: str, label: str, start: int, at_us: int | None) -> None:
        known.epochs.append(Epoch(boot, label, start, start, at_us, at_us))
        del known.epochs[:-MAX_EPOCHS]

    def _advance(self, epoch: Epoch, stream: str, sequence: int, at_us: int | None, now_us: int) -> None:
        """Take a number into its epoch: the next one, one that leaves a gap, or a late one."""
        if sequence > epoch.newest:
            self._open(epoch, stream, epoch.newest + 1, sequence - 1, now_us)
            epoch.newest, epoch.newest_at_us = sequence, at_us
            if _is_newer(epoch.began_at_us, at_us):  # the clock was set back
                epoch.began_at_us = at_us
        elif (index := epoch.gap_of(sequence)) >= 0:
            self._close(epoch, index, sequence)

    def _open(self, epoch: Epoch, stream: str, first: int, last: int, now_us: int) -> None:
        if first > last:
            return
        gap = Gap(stream, epoch.label, first, last, now_us)
        epoch.gaps.append(gap)
        self._opened[gap] = None
        self._keep_few(epoch, stream)

    def _close(self, epoch: Epoch, index: int, sequence: int) -> None:
        gap = epoch.gaps[index]
        ranges = ((gap.first, sequence - 1), (sequence + 1, gap.last))
        left = [Gap(gap.stream, gap.boot, first, last, gap.noticed_at_us) for first, last in ranges if first <= last]
        epoch.gaps[index : index + 1] = left
        if gap in self._opened:
            del self._opened[gap]
        else:
            self._closed[gap] = None
        self._opened.update(dict.fromkeys(left))
        self._keep_few(epoch, gap.stream)

    def _keep_few(self, epoch: Epoch, stream: str) -> None:
        """Bound the memory: the oldest gaps stay in the book as missing, and are no longer watched."""
        while len(epoch.gaps) > self._max_open_gaps:
            oldest = epoch.gaps.pop(0)
            if epoch.lost_sight_of is None:
                log.warning("gaps_no_longer_watched", stream=stream, boot=epoch.label, begin=oldest.first)
                epoch.lost_sight_of = oldest.first

    def mark(self, stream: str) -> tuple[str, int] | None:
        """(label of the current epoch, number up to which nothing is missing) of a stream; None for a stranger."""
        known = self._streams.get(stream)
        return (known.epochs[-1].label, known.epochs[-1].contiguous) if known else None

    def streams(self) -> list[str]:
        """Every stream that is followed, the one longest silent first."""
        return list(self._streams)

    def open_gaps(self) -> list[Gap]:
        """All gaps that late messages can still close."""
        return [gap for known in self._streams.values() for epoch in known.epochs for gap in epoch.gaps]

    def news(self) -> tuple[list[Gap], list[Gap]]:
        """(opened, closed) since the last call; what opened and closed in between is in neither."""
        opened, self._opened = list(self._opened), {}
        closed, self._closed = list(self._closed), {}
        return opened, closed

    def changed(self) -> dict[str, bytes | None]:
        """Rows to remember since the last call; None = forget."""
        changed, self._changed, self.dropped = self._changed, {}, []
        found = {PREFIX + stream: self._streams.get(stream) for stream in changed}
        return {key: _ENCODER.encode(stream) if stream else None for key, stream in found.items()}

    def restore(self, memory: Mapping[str, bytes]) -> None:
        """Go on from remembered rows; rows of others are passed over."""
        rows = [(key.removeprefix(PREFIX), row) for key, row in memory.items() if key.startswith(PREFIX)]
        streams = sorted(((name, _DECODER.decode(row)) for name, row in rows), key=lambda found: found[1].turn)
        self._streams = OrderedDict(streams)
        self._turn = streams[-1][1].turn if streams else 0


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Stream)


def _first(gap: Gap) -> int:
    return gap.first


def _is_newer(at_us: int | None, than_us: int | None) -> bool | None:
    """Was it measured later? None when the sender gives no time."""
    return None if at_us is None or than_us is None else at_us > than_us


def _wrapped(epoch: Epoch, sequence: int, at_us: int | None) -> int | None:
    """The modulus of a counter that passed its end; a few messages may be missing around it. Of a byte's counter, where
    a few are many, only once it was seen to go round without a loss."""
    if sequence >= epoch.newest or _is_newer(at_us, epoch.newest_at_us) is False:
        return None
    for modulus in WRAPS_AT:
        margin = min(FAR_BACK, modulus >> (2 if epoch.wraps_at == modulus else 8))
        if modulus - margin <= epoch.newest < modulus and sequence < margin:
            return modulus
    return None


def _began_again(epoch: Epoch, sequence: int, at_us: int | None) -> bool:
    """Did the counter restart without saying so? A number from long ago in a message that was measured after the newest
    one; without a clock as witness, only a number too far back for any network, and not one that is missing."""
    back = epoch.newest - sequence
    if back < 0:
        return False
    newer = _is_newer(at_us, epoch.newest_at_us)
    if newer is None:
        return back > FAR_BACK and epoch.gap_of(sequence) < 0
    return newer and (sequence <= 1 or back >= NEAR_BACK)


def _older_owner(epochs: list[Epoch], sequence: int, at_us: int | None) -> Epoch | None:
    """The earlier epoch of the same boot from which a message comes late: it was measured before the current began."""
    current = epochs[-1]
    if len(epochs) < 2 or epochs[-2].boot != current.boot or _is_newer(current.began_at_us, at_us) is not True:
        return None
    older = epochs[-2]
    if older.gap_of(sequence) >= 0 and not _is_newer(at_us, older.newest_at_us):
        return older
    is_ahead = current.newest + 1 < sequence <= older.newest + NEAR_BACK  # the very next one is progress
    return older if is_ahead else None
