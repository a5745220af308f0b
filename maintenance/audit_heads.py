"""Heads of the audit, noted outside of the records: one line of JSON each in a file that is only ever added to.

Who can write to the database can rewrite all of it. What was noted on another machine, in a mail, on paper, or sent to
a webhook before, he cannot: a record that was cut or rolled back no longer fits it. Each head is signed with a key of
the installation, so that nobody without that key can write a head that fits a forged record.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from forewarn.core.errors import Rejected
from forewarn.core.work import Json
from forewarn.maintenance import outbox
from forewarn.maintenance.audit import AuditHead, audit_head
from forewarn.maintenance.evidence import canonical
from forewarn.maintenance.records import Records
from forewarn.maintenance.settings_table import keep_setting, setting

SENT = "audit_head_sent"
PURPOSE = b"forewarn audit head 1\n"
"""Goes before what is signed, so that no signature made for anything else fits."""


@dataclass(frozen=True, slots=True)
class HeadKey:
    """Signs heads: HMAC-SHA256 over row, hash and time. Who can read the key can sign."""

    secret: bytes = field(repr=False)

    @property
    def id(self) -> str:
        """Which key it is: sixteen hex digits that say nothing of it."""
        return hashlib.sha256(b"forewarn key id\n" + self.secret).hexdigest()[:16]

    def signature(self, head: AuditHead, at_us: int) -> str:
        """64 hex digits.

        >>> key = HeadKey(b"k" * 32)
        >>> len(key.signature(AuditHead(1, "ab"), 5)), key.signature(AuditHead(1, "ab"), 6) == key.signature(
        ...     AuditHead(1, "ab"), 5)
        (64, False)
        """
        told = canonical({"seq": head.seq, "hash": head.hash, "at_us": at_us}).encode()
        return hmac.new(self.secret, PURPOSE + told, hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Noted:
    """A head as a file tells it: its line, and who signed it ("" for both: nobody)."""

    line: int
    head: AuditHead
    at_us: int
    key: str
    signature: str


@dataclass(frozen=True, slots=True)
class Forged:
    """The first line of a file of heads that its key did not sign as it stands, and what is wrong with it."""

    line: int
    seq: int
    why: str


def told_head(head: AuditHead, at_us: int, key: HeadKey | None = None) -> Json:
    """A head as it leaves the installation."""
    told: Json = {"seq": head.seq, "hash": head.hash, "at_us": at_us}
    return told if key is None else {**told, "key": key.id, "signature": key.signature(head, at_us)}


def noted_line(head: AuditHead, at_us: int, key: HeadKey | None = None) -> str:
    """One line for a file of heads."""
    return json.dumps(told_head(head, at_us, key))


def note_head(file: Path, head: AuditHead, at_us: int, key: HeadKey | None = None) -> bool:
    """Add the head to a file, durable when this returns; False when its last line tells it already. Raises OSError."""
    known = read_heads(file) if file.exists() else []
    if head in known[-1:] or head.seq == 0:
        return False
    with file.open("ab") as out:
        out.write(b"\n" if _is_torn(file) else b"")
        out.write(noted_line(head, at_us, key).encode() + b"\n")
        out.flush()
        os.fsync(out.fileno())
    return True


def read_heads(file: Path) -> list[AuditHead]:
    """The heads of a file, whoever signed them; see `read_noted`."""
    return [noted.head for noted in read_noted(file)]


def read_noted(file: Path) -> list[Noted]:
    """The lines of a file. One that a power cut tore is passed over; Rejected names any other that is no head."""
    noted: list[Noted] = []
    for number, line in enumerate(file.read_text().split("\n"), 1):
        if not line.strip():
            continue
        try:
            told = json.loads(line)
            head = AuditHead(int(told["seq"]), str(told["hash"]))
            signed = str(told.get("key", "")), str(told.get("signature", ""))
            noted.append(Noted(number, head, int(told.get("at_us", 0)), *signed))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            if not line.endswith("}"):
                continue  # torn: what was being noted is not promised
            raise Rejected("no_audit_head", f'{file}:{number} is no line {{"seq": ..., "hash": ...}}') from error
    return noted


def forged(noted: Sequence[Noted], key: HeadKey | None) -> Forged | None:
    """The first line that the key did not sign as it stands, or None. `key` None: the installation has none.

    Lines without a signature are of an installation that did not sign yet: they may only come before all others.
    """
    signed = False
    for one in noted:
        why = _why_forged(one, key, signed)
        if why:
            return Forged(one.line, one.head.seq, why)
        signed = signed or bool(one.signature)
    return None


def _why_forged(one: Noted, key: HeadKey | None, after_signed: bool) -> str:
    if not one.signature:
        return "it is not signed, though lines before it are" if after_signed else ""
    if key is None:
        return f"it is signed with key {one.key[:16]}, and this installation has none: give the key"
    if one.key != key.id:
        return f"it is signed with key {one.key[:16]}, this installation's is {key.id}"
    fits = hmac.compare_digest(one.signature.encode(), key.signature(one.head, one.at_us).encode())
    return "" if fits else "its signature does not fit: the line was changed or forged"


def export_head(
    records: Records,
    file: Path | None,
    at_us: int,
    say: Callable[[str], None] = lambda text: None,
    key: HeadKey | None = None,
) -> bool:
    """Note the head of now in the file and post it to the outbox (`audit.head`), signed with the key, unless nothing
    was written since; whether there was news. A file that cannot be written is told, and does not keep the message
    back."""
    head = audit_head(records)
    if head.seq == 0 or setting(records, SENT) == head.hash:
        return False
    if file is not None:
        try:
            note_head(file, head, at_us, key)
        except OSError as error:
            say(f"the head of the audit could not be noted in {file}: {error}")
    with records.write() as connection:
        outbox.post(connection, "audit.head", told_head(head, at_us, key), at_us)
        keep_setting(records, SENT, head.hash)
    return True


def _is_torn(file: Path) -> bool:
    size = file.stat().st_size
    if size == 0:
        return False
    with file.open("rb") as look:
        look.seek(size - 1)
        return look.read(1) != b"\n"
