"""A JSON parser for strangers' bytes: every fault has its name, its place and a limit. The slow, careful way.

The fast way (`format_json`) decodes with typed structs and comes here for whatever does not fit them; so this module
may take microseconds where the other takes tenths, and is the only one that explains.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from forewarn.core.errors import Rejected
from forewarn.ingest.formats.result import shown

MAX_DEPTH = 16
MAX_FIELDS = 256
MAX_DIGITS = 128

_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
# Possessive, so that a text of a million escaped quotes is read once and not once per quote.
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)


def parse(payload: bytes) -> dict[str, object] | list[object]:
    """A JSON object or array. Numbers come as int or float; NaN, Infinity and 1e999 as non-finite floats.

    Refuses (Rejected): `empty`, `bad_encoding` (not UTF-8, U+0000, lone surrogate, UTF-16), `wrong_format` (neither
    object nor array), `too_deep` (more than 16 levels), `too_many_fields` (more than 256 in one object),
    `duplicate_key`, `number_too_long` (more than 128 characters), `bad_json` (with the byte offset). A byte-order mark
    is skipped.

    >>> parse(b'{"value": 1.5}')
    {'value': 1.5}
    """
    if not payload:
        raise Rejected("empty", "a message without payload (a retained delete is not a reading)")
    body = payload.removeprefix(_BOM)
    _check_start(body)
    _check_depth(body)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        offset = error.start + len(payload) - len(body)
        raise Rejected("bad_encoding", f"byte {offset} is not UTF-8") from None
    try:
        found: dict[str, object] | list[object] = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        offset = len(text[: error.pos].encode()) + len(payload) - len(body)
        raise Rejected("bad_json", f"{error.msg} at byte {offset}") from None
    if "\\u" in text:
        _check_texts(found)
    return found


def _check_start(body: bytes) -> None:
    is_json = body.lstrip(b" \t\r\n")[:1] in (b"{", b"[")
    if body.startswith((*_UTF16, b"\0{", b"\0[")) or (is_json and b"\0" in body):
        raise Rejected("bad_encoding", "UTF-16 or zero bytes, UTF-8 is expected")
    if not is_json:
        raise Rejected("wrong_format", f"the format here is json (objects or arrays of them), not {shown(body[:20])}")


def _check_depth(body: bytes) -> None:
    if body.count(b"{") + body.count(b"[") <= MAX_DEPTH:
        return
    depth = 0
    for token in _TOKEN.finditer(body):
        first = body[token.start()]
        if first in b"{[":
            depth += 1
            if depth > MAX_DEPTH:
                raise Rejected("too_deep", f"more than {MAX_DEPTH} levels at byte {token.start()}")
        elif first in b"]}":
            depth -= 1


def _fields(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len(pairs) > MAX_FIELDS:
        raise Rejected("too_many_fields", f"{len(pairs)} fields in one object, the limit is {MAX_FIELDS}")
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for place, key in enumerate(keys) if key in keys[:place])
        raise Rejected("duplicate_key", f"{shown(twice)} stands twice in one object")
    return found


def _number(text: str) -> int | float:
    if len(text) > MAX_DIGITS:
        raise Rejected("number_too_long", f"a number of {len(text)} characters, the limit is {MAX_DIGITS}")
    return float(text) if any(c in text for c in ".eE") else int(text)


def _texts(value: object) -> Iterator[str]:
    """Every text in a parsed value; its depth was checked before."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _check_texts(found: object) -> None:
    for text in _texts(found):
        if "\0" in text or any("\ud800" <= c <= "\udfff" for c in text):
            raise Rejected("bad_encoding", f"{shown(text)} holds U+0000 or half a surrogate pair")


_DECODER = json.JSONDecoder(object_pairs_hook=_fields, parse_int=_number, parse_float=_number)
