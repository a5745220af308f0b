"""Who made a model file: an HMAC-SHA256 over its card, with a key that never leaves the plant.

The card carries the SHA-256 of the file, so one signature covers name, version, columns, metrics and every byte of the
model. A changed file, another card, an older version in the place of a newer one and the key of another plant are
refused. Who can read the key can sign: it lies in the state folder, for the service's user alone (mode 0600).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path

from forewarn.core.errors import Rejected
from forewarn.core.model_cards import ModelCard, card_bytes

ALGORITHM = "hmac-sha256"
KEY_BYTES = 32
PURPOSE = b"forewarn model file 1\n"
"""Goes before the card, so that no signature made for anything else fits."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The plant's key. `id` may be shown: sixteen hex digits that tell keys apart and say nothing of them."""

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) != KEY_BYTES:
            raise ValueError(f"a key has {KEY_BYTES} bytes, not {len(self.secret)}")

    @property
    def id(self) -> str:
        """Which key it is."""
        return hashlib.sha256(b"forewarn key id\n" + self.secret).hexdigest()[:16]

    def sign(self, card: ModelCard) -> bytes:
        """The text of a `signature.json` for a card that has its `file_sha256`."""
        if not card.file_sha256 or card.version < 1:
            raise ValueError("a card is signed when it has its version and the digest of its file")
        mark = {"algorithm": ALGORITHM, "key": self.id, "signature": self._mark(card)}
        return json.dumps(mark, indent=2).encode() + b"\n"

    def verify(self, card: ModelCard, signature: bytes | None) -> None:
        """Raises Rejected: "unsigned", "bad_signature" (not ours to read), "other_key", "other_card".

        Says nothing about the file itself: compare its SHA-256 with `card.file_sha256`.
        """
        if not signature:
            advice = "train it here, or plug it in as a scorer written elsewhere"
            raise Rejected("unsigned", f"{card.name} {card.version} has no signature: {advice}")
        told = _signature(signature)
        if told["key"] != self.id:
            raise Rejected("other_key", f"it was signed with key {told['key'][:16]}, this plant's is {self.id}")
        if not hmac.compare_digest(told["signature"].encode(), self._mark(card).encode()):
            raise Rejected("other_card", "the signature is of another card: something was changed after signing")

    def _mark(self, card: ModelCard) -> str:
        return hmac.new(self.secret, PURPOSE + card_bytes(card), hashlib.sha256).hexdigest()


def signing_key(path: Path) -> SigningKey:
    """The key in a file, made on first use with mode 0600; of several programs at once, one makes it.

    Raises Rejected "bad_key" for a link, for a file that others may read or that another user owns, and for one of
    another length: such a key is nobody's secret any more. Delete it, and sign the models again by training them.
    """
    if not path.exists() and not path.is_symlink():
        _make(path)
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise Rejected("bad_key", f"{path} cannot be read as a file of its own: {error.strerror}") from error
    with os.fdopen(handle, "rb") as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode) or about.st_uid != os.geteuid() or about.st_mode & 0o077:
            raise Rejected("bad_key", f"{path} is not a file of this user alone (chmod 600)")
        secret = file.read(KEY_BYTES + 1)
    if len(secret) != KEY_BYTES:
        raise Rejected("bad_key", f"{path} does not hold {KEY_BYTES} bytes")
    return SigningKey(secret)


def _make(path: Path) -> None:
    """Written beside and linked into place: who comes second keeps the first one's key, nobody reads half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(beside, path)
        except FileExistsError:
            return
        _sync_folder(path.parent)
    finally:
        beside.unlink()


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _signature(text: bytes) -> dict[str, str]:
    try:
        told = json.loads(text) if len(text) <= 4096 else None
    except (ValueError, RecursionError):
        told = None
    wanted = ("algorithm", "key", "signature")
    if not isinstance(told, dict) or set(told) != set(wanted) or not all(isinstance(told[key], str) for key in wanted):
        raise Rejected("bad_signature", f"signature.json holds exactly {', '.join(wanted)}")
    if told["algorithm"] != ALGORITHM:
        raise Rejected("bad_signature", f"only {ALGORITHM} is accepted, whatever the file asks for")
    return told
