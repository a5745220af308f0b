"""Metrics -> readings: names from the birth, numbers by their datatype, times, flags. Pure.

What counts as a reading, for the books: a metric whose datatype is a number, or that the plant file names, or that
cannot be told (an alias without a birth). Not the ones that speak of the node itself (`bdSeq`, `Node Control/...`,
`Device Control/...`, `Properties/...`), nor texts and tables that nobody asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from forewarn.core.errors import Rejected
from forewarn.core.readings import Quality
from forewarn.ingest.formats.result import Decoded, shown
from forewarn.ingest.formats.sparkplug_payload import Metric
from forewarn.ingest.formats.sparkplug_types import NUMBERS, DataType, number_of
from forewarn.ingest.formats.times import time_of_ms
from forewarn.ingest.sparkplug.node import Birth, Message
from forewarn.ingest.topics import SignalBinding

BD_SEQ = "bdSeq"
OF_THE_NODE_ITSELF = ("Node Control/", "Device Control/", "Properties/")
GOOD = 192
SWITCHES = frozenset({"run_state", "dimensionless"})
"""Quantities whose readings may be true and false."""


class Context(NamedTuple):
    """What a message is read by. `birth` None: only metrics with their own name and datatype can be told; `why` is the
    reason for refusing the others."""

    fields: Mapping[str, SignalBinding]
    birth: Birth | None
    now_us: int
    why: str = "no_birth"


def decode_metrics(message: Message, context: Context) -> tuple[Decoded, bool]:
    """The readings of a message, and whether every metric could be told by the birth.

    Reasons of single metrics: those of `number_of`, `transient`, `unknown_field`, `unknown_alias`, and
    `timestamp_unit_suspect`; without a birth `context.why`.
    """
    out, all_told = Decoded(), True
    for metric in message.payload.metrics:
        told = _told(metric, context.birth)
        if told is None:
            all_told = False
            out.refused.append(_untold(metric, context))
            continue
        name, datatype = told
        signal = context.fields.get(name)
        if signal is None:
            _take_unknown(name, datatype, metric, out)
        else:
            _take(signal, datatype, metric, message, context.now_us, out)
    return out, all_told


def _told(metric: Metric, birth: Birth | None) -> tuple[str, int | None] | None:
    """Name and datatype; None when they cannot be known."""
    if metric.name is not None:
        if metric.datatype is not None:
            return metric.name, metric.datatype
        if birth is not None and metric.name in birth.datatypes:
            return metric.name, birth.datatypes[metric.name]
        return (metric.name, None) if _is_of_the_node(metric.name) else None
    if birth is None or metric.alias not in birth.by_alias:
        return None
    name, datatype = birth.by_alias[metric.alias]
    return name, datatype if metric.datatype is None else metric.datatype


def _untold(metric: Metric, context: Context) -> tuple[str, str]:
    what = f"alias {metric.alias}" if metric.name is None else shown(metric.name)
    if context.birth is None:
        return context.why, f"{what} cannot be told without a birth"
    return "unknown_alias", f"{what} is not in the birth"


def _is_of_the_node(name: str) -> bool:
    return name == BD_SEQ or name.startswith(OF_THE_NODE_ITSELF)


def _take_unknown(name: str, datatype: int | None, metric: Metric, out: Decoded) -> None:
    if _is_of_the_node(name) or datatype not in NUMBERS:
        return
    out.refused.append(("unknown_field", f"{shown(name)} is not in the plant file"))
    try:
        out.unknown.append((name, number_of(metric, datatype)))
    except Rejected:  # null, or nonsense: no candidate for adoption, and refused already
        return


def _take(
    signal: SignalBinding, datatype: int | None, metric: Metric, message: Message, now_us: int, out: Decoded
) -> None:
    try:
        if metric.is_transient:
            raise Rejected("transient", f"{shown(signal.field)} is not meant to be stored")
        value = number_of(metric, datatype)
        if datatype == DataType.BOOLEAN and signal.spec.quantity not in SWITCHES:
            raise Rejected("wrong_type", f"{shown(signal.field)} is a Boolean, a number is expected")
        at, quality = _time(metric, message, now_us)
    except Rejected as error:
        out.refused.append((error.reason, error.detail))
        return
    if metric.is_historical:
        quality |= Quality.HISTORICAL
    if metric.quality is not None and metric.quality != GOOD:
        quality |= Quality.UNCERTAIN
    out.rows.append(signal.row)
    out.at.append(at)
    out.value.append(value)
    out.quality.append(int(quality))


def _time(metric: Metric, message: Message, now_us: int) -> tuple[int, Quality]:
    """The metric's own time, else the message's, else that of its arrival."""
    ms = message.payload.timestamp_ms if metric.timestamp_ms is None else metric.timestamp_ms
    if ms is None:
        return message.frame.received_at_us, Quality.ARRIVAL_TIME
    return time_of_ms(ms, now_us), Quality.GOOD


def bd_seq_of(message: Message) -> int | None:
    """The number that ties an NDEATH to its NBIRTH; None when it is not there."""
    for metric in message.payload.metrics:
        if metric.name == BD_SEQ and isinstance(metric.value, int):
            return int(metric.value)
    return None
