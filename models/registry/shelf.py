"""Model files on disk: NAME/VERSION/ with model.skops, card.json, card.md and signature.json.

A version appears as a whole or not at all: written beside, synced, renamed. It is never changed afterwards. Folders
that no book knows (a crash between file and row) do no harm and go with `tidy`.
"""

from __future__ import annotations

import errno
import json
import os
import re
import secrets
import shutil
import stat
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from forewarn.core.errors import Conflict, Rejected, Retriable
from forewarn.core.model_cards import NAME, ModelCard, ModelEntry, Stage, card_bytes, card_from_json, way_back
from forewarn.models.registry.card_page import card_page
from forewarn.models.registry.container import MOST_BYTES, check_container
from forewarn.models.registry.files import sha256
from forewarn.models.registry.signing import SigningKey

MODEL, CARD, PAGE, SIGNATURE = "model.skops", "card.json", "card.md", "signature.json"
MOST_CARD_BYTES = 2**20
UNFINISHED = re.compile(r"\.[0-9]+-[0-9a-f]{16}")
VERSION = re.compile(r"[1-9][0-9]{0,8}")


@dataclass(frozen=True, slots=True, eq=False)
class Shelved:
    """A version that was read, its signature and digest found right. `data` is model.skops, not yet loaded."""

    card: ModelCard
    data: bytes


class Shelf:
    """A folder of versions, signed with one key. Several programs may read and write it at once."""

    def __init__(self, folder: Path, key: SigningKey) -> None:
        self._folder = folder
        self._key = key

    def put(self, card: ModelCard, data: bytes) -> Path:
        """Keep a version and sign it; its folder. `card.file_sha256` must be that of `data`.

        Raises Conflict when the version is there already, Retriable when the disk is full.
        """
        if sha256(data) != card.file_sha256:
            raise ValueError("the card speaks of another file")
        home = self._folder / card.name
        place = home / str(card.version)
        beside = home / f".{card.version}-{secrets.token_hex(8)}"
        files = {
            MODEL: data,
            CARD: json.dumps(json.loads(card_bytes(card)), indent=2, ensure_ascii=False).encode() + b"\n",
            PAGE: card_page(card).encode(),
            SIGNATURE: self._key.sign(card),
        }
        with _disk_errors(f"{card.name} {card.version}"):
            home.mkdir(parents=True, exist_ok=True)
            beside.mkdir()
            try:
                for name, content in files.items():
                    _write(beside / name, content)
                _sync(beside)
                beside.rename(place)
            except BaseException:
                shutil.rmtree(beside, ignore_errors=True)
                raise
            _sync(home)
        return place

    def read(self, name: str, version: int) -> Shelved:
        """A version, after looking at who signed it, whether it is the one asked for, and every byte of its file.

        Raises Rejected: "unknown_model", "linked_file" (a link, or a file that has a second name), "unsigned",
        "bad_signature", "other_key", "other_card", "other_version" (a version in the place of another),
        "changed_file", and what `container` says of the content. Nothing is built from it yet.
        """
        with self._opened(name, version) as place:
            card_text = _read(place, CARD, MOST_CARD_BYTES)
            signature = _read(place, SIGNATURE, MOST_CARD_BYTES, missing_ok=True)
            card = _card(card_text)
            self._key.verify(card, signature)
            if (card.name, card.version) != (name, version):
                raise Rejected("other_version", f"{name} {version} was asked for, this is {card.name} {card.version}")
            data = _read(place, MODEL, MOST_BYTES)
        if sha256(data) != card.file_sha256:
            raise Rejected("changed_file", f"{MODEL} of {name} {version} is not the file that was signed")
        check_container(data)
        return Shelved(card, data)

    def names(self) -> list[str]:
        """Names that have a folder, ascending."""
        return sorted(p.name for p in _folders(self._folder) if NAME.fullmatch(p.name))

    def versions(self, name: str) -> list[int]:
        """Versions of a name that are on disk, ascending."""
        return sorted(int(p.name) for p in _folders(self._home(name)) if VERSION.fullmatch(p.name))

    def drop(self, name: str, version: int) -> bool:
        """Throw a version's files away; False when there were none. Its row in the book stays."""
        place = self._home(name) / str(version)
        if place.is_symlink() or not place.is_dir():
            return False
        gone = place.with_name(f".{version}-{secrets.token_hex(8)}")
        place.rename(gone)  # from now on it is not half there
        shutil.rmtree(gone)
        return True

    def drop_unfinished(self, name: str) -> int:
        """Throw away what a crash left half written; how many. Only while nobody else writes this name."""
        left = [p for p in _folders(self._home(name)) if UNFINISHED.fullmatch(p.name)]
        for place in left:
            shutil.rmtree(place)
        return len(left)

    def _home(self, name: str) -> Path:
        if not NAME.fullmatch(name) or ".." in name:
            raise Rejected("unknown_model", f"{name[:80]!r} is no name of a model")
        return self._folder / name

    @contextmanager
    def _opened(self, name: str, version: int) -> Iterator[int]:
        """The folder of a version as a handle; no step of the way below the shelf may be a link."""
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        home = self._home(name)
        with _disk_errors("the shelf"):  # a shelf that is not mounted says nothing against its models
            handles = [os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)]
        try:
            for step in (home.name, str(version)):
                handles.append(os.open(step, flags, dir_fd=handles[-1]))
            yield handles[-1]
        except FileNotFoundError as error:
            raise Rejected("unknown_model", f"there are no files of {name} {version}") from error
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENOTDIR):
                raise Rejected("linked_file", f"the folder of {name} {version} is a link, or no folder") from error
            raise Retriable(f"the files of {name} {version} cannot be read now: {error.strerror}") from error
        finally:
            for handle in reversed(handles):
                os.close(handle)


def to_drop(entries: Collection[ModelEntry], on_disk: Collection[int], keep_retired: int) -> list[int]:
    """Versions of one name whose files may go, ascending: retired ones beyond the newest `keep_retired`, and orphans
    below the newest version of the book.

    Never the version that a roll back would promote, and none that is in use. Newer orphans may be on their way.
    """
    known = {entry.version for entry in entries}
    retired = {entry.version for entry in entries if entry.stage is Stage.RETIRED}
    back = way_back(entries)
    kept = {back.version} if back else set()
    newest_first = sorted(retired, reverse=True)
    kept |= set(newest_first[:keep_retired])
    old = retired - kept
    orphans = {version for version in on_disk if version not in known and known and version < max(known)}
    return sorted((old | orphans) & set(on_disk))


def _read(place: int, name: str, most: int, missing_ok: bool = False) -> bytes:
    try:
        handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=place)
    except FileNotFoundError:
        if missing_ok:
            return b""
        raise
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise Rejected("linked_file", f"{name} is a link") from error
        raise
    with os.fdopen(handle, "rb") as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode) or about.st_nlink != 1:
            raise Rejected("linked_file", f"{name} is no file of its own: it has a second name, or is a device")
        if about.st_size > most:
            raise Rejected("bad_model_file", f"{name} has {about.st_size} bytes, more than {most}")
        return file.read(most + 1)


def _card(text: bytes) -> ModelCard:
    try:
        return card_from_json(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise Rejected("bad_card", f"{CARD} is no JSON: {error}") from error


def _folders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return [p for p in folder.iterdir() if p.is_dir() and not p.is_symlink()]


def _write(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _disk_errors(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.EEXIST, errno.ENOTEMPTY):
            raise Conflict(f"{what} has files already") from error
        raise Retriable(f"{what} cannot be used now: {error.strerror}") from error
