"""Waveforms that arrive in pieces, put together before they count: the desk of the format "chunked".

A chunk lies in the journal, fsynced, before it is acknowledged; so its acknowledgement need not wait for the rest of
the measurement, and a sender with a window of twenty messages can send a measurement of a hundred. What is open here is
remembered in the store together with its position in the journal: after a crash the chunks that came before it are
taken from there, the others from the journal again, and the result is the same.

A measurement counts once for each of its signals: as a waveform when its last piece is there, or as a refusal when it
cannot be read, when too much is open at the same time, or when no piece came for `timeout_s` of its template
(`incomplete_transfer`, which says what is missing). After that it is remembered as done for as long again, so that a
piece sent twice does not open it anew.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import msgspec
import numpy as np

from forewarn.core.errors import Rejected
from forewarn.ingest.delivery import Frame
from forewarn.ingest.desk import Command, Taken
from forewarn.ingest.formats.chunks import FIELD, Chunk, ChunkTemplate, Message, id_of, read_chunk
from forewarn.ingest.formats.json_strict import parse
from forewarn.ingest.formats.result import Decoded, shown
from forewarn.ingest.formats.unpack import unpacked
from forewarn.ingest.formats.waveform_block import Block, check_samples, waveform_of
from forewarn.ingest.topics import Binding, SignalBinding, TopicTable

MEMORY_PREFIX = "chunked/"
MAX_CLOSED = 4096
_SHOWN_MISSING = 8
_UNTIL = struct.Struct("<q")

Key = tuple[str, ...]
"""Topic, id of the measurement, axis."""


class Limits(NamedTuple):
    """What may be open: measurements and bytes of samples of one device, and bytes of all devices together."""

    transfers: int = 64
    device_bytes: int = 32 * 1024 * 1024
    total_bytes: int = 128 * 1024 * 1024


@dataclass(slots=True, eq=False)
class _Transfer:
    """A measurement of which something is still missing. `chunks` go by their number; `newest` is the frame of the
    newest one, `size` the bytes of all samples, `total` how many pieces there are, as far as that is known."""

    template: ChunkTemplate
    device: str
    signals: tuple[SignalBinding, ...] = ()
    chunks: dict[int, Chunk] = field(default_factory=dict)
    newest: tuple[int, int, Frame] | None = None
    size: int = 0
    total: int | None = None

    def add(self, frame: Frame, chunk: Chunk) -> None:
        """One more piece. Raises Rejected `chunk_mismatch` when it contradicts the others, and changes nothing then."""
        total = self.total
        ends_early = chunk.is_last and any(index > chunk.index for index in self.chunks)
        contradicts = total is not None and (chunk.total not in (None, total) or chunk.index >= total)
        if contradicts or ends_early or (total is not None and chunk.is_last):
            raise Rejected(
                "chunk_mismatch",
                f"piece {chunk.index + self.template.first} of {chunk.total or total}, others say {total}",
            )
        self.chunks[chunk.index] = chunk
        self.size += sum(samples.nbytes for samples in chunk.samples.values())
        self.total = chunk.index + 1 if chunk.is_last else total if chunk.total is None else chunk.total
        moment = (frame.received_at_us, chunk.index, frame)
        self.newest = moment if self.newest is None else max(self.newest, moment)

    @property
    def deadline_us(self) -> int:
        """When it is given up: a pause of `timeout_s` after the newest piece."""
        newest_us = 0 if self.newest is None else self.newest[0]
        return newest_us + round(self.template.timeout_s * 1e6)

    def missing(self) -> str:
        """What a refusal says."""
        if self.total is None:
            return f"{len(self.chunks)} pieces and no last one"
        absent = [index + self.template.first for index in range(self.total) if index not in self.chunks]
        names = ", ".join(map(str, absent[:_SHOWN_MISSING])) + (" ..." if len(absent) > _SHOWN_MISSING else "")
        return f"{len(absent)} of {self.total} pieces are missing: {names}"


class ChunkDesk:
    """Puts measurements together; see `ingest.desk.Desk`.

    `templates` by name; a topic names its own (`SignalSpec.template`). Refuses (ValueError) a topic without one, or
    with several signals and a template that cannot tell them apart.
    """

    kinds = frozenset({"chunked"})
    prefix = ""

    def __init__(
        self, topics: TopicTable, templates: Mapping[str, ChunkTemplate], limits: Limits | None = None
    ) -> None:
        self._limits = limits or Limits()
        self._topics = {b.topic: (b, _template_of(b, templates)) for b in topics.bindings if b.kind in self.kinds}
        self._open: dict[Key, _Transfer] = {}
        self._closed: dict[Key, int] = {}
        self._changed: dict[str, bytes | None] = {}
        self._ready: list[Taken] = []

    # ---- frames

    def take(self, frame: Frame, now_us: int) -> Sequence[Taken]:
        """What this piece completes, or gives up. Never raises for what a frame contains."""
        self._give_up(frame.received_at_us)
        template = self._topics[frame.topic][1]
        try:
            message = _message_of(frame.payload)
            key = (frame.topic, *id_of(message, template))
        except Rejected as error:  # nobody can say which measurement it belongs to: it counts one for itself
            self._ready.append(Taken(frame, Decoded(refused=[(error.reason, error.detail)])))
            return self._taken()
        if key not in self._closed:
            self._take_piece(key, frame, message, now_us)
        return self._taken()

    def read_again(self, frame: Frame, now_us: int) -> Taken:
        """See `ingest.desk.Desk`: only a measurement of one piece can be read by itself; `incomplete_transfer` else."""
        binding, template = self._topics[frame.topic]
        message = _message_of(frame.payload)
        key = (frame.topic, *id_of(message, template))
        transfer = _Transfer(template, frame.client, _signals_of(key, binding, template))
        transfer.add(frame, read_chunk(message, template, [signal.field for signal in transfer.signals], now_us))
        if transfer.total != 1:
            detail = "a piece cannot be read again without the others: the sender has to send all of them once more"
            raise Rejected("incomplete_transfer", detail)
        return Taken(frame, _decoded(transfer, frame, now_us))

    def _take_piece(self, key: Key, frame: Frame, message: Message, now_us: int) -> None:
        binding, template = self._topics[frame.topic]
        transfer = self._open.get(key) or _Transfer(template, frame.client)
        try:
            transfer.signals = _signals_of(key, binding, template)
            chunk = read_chunk(message, template, [signal.field for signal in transfer.signals], now_us)
            if chunk.index in transfer.chunks:
                return
            transfer.add(frame, chunk)
            self._open[key] = transfer
            self._check_limits(frame.client)
        except Rejected as error:
            self._refuse(key, transfer, frame, error, frame.received_at_us)
            return
        self._changed[_row(key, chunk.index)] = msgspec.msgpack.encode(frame)
        if transfer.total == len(transfer.chunks):
            self._finish(key, transfer, frame, now_us)

    def _check_limits(self, device: str) -> None:
        mine = [transfer.size for transfer in self._open.values() if transfer.device == device]
        everything = sum(transfer.size for transfer in self._open.values())
        used = Limits(len(mine), sum(mine), everything)
        if any(one > limit for one, limit in zip(used, self._limits, strict=True)):
            detail = f"{shown(device)} has {len(mine)} measurements of {sum(mine)} bytes open, all have {everything}"
            raise Rejected("too_many_transfers", f"{detail}; the limits are {', '.join(map(str, self._limits))}")

    def _finish(self, key: Key, transfer: _Transfer, frame: Frame, now_us: int) -> None:
        """All pieces are there."""
        self._ready.append(Taken(frame, _decoded(transfer, frame, now_us)))
        self._close(key, transfer, frame.received_at_us)

    # ---- what is given up

    def due(self, now_us: int) -> Sequence[Taken]:
        """Refusals of measurements for which no piece came for too long."""
        self._give_up(now_us)
        return self._taken()

    @property
    def wakes_at_us(self) -> int | None:
        """When the first open measurement is given up."""
        return min((transfer.deadline_us for transfer in self._open.values()), default=None)

    def _give_up(self, now_us: int) -> None:
        for key in [key for key, until_us in self._closed.items() if until_us <= now_us]:
            self._forget(key)
        late = [(transfer.deadline_us, key) for key, transfer in self._open.items() if transfer.deadline_us <= now_us]
        for deadline_us, key in sorted(late):
            transfer = self._open[key]
            if transfer.newest is not None:
                detail = f"measurement {shown('/'.join(key[1:]))}: {transfer.missing()}"
                self._refuse(key, transfer, transfer.newest[2], Rejected("incomplete_transfer", detail), deadline_us)

    def _refuse(self, key: Key, transfer: _Transfer, frame: Frame, error: Rejected, at_us: int) -> None:
        """One refusal for each signal that the measurement would have fed, and at least one."""
        decoded = Decoded(refused=[(error.reason, error.detail)] * max(1, len(transfer.signals)))
        self._ready.append(Taken(frame, decoded))
        self._close(key, transfer, at_us)

    def _close(self, key: Key, transfer: _Transfer, at_us: int) -> None:
        self._open.pop(key, None)
        for index in transfer.chunks:
            self._changed[_row(key, index)] = None
        if len(self._closed) >= MAX_CLOSED:
            self._forget(min(self._closed, key=lambda each: (self._closed[each], each)))
        until_us = at_us + round(transfer.template.timeout_s * 1e6)
        self._closed[key] = until_us
        self._changed[_row(key)] = _UNTIL.pack(until_us) + msgspec.json.encode(key)

    def _forget(self, key: Key) -> None:
        del self._closed[key]
        self._changed[_row(key)] = None

    def _taken(self) -> Sequence[Taken]:
        ready, self._ready = self._ready, []
        return ready

    # ---- memory

    def commands(self) -> list[Command]:
        """None: nobody is asked to send again."""
        return []

    def changed(self) -> Mapping[str, bytes | None]:
        """A row for each open piece, which is its frame, and one for each closed measurement."""
        changed, self._changed = self._changed, {}
        return changed

    def restore(self, memory: Mapping[str, bytes]) -> None:
        """Go on from remembered rows. What the plant file no longer reads is forgotten."""
        for name, row in memory.items():
            if not name.startswith(MEMORY_PREFIX):
                continue
            if "/" not in name.removeprefix(MEMORY_PREFIX):
                (until_us,) = _UNTIL.unpack_from(row)
                self._closed[msgspec.json.decode(row[_UNTIL.size :], type=Key)] = until_us
            elif not self._put_back(msgspec.msgpack.decode(row, type=Frame)):
                self._changed[name] = None

    def _put_back(self, frame: Frame) -> bool:
        """A remembered piece; False when it fits no topic of today."""
        if frame.topic not in self._topics:
            return False
        binding, template = self._topics[frame.topic]
        try:
            message = _message_of(frame.payload)
            key = (frame.topic, *id_of(message, template))
            transfer = self._open.get(key) or _Transfer(template, frame.client)
            transfer.signals = _signals_of(key, binding, template)
            names = [signal.field for signal in transfer.signals]
            transfer.add(frame, read_chunk(message, template, names, frame.received_at_us))
        except Rejected:
            return False
        self._open[key] = transfer
        return True


def _template_of(binding: Binding, templates: Mapping[str, ChunkTemplate]) -> ChunkTemplate:
    template = templates.get(binding.template or "")
    if template is None:
        raise ValueError(f"topic {binding.topic}: no chunk template {binding.template}, there are {sorted(templates)}")
    if len(binding.fields) > 1 and template.axis is None and FIELD not in template.samples:
        raise ValueError(f"topic {binding.topic}: the template {template.name} cannot tell its signals apart")
    if binding.time_field is None:
        return template
    return replace(template, time=binding.time_field, time_unit=binding.time_unit)


def _signals_of(key: Key, binding: Binding, template: ChunkTemplate) -> tuple[SignalBinding, ...]:
    """The signals that a measurement feeds: the one of its axis, or all of its topic."""
    if template.axis is None:
        return tuple(binding.fields.values())
    signal = binding.fields.get(key[-1])
    if signal is None:
        raise Rejected("unknown_field", f"the plant file names no field {shown(key[-1])} here")
    return (signal,)


def _message_of(payload: bytes) -> Message:
    found = parse(unpacked(payload))
    if not isinstance(found, dict):
        raise Rejected("wrong_format", "the format here is chunked: one JSON object for each piece, not an array")
    return found


def _decoded(transfer: _Transfer, frame: Frame, now_us: int) -> Decoded:
    """Of a whole measurement: one waveform for each signal, or a refusal for it."""
    decoded = Decoded()
    for signal in transfer.signals:
        try:
            block = _block_of(transfer, signal.field)
            decoded.waveforms.append(waveform_of(block, signal, frame.received_at_us, now_us))
        except Rejected as error:
            decoded.refused.append((error.reason, error.detail))
    return decoded


def _block_of(transfer: _Transfer, name: str) -> Block:
    """The samples of one axis in order, with what the lowest piece says of time, rate and unit."""
    chunks = [transfer.chunks[place] for place in sorted(transfer.chunks)]
    rate_hz = next((chunk.rate_hz for chunk in chunks if chunk.rate_hz is not None), None)
    if rate_hz is None:
        raise Rejected("missing_value", "no piece of the measurement has a sample rate")
    at_us = next((chunk.at_us for chunk in chunks if chunk.at_us is not None), 0)
    unit = next((chunk.unit for chunk in chunks if chunk.unit is not None), "")
    block = Block(at_us, rate_hz, np.concatenate([chunk.samples[name] for chunk in chunks]), unit)
    check_samples(block)
    return block


def _row(key: Key, index: int | None = None) -> str:
    digest = hashlib.blake2b(msgspec.json.encode(key), digest_size=12).hexdigest()
    return f"{MEMORY_PREFIX}{digest}" if index is None else f"{MEMORY_PREFIX}{digest}/{index}"
