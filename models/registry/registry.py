"""The registry: files on the shelf and rows in the book, kept in step.

What uses models asks here and never reads a file itself. The order of writing is number, file, row: a crash in between
leaves a file that nobody knows, never a row without a file.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version as version_of
from pathlib import Path

from forewarn.core.errors import Conflict, NotReady, Rejected
from forewarn.core.health import ModelRef
from forewarn.core.model_cards import FeatureSchema, ModelCard, ModelEntry, Stage, card_digest
from forewarn.core.ports import Actor, ModelBook
from forewarn.core.work import Json
from forewarn.models.registry.confine import Limits
from forewarn.models.registry.files import dumps, sha256
from forewarn.models.registry.loader import check_in_child, load_checked
from forewarn.models.registry.shelf import Shelf, to_drop
from forewarn.models.registry.signing import signing_key

NUMBERS_TRIED = 5
KEPT_OPEN = 32  # models in memory; the oldest leaves
LIBRARIES = ("numpy", "scipy", "scikit-learn", "skops")


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """A version ready for use. `model` is what `learn` gave, bit for bit; `ref` goes into assessments."""

    entry: ModelEntry
    model: object

    @property
    def ref(self) -> ModelRef:
        """Name, version and digest of the card."""
        return ModelRef(self.entry.name, str(self.entry.version), card_digest(self.entry.card))


class Registry:
    """Versions of models, over a shelf of files and a book of rows. May be shared between threads."""

    def __init__(self, shelf: Shelf, book: ModelBook, limits: Limits | None = None) -> None:
        self._shelf = shelf
        self._limits = limits or Limits()
        self._opened: dict[str, object] = {}  # digest of a card -> its model
        self._turn = threading.Lock()
        self.book = book

    def register(self, model: object, card: ModelCard, actor: Actor, at_us: int) -> ModelEntry:
        """Keep a model as a new candidate. Version, file digest and libraries of the card are filled in here.

        Raises Rejected "not_storable" for a model with parts that files do not hold.
        """
        return self.register_file(dumps(model), replace(card, libraries=libraries()), actor, at_us)

    def register_file(self, data: bytes, card: ModelCard, actor: Actor, at_us: int) -> ModelEntry:
        """The same for a model that is a file already (`files.dumps` in another process): kept byte for byte.

        It is read by a limited child, signed and put on the shelf before the book knows of it. Raises Rejected for a
        file that must not be used, which the audit then shows, and Conflict when the shelf is ahead of the book.
        """
        try:
            check_in_child(data, self._limits)
        except Rejected as error:
            self.book.note(card.name, "file refused", {"why": str(error), "sha256": sha256(data)}, actor, at_us)
            raise
        described = replace(card, file_sha256=sha256(data))
        for _ in range(NUMBERS_TRIED):
            numbered = replace(described, version=self.book.reserve(card.name))
            try:
                self._shelf.put(numbered, data)
            except Conflict:
                continue  # the files know a number that the records have forgotten: an older backup
            return self.book.add(numbered, actor, at_us)
        raise Conflict(f"the shelf of {card.name} is ahead of the records; look into its folder")

    def open(self, name: str, version: int | None, actor: Actor, at_us: int, offered: FeatureSchema) -> Opened:
        """A version (None: the champion) for columns that are offered to it.

        Signature, digest and card are compared with the book, the file is opened by a limited child first; once open,
        it stays in memory. Raises NotReady when there is no champion, Rejected "other_features" with the differences,
        and Rejected for a file that must not be used: then the version is retired as failed, which the audit shows.
        """
        entry = self._entry(name, version)
        entry.card.schema.require(offered)
        digest = card_digest(entry.card)
        known = self._opened
        if digest not in known:
            with self._turn:  # who asks for a model that is open already does not wait here
                known = self._opened
                if digest not in known:
                    newest = list(known.items())[1 - KEPT_OPEN :]
                    known = self._opened = {**dict(newest), digest: self._loaded(entry, actor, at_us)}
        return Opened(entry, known[digest])

    def check(self, name: str, version: int, actor: Actor, at_us: int) -> None:
        """Do the files of a version still hold? Raises as `open` does, and marks it as failed."""
        self._loaded(self._entry(name, version), actor, at_us)

    def promote(
        self,
        name: str,
        version: int,
        actor: Actor,
        revision: int,
        at_us: int,
        report_sha256: str = "",
        forced: str = "",
    ) -> ModelEntry:
        """Make a challenger the champion, after looking at its files; see `ModelBook.move`."""
        self.check(name, version, actor, at_us)
        return self.book.move(
            name, version, Stage.CHAMPION, actor, revision, at_us, report_sha256=report_sha256, forced=forced
        )

    def roll_back(self, name: str, actor: Actor, at_us: int, reason: str) -> ModelEntry:
        """Back to the champion before; see `ModelBook.roll_back`. Its files are looked at by the next `open`."""
        return self.book.roll_back(name, actor, at_us, reason)

    def tidy(self, name: str, keep_retired: int, actor: Actor, at_us: int) -> list[int]:
        """Throw away the files of old retired versions and of orphans; their numbers. The rows and cards stay."""
        entries = self.book.entries(name, limit=10_000)
        gone = [v for v in to_drop(entries, self._shelf.versions(name), keep_retired) if self._shelf.drop(name, v)]
        if gone:
            told: Json = {"versions": list(gone)}
            self.book.note(name, "files dropped", told, actor, at_us)
        return gone

    def _entry(self, name: str, version: int | None) -> ModelEntry:
        entry = self.book.champion(name) if version is None else self.book.entry(name, version)
        if entry is None and version is None:
            raise NotReady(f"{name} has no champion yet: train it, compare it, promote it")
        if entry is None:
            raise Rejected("unknown_model", f"there is no version {version} of {name}")
        return entry

    def _loaded(self, entry: ModelEntry, actor: Actor, at_us: int) -> object:
        try:
            shelved = self._shelf.read(entry.name, entry.version)
            if card_digest(shelved.card) != card_digest(entry.card):
                raise Rejected("other_card", f"the card of {entry.name} {entry.version} is not the one in the book")
            return load_checked(shelved.data, self._limits)
        except Rejected as error:
            self.book.fail(entry.name, entry.version, str(error), actor, at_us)
            raise


def libraries() -> Mapping[str, str]:
    """Versions of what models are made with."""
    return {name: version_of(name) for name in LIBRARIES}


def open_registry(folder: Path, key_file: Path, book: ModelBook, limits: Limits | None = None) -> Registry:
    """The registry over `folder` (made when missing), signed with the key in `key_file` (made on first use)."""
    folder.mkdir(parents=True, exist_ok=True)
    return Registry(Shelf(folder, signing_key(key_file)), book, limits)
