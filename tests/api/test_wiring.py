"""How the parts of the ingest process are joined where their folders do not fit together."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from forewarn.api.settings import Settings
from forewarn.api.wiring_ingest import journal_behind, raw_store
from forewarn.core.errors import Rejected
from forewarn.core.readings import Readings
from forewarn.ingest.delivery import Frame

FRAME = Frame(1, 1, "gw", "t", b"{}")


def written(settings: Settings) -> int:
    """A store that took everything its journal holds; its position."""
    store = raw_store(settings)
    journal = journal_behind(store, settings)
    end = journal.append([FRAME])
    store.write(end, Readings.empty(), [], [])
    journal.close()
    store.close()
    return end


def test_beside_a_restored_store_an_empty_journal_begins_where_the_store_goes_on(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path)
    end = written(settings)
    shutil.rmtree(settings.journal_dir)
    store = raw_store(settings)
    journal = journal_behind(store, settings)
    assert (journal.start, journal.end) == (end, end)
    assert journal.append([FRAME]) > store.position, "what is acknowledged now is new to the store"
    assert journal.read(store.position) is not None
    journal.close()
    store.close()


def test_a_journal_that_the_store_was_never_fed_from_is_refused_with_what_to_do(tmp_path: Path) -> None:
    settings, other = Settings(state_dir=tmp_path / "a"), Settings(state_dir=tmp_path / "b")
    for _ in range(3):
        written(settings)
    written(other)
    shutil.rmtree(settings.journal_dir)
    shutil.copytree(other.journal_dir, settings.journal_dir)
    store = raw_store(settings)
    with pytest.raises(Rejected, match="move the journal aside"):
        journal_behind(store, settings)
    shutil.rmtree(settings.journal_dir)
    assert written(settings) > 0, "both folders were released, and without that journal it goes on"
