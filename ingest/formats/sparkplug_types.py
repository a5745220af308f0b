"""Sparkplug's datatypes: which of them are readings, what their values mean, and how a sender writes them."""

from __future__ import annotations

import math
from enum import IntEnum

from forewarn.core.errors import Rejected
from forewarn.ingest.formats.result import shown
from forewarn.ingest.formats.sparkplug_payload import BOOLEAN, DOUBLE, FLOAT, INT, LONG, STRING, Metric, Value


class DataType(IntEnum):
    """Numbers of the specification, chapter 6.4.16. 20 and 21 exist for properties only."""

    UNKNOWN = 0
    INT8 = 1
    INT16 = 2
    INT32 = 3
    INT64 = 4
    UINT8 = 5
    UINT16 = 6
    UINT32 = 7
    UINT64 = 8
    FLOAT = 9
    DOUBLE = 10
    BOOLEAN = 11
    STRING = 12
    DATETIME = 13
    TEXT = 14
    UUID = 15
    DATASET = 16
    BYTES = 17
    FILE = 18
    TEMPLATE = 19
    PROPERTY_SET = 20
    PROPERTY_SET_LIST = 21
    INT8_ARRAY = 22
    INT16_ARRAY = 23
    INT32_ARRAY = 24
    INT64_ARRAY = 25
    UINT8_ARRAY = 26
    UINT16_ARRAY = 27
    UINT32_ARRAY = 28
    UINT64_ARRAY = 29
    FLOAT_ARRAY = 30
    DOUBLE_ARRAY = 31
    BOOLEAN_ARRAY = 32
    STRING_ARRAY = 33
    DATETIME_ARRAY = 34


NUMBERS = frozenset(range(DataType.INT8, DataType.BOOLEAN + 1))
"""Datatypes whose value is one number: the ones that can be a reading."""

_BITS = {
    DataType.INT8: 8,
    DataType.INT16: 16,
    DataType.INT32: 32,
    DataType.INT64: 64,
    DataType.UINT8: 8,
    DataType.UINT16: 16,
    DataType.UINT32: 32,
    DataType.UINT64: 64,
}
_SIGNED = frozenset({DataType.INT8, DataType.INT16, DataType.INT32, DataType.INT64})
_REALS = frozenset({DataType.FLOAT, DataType.DOUBLE})
_WIDE = frozenset({DataType.INT64, DataType.UINT64, DataType.DATETIME})


def name_of(datatype: int | None) -> str:
    """For a person.

    >>> name_of(16), name_of(99), name_of(None)
    ('DATASET', 'datatype 99', 'no datatype')
    """
    if datatype is None:
        return "no datatype"
    try:
        return DataType(datatype).name
    except ValueError:
        return f"datatype {datatype}"


def number_of(metric: Metric, datatype: int | None) -> float:
    """The value of a metric of a known datatype as a finite number; true is 1.

    Whole numbers beyond 2^53 are rounded to float64, as every series is. Raises Rejected: `unsupported_datatype`
    (texts, times, data sets, templates, files, arrays, no datatype), `missing_value` (null, or nothing was filled in),
    `wrong_type` (the value does not fit its datatype), `not_finite`.

    >>> number_of(Metric(member=INT, value=0xFFFE), DataType.INT16)
    -2.0
    """
    if datatype not in NUMBERS:
        raise Rejected("unsupported_datatype", f"{name_of(datatype)} is not a number")
    if metric.is_null or metric.value is None:
        raise Rejected("missing_value", "the metric is null")
    member, value = metric.member, metric.value
    if member in (FLOAT, DOUBLE) and datatype in _REALS and isinstance(value, float):
        if math.isfinite(value):
            return value
        raise Rejected("not_finite", f"the value is {shown(value)}")
    if member in (INT, LONG) and datatype in _BITS and isinstance(value, int):
        return float(_whole(value, DataType(datatype), member))
    if member == BOOLEAN and datatype == DataType.BOOLEAN:
        return 1.0 if value else 0.0
    raise Rejected("wrong_type", f"{name_of(datatype)} does not stand in field {metric.member} of the metric")


def _whole(value: int, datatype: DataType, member: int) -> int:
    """Two's complement in its own width; senders also extend the sign to the width of the field."""
    bits = _BITS[datatype]
    field_bits = 32 if member == INT else 64
    if datatype not in _SIGNED:
        if value < 1 << bits:
            return value
    elif value < 1 << bits:
        return value - (1 << bits) if value >= 1 << bits - 1 else value
    elif value >= (1 << field_bits) - (1 << bits - 1):
        return value - (1 << field_bits)
    raise Rejected("wrong_type", f"{value} is no {datatype.name}")


def metric_of(
    name: str | None, datatype: DataType, value: Value, timestamp_ms: int, alias: int | None = None
) -> Metric:
    """A metric as a sender writes it; None is null. Refuses (ValueError) data sets, templates and arrays.

    >>> metric = metric_of("Temperature", DataType.INT16, -2, 1_795_392_000_000)
    >>> metric.member, metric.value
    (10, 65534)
    """
    found = Metric(name, alias, timestamp_ms, int(datatype))
    if value is None:
        found.is_null = True
    elif datatype in _BITS or datatype == DataType.DATETIME:
        found.member, found.value = LONG if datatype in _WIDE else INT, int(value) & (1 << _BITS.get(datatype, 64)) - 1
    elif datatype in _REALS:
        found.member, found.value = FLOAT if datatype == DataType.FLOAT else DOUBLE, float(value)
    elif datatype == DataType.BOOLEAN:
        found.member, found.value = BOOLEAN, bool(value)
    elif datatype in (DataType.STRING, DataType.TEXT, DataType.UUID):
        found.member, found.value = STRING, str(value)
    else:
        raise ValueError(f"{datatype.name} is not written here")
    return found
