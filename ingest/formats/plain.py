"""One value as text on a topic of its own, as the Homie convention (4 and 5) has it: `21.5`, or `true` for a run state.

Nothing else stands in the payload: no unit, no time. Readings get the time of their arrival, and a repeated message
cannot be told from a new one. Retained values of unknown age are flagged as late, see `ingest.intake`.
"""

from __future__ import annotations

import math
import re

from forewarn.core.errors import Rejected
from forewarn.core.readings import Quality
from forewarn.ingest.formats.json_strict import MAX_DIGITS
from forewarn.ingest.formats.result import Decoded, shown
from forewarn.ingest.topics import Binding

_BOM = b"\xef\xbb\xbf"
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
_STATES = {"true": 1.0, "false": 0.0}
_OTHER_FORMATS = ("{", "[", '"')


def decode(payload: bytes, binding: Binding, received_at_us: int, now_us: int) -> Decoded:
    """The one reading of a message.

    Raises Rejected: `empty` (a retained delete), `bad_encoding`, `number_too_long` (more than 128 characters),
    `wrong_format` (JSON), `not_finite`, `not_a_number` (`21,5`, `21.5 C`), `wrong_type` (`true` where the signal is no
    run state).
    """
    text = _text_of(payload)
    signal = binding.only
    if text in _STATES:
        if signal.spec.quantity != "run_state":
            raise Rejected("wrong_type", f"the payload is {text}, a number is expected")
        value = _STATES[text]
    else:
        value = _number(text)
    return Decoded([signal.row], [received_at_us], [value], [int(Quality.ARRIVAL_TIME)])


def _text_of(payload: bytes) -> str:
    payload = payload.removeprefix(_BOM)
    if not payload.strip():
        raise Rejected("empty", "a message without payload (a retained delete is not a reading)")
    if len(payload) > MAX_DIGITS:
        raise Rejected("number_too_long", f"a payload of {len(payload)} bytes, the limit is {MAX_DIGITS}")
    if b"\0" in payload:
        raise Rejected("bad_encoding", "zero bytes, UTF-8 is expected")
    try:
        return payload.decode("utf-8").strip(" \t\r\n")
    except UnicodeDecodeError as error:
        raise Rejected("bad_encoding", f"byte {error.start} is not UTF-8") from None


def _number(text: str) -> float:
    if text.startswith(_OTHER_FORMATS):
        raise Rejected("wrong_format", f"the format here is plain (one number as text), not {shown(text)}")
    if _NOT_FINITE.fullmatch(text):
        raise Rejected("not_finite", f"the payload is {shown(text)}")
    if not _NUMBER.fullmatch(text):
        raise Rejected("not_a_number", f"the payload is {shown(text)}, a number such as 21.5 is expected")
    value = float(text)
    if not math.isfinite(value):
        raise Rejected("not_finite", f"the payload is {shown(text)}")
    return value


def encode(value: float | bool) -> bytes:
    """The text of a value, with all its digits. Refuses (ValueError) NaN and infinity.

    >>> encode(21.5), encode(True)
    (b'21.5', b'true')
    """
    if not math.isfinite(value):
        raise ValueError(f"{value} cannot be sent: a reading is a finite number")
    return (str(value).lower() if isinstance(value, bool) else repr(value)).encode()
