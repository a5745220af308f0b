"""Files and rows in step: what is registered can be opened, and what must not be used is retired with its reason."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forewarn.core.errors import Conflict, NotReady, Rejected
from forewarn.core.model_cards import FeatureSchema, ModelEntry, Stage, card_digest
from forewarn.maintenance.registry.book_memory import MemoryModelBook
from forewarn.models.registry import registry as registry_module
from forewarn.models.registry.files import dumps, loads, sha256
from forewarn.models.registry.registry import Registry, open_registry
from forewarn.models.registry.shelf import Shelf
from forewarn.models.registry.signing import signing_key
from tests.models.registry.samples import ANN, DIGEST, NOW_US, SCHEMA, card, judge, window


@pytest.fixture
def book() -> MemoryModelBook:
    return MemoryModelBook()


@pytest.fixture
def registry(tmp_path: Path, book: MemoryModelBook) -> Registry:
    return open_registry(tmp_path / "models", tmp_path / "models.key", book)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the child, which takes seconds: test_loader and the slow tests below run it."""
    monkeypatch.setattr(registry_module, "check_in_child", lambda data, limits: "")
    monkeypatch.setattr(registry_module, "load_checked", lambda data, limits: loads(data))


def champion(registry: Registry, **changed: Any) -> ModelEntry:
    """Registered, judged by a report and promoted."""
    entry = registry.register(judge(), card(**changed), ANN, NOW_US)
    ready = registry.book.move(
        entry.name, entry.version, Stage.CHALLENGER, ANN, entry.revision, NOW_US, report_sha256=DIGEST
    )
    return registry.promote(entry.name, entry.version, ANN, ready.revision, NOW_US)


@pytest.mark.slow
def test_a_registered_model_is_opened_by_a_child_first_and_answers_to_the_last_bit(registry: Registry) -> None:
    learnt = judge()
    entry = registry.register(learnt, card(), ANN, NOW_US)
    assert (entry.version, entry.stage, entry.card.rows) == (1, Stage.CANDIDATE, 300)
    assert set(entry.card.libraries) == {"numpy", "scipy", "scikit-learn", "skops"}
    opened = registry.open("pumps", 1, ANN, NOW_US, SCHEMA)
    assert isinstance(opened.model, type(learnt))
    assert np.array_equal(opened.model.strangeness(window()).distance, learnt.strangeness(window()).distance)
    assert (opened.ref.name, opened.ref.version, opened.ref.digest) == ("pumps", "1", card_digest(entry.card))
    assert registry.open("pumps", 1, ANN, NOW_US, SCHEMA).model is opened.model  # loaded once


@pytest.mark.usefixtures("quick")
def test_the_champion_is_what_is_opened_when_no_version_is_named(registry: Registry) -> None:
    registry.register(judge(), card(), ANN, NOW_US)
    with pytest.raises(NotReady, match="no champion"):
        registry.open("pumps", None, ANN, NOW_US, SCHEMA)
    champion(registry)
    assert registry.open("pumps", None, ANN, NOW_US, SCHEMA).entry.version == 2
    with pytest.raises(Rejected, match="no version 9"):
        registry.open("pumps", 9, ANN, NOW_US, SCHEMA)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("offered", "told"),
    [
        (FeatureSchema(SCHEMA.names[:2], SCHEMA.units[:2], "pump"), "flow is missing"),
        (FeatureSchema((*SCHEMA.names, "load"), (*SCHEMA.units, "%"), "pump"), "load is not wanted"),
        (FeatureSchema(SCHEMA.names[::-1], SCHEMA.units[::-1], "pump"), "another order"),
        (replace(SCHEMA, units=("mm/s", "K", "m3/h")), "temperature is wanted in degC, not in K"),
        (replace(SCHEMA, asset_class="fan"), "trained for pump, not for fan"),
        (replace(SCHEMA, asset_class=""), "trained for pump, not for no class"),
    ],
)
def test_a_model_is_not_given_other_columns_and_is_told_which(
    registry: Registry, offered: FeatureSchema, told: str
) -> None:
    champion(registry)
    with pytest.raises(Rejected, match=told) as refused:
        registry.open("pumps", None, ANN, NOW_US, offered)
    assert refused.value.reason == "other_features"
    assert registry.book.champion("pumps") is not None  # the question was wrong, not the model


@pytest.mark.usefixtures("quick")
def test_a_forged_file_retires_its_version_and_the_audit_says_why(
    registry: Registry, book: MemoryModelBook, tmp_path: Path
) -> None:
    champion(registry)
    place = tmp_path / "models" / "pumps" / "1"
    (place / "model.skops").write_bytes(dumps("another"))
    with pytest.raises(Rejected, match="changed_file"):
        registry.open("pumps", None, ANN, NOW_US + 1, SCHEMA)
    assert book.champion("pumps") is None
    entry = book.entry("pumps", 1)
    assert entry is not None
    assert entry.stage is Stage.RETIRED
    assert entry.failed.startswith("changed_file: ")
    last = book.history("pumps")[-1]
    assert (last["action"], last["actor"], last["at_us"]) == ("failed", "ann", NOW_US + 1)
    assert book.messages[-1][0] == "model.failed"


