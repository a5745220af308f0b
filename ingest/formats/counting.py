"""What senders count: their own number of a message, and which run of the counter it belongs to.

A gap in these numbers is the only proof that something was lost before it reached us. A counter that cannot be read is
no reason to refuse readings: such a message is simply not counted.
"""

from __future__ import annotations

from forewarn.ingest.formats.result import Counted

SEQUENCE_LIMIT = 2**53
"""Numbers below this are exact in every JSON parser (RFC 8259, section 6)."""
BOOT_LIMIT = 2**64
MAX_NAME = 128


def counted_of(seq: object, boot: object = "", device: object = "") -> Counted | None:
    """The sender's number of a message, or None when it gave none that can be used.

    `seq` is a whole number from 0 to 2**53 - 1, `boot` a text or a whole number, `device` a text; texts longer than 128
    characters and anything else count as "it does not say".

    >>> counted_of(4711, 17, "gw-7"), counted_of(5.0), counted_of("5"), counted_of(-1)
    (Counted(device='gw-7', boot='17', sequence=4711), Counted(device='', boot='', sequence=5), None, None)
    """
    sequence = _whole(seq, SEQUENCE_LIMIT)
    if sequence is None:
        return None
    if isinstance(boot, str):
        return Counted(name_of(device), name_of(boot), sequence)
    run = _whole(boot, BOOT_LIMIT)
    return Counted(name_of(device), "" if run is None else str(run), sequence)


def _whole(raw: object, limit: int) -> int | None:
    if type(raw) is int:  # and no bool
        return raw if 0 <= raw < limit else None
    if isinstance(raw, float) and raw.is_integer() and 0 <= raw < SEQUENCE_LIMIT:
        return int(raw)
    return None


def name_of(raw: object) -> str:
    """A name that a message gives, "" when it gives none that can be used."""
    return raw if isinstance(raw, str) and len(raw) <= MAX_NAME else ""