@pytest.mark.usefixtures("quick")
def test_a_card_that_was_signed_again_is_not_the_one_in_the_book(
    registry: Registry, book: MemoryModelBook, tmp_path: Path
) -> None:
    """Who has the key can sign anything; the book still knows what was promoted."""
    entry = champion(registry)
    place = tmp_path / "models" / "pumps" / "1"
    data = (place / "model.skops").read_bytes()
    shutil.rmtree(place)
    other = replace(entry.card, metrics={"false_alarms_per_year": 0.0})
    Shelf(tmp_path / "models", signing_key(tmp_path / "models.key")).put(other, data)
    with pytest.raises(Rejected, match="other_card"):
        registry.open("pumps", None, ANN, NOW_US, SCHEMA)


@pytest.mark.usefixtures("quick")
def test_a_version_whose_file_is_gone_cannot_be_promoted(registry: Registry, tmp_path: Path) -> None:
    entry = registry.register(judge(), card(), ANN, NOW_US)
    ready = registry.book.move("pumps", 1, Stage.CHALLENGER, ANN, entry.revision, NOW_US, report_sha256=DIGEST)
    shutil.rmtree(tmp_path / "models" / "pumps" / "1")
    with pytest.raises(Rejected, match="unknown_model"):
        registry.promote("pumps", 1, ANN, ready.revision, NOW_US)
    assert registry.book.champion("pumps") is None


@pytest.mark.usefixtures("quick")
def test_a_model_is_loaded_once_and_the_oldest_leaves(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_module, "KEPT_OPEN", 2)
    for _ in range(3):
        registry.register(judge(), card(), ANN, NOW_US)
    first = registry.open("pumps", 1, ANN, NOW_US, SCHEMA).model
    registry.open("pumps", 2, ANN, NOW_US, SCHEMA)
    assert registry.open("pumps", 1, ANN, NOW_US, SCHEMA).model is first
    registry.open("pumps", 3, ANN, NOW_US, SCHEMA)
    assert registry.open("pumps", 1, ANN, NOW_US, SCHEMA).model is not first


@pytest.mark.usefixtures("quick")
def test_after_a_roll_back_the_earlier_version_answers_again(registry: Registry) -> None:
    champion(registry)
    champion(registry)
    assert registry.open("pumps", None, ANN, NOW_US, SCHEMA).entry.version == 2
    registry.roll_back("pumps", ANN, NOW_US, "false alarms on line 3")
    assert registry.open("pumps", None, ANN, NOW_US, SCHEMA).entry.version == 1


@pytest.mark.usefixtures("quick")
def test_files_that_nobody_knows_do_no_harm(registry: Registry, book: MemoryModelBook, tmp_path: Path) -> None:
    data = dumps(judge())
    shelf = Shelf(tmp_path / "models", signing_key(tmp_path / "models.key"))
    for version in (1, 2):  # as after a restored backup: the shelf knows more than the book
        shelf.put(card(version=version, file_sha256=sha256(data)), data)
    assert registry.register(judge(), card(), ANN, NOW_US).version == 3
    with pytest.raises(Rejected, match="no version 2"):
        registry.open("pumps", 2, ANN, NOW_US, SCHEMA)
    assert registry.tidy("pumps", 0, ANN, NOW_US) == [1, 2]
    assert shelf.versions("pumps") == [3]
    assert book.history("pumps")[-1]["after"] == {"versions": [1, 2]}
    assert registry.tidy("pumps", 0, ANN, NOW_US) == []


@pytest.mark.usefixtures("quick")
def test_a_shelf_far_ahead_of_the_book_is_told(registry: Registry, tmp_path: Path) -> None:
    for version in range(1, 9):
        (tmp_path / "models" / "pumps" / str(version)).mkdir(parents=True)
        (tmp_path / "models" / "pumps" / str(version) / "x").touch()
    with pytest.raises(Conflict, match="ahead of the records"):
        registry.register(judge(), card(), ANN, NOW_US)


def test_a_file_that_is_refused_takes_no_number_and_the_audit_tells(registry: Registry, book: MemoryModelBook) -> None:
    with pytest.raises(Rejected, match="this is a pickle"):
        registry.register_file(b"\x80\x04N.", card(), ANN, NOW_US)
    [row] = book.history("pumps")
    assert (row["action"], row["actor"]) == ("file refused", "ann")
    assert "pickle" in json.dumps(row["after"])
    assert (book.entries(), book.reserve("pumps")) == ([], 1)


def test_a_model_that_cannot_be_kept_takes_no_number(registry: Registry, book: MemoryModelBook) -> None:
    with pytest.raises(Rejected, match="not_storable"):
        registry.register(lambda: 1, card(), ANN, NOW_US)
    assert book.reserve("pumps") == 1


@pytest.mark.usefixtures("quick")
def test_what_lies_on_the_shelf_can_be_read_by_a_person(registry: Registry, tmp_path: Path) -> None:
    registry.register(judge(), card(), ANN, NOW_US)
    place = tmp_path / "models" / "pumps" / "1"
    assert json.loads((place / "card.json").read_text())["kind"] == "principal_components"
    assert "Not for pumps that run less than an hour a day." in (place / "card.md").read_text()
