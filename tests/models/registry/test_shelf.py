"""Versions on disk: whole or not there, never changed, and never read through a link or under another name."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forewarn.core.errors import Conflict, Rejected, Retriable
from forewarn.core.model_cards import ModelCard, ModelEntry, Stage, way_back
from forewarn.models.registry import shelf as shelf_module
from forewarn.models.registry.files import dumps, sha256
from forewarn.models.registry.shelf import Shelf, to_drop
from forewarn.models.registry.signing import SigningKey
from tests.models.registry.samples import card

KEY = SigningKey(bytes(range(32)))
DATA, NEWER = dumps({"weights": [1.0, 2.0]}), dumps({"weights": [1.0, 3.0]})


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path, KEY)


def put(shelf: Shelf, version: int, data: bytes = DATA, name: str = "pumps") -> ModelCard:
    described = card(name, version, sha256(data))
    shelf.put(described, data)
    return described


def reason(shelf: Shelf, name: str = "pumps", version: int = 2) -> str:
    with pytest.raises(Rejected) as refused:
        shelf.read(name, version)
    return refused.value.reason


def test_a_version_comes_back_with_its_card_and_bytes(shelf: Shelf, tmp_path: Path) -> None:
    described = put(shelf, 1)
    read = shelf.read("pumps", 1)
    assert (read.card, read.data) == (described, DATA)
    assert sorted(p.name for p in (tmp_path / "pumps" / "1").iterdir()) == [
        "card.json",
        "card.md",
        "model.skops",
        "signature.json",
    ]
    assert (shelf.names(), shelf.versions("pumps"), shelf.versions("fans")) == (["pumps"], [1], [])


def test_the_page_of_a_card_says_what_a_person_asks(shelf: Shelf) -> None:
    described = card(version=1, file_sha256=sha256(DATA), limits="Not for <script>fans</script> | pumps.")
    page = (shelf.put(described, DATA) / "card.md").read_text()
    for said in ("# pumps, version 1", "false_alarms_per_year | 0.8", "2. motor:temperature \\[degC\\]", "300", "2027"):
        assert said in page
    assert "Not for &lt;script>fans&lt;/script> \\| pumps." in page


def test_a_version_is_never_written_twice(shelf: Shelf) -> None:
    put(shelf, 1)
    with pytest.raises(Conflict):
        put(shelf, 1, NEWER)
    assert shelf.read("pumps", 1).data == DATA


def test_a_card_of_another_file_is_not_kept(shelf: Shelf) -> None:
    with pytest.raises(ValueError, match="another file"):
        shelf.put(card(version=1, file_sha256=sha256(NEWER)), DATA)


def change_model(place: Path) -> None:
    (place / "model.skops").write_bytes(NEWER)


def change_card(place: Path) -> None:
    told = json.loads((place / "card.json").read_text())
    (place / "card.json").write_text(json.dumps({**told, "rows": 10**6}))


def unsign(place: Path) -> None:
    (place / "signature.json").unlink()


def sign_by_another(place: Path) -> None:
    described = card(version=2, file_sha256=sha256(DATA))
    (place / "signature.json").write_bytes(SigningKey(bytes(32)).sign(described))


def downgrade(place: Path) -> None:
    shutil.rmtree(place)
    shutil.copytree(place.with_name("1"), place)


def downgrade_model_and_card(place: Path) -> None:
    for name in ("model.skops", "card.json"):
        shutil.copy(place.with_name("1") / name, place / name)


def of_another_name(place: Path) -> None:
    Shelf(place.parents[1], KEY).put(card("fans", 2, sha256(DATA)), DATA)
    shutil.rmtree(place)
    shutil.copytree(place.parents[1] / "fans" / "2", place)


def no_card(place: Path) -> None:
    (place / "card.json").write_bytes(b"{")


def another_card(place: Path) -> None:
    (place / "card.json").write_text('{"name": "pumps"}')


def swap_for_pickle(place: Path) -> None:
    """Signed by who has the key, and still no model file."""
    data = b"\x80\x04."
    described = card(version=2, file_sha256=sha256(data))
    shutil.rmtree(place)
    Shelf(place.parents[1], KEY).put(described, data)


def gone(place: Path) -> None:
    shutil.rmtree(place)


def model_gone(place: Path) -> None:
    (place / "model.skops").unlink()


FORGERIES: list[tuple[Callable[[Path], None], str]] = [
    (change_model, "changed_file"),
    (change_card, "other_card"),
    (unsign, "unsigned"),
    (sign_by_another, "other_key"),
    (downgrade, "other_version"),
    (downgrade_model_and_card, "other_card"),
    (of_another_name, "other_version"),
    (no_card, "bad_card"),
    (another_card, "bad_card"),
    (swap_for_pickle, "not_a_model_file"),
    (gone, "unknown_model"),
    (model_gone, "unknown_model"),
]


@pytest.mark.parametrize(("forge", "why"), FORGERIES, ids=[forge.__name__ for forge, _ in FORGERIES])
def test_forged_versions_are_refused(shelf: Shelf, tmp_path: Path, forge: Callable[[Path], None], why: str) -> None:
    put(shelf, 1, NEWER)
    put(shelf, 2)
    forge(tmp_path / "pumps" / "2")
    assert reason(shelf) == why


def link_model(place: Path, outside: Path) -> None:
    (place / "model.skops").rename(outside)
    (place / "model.skops").symlink_to(outside)


def hard_link_model(place: Path, outside: Path) -> None:
    os.link(place / "model.skops", outside)


def link_folder(place: Path, outside: Path) -> None:
    place.rename(outside)
    place.symlink_to(outside)


def link_name(place: Path, outside: Path) -> None:
    place.parent.rename(outside)
    place.parent.symlink_to(outside)


def a_pipe(place: Path, outside: Path) -> None:
    (place / "model.skops").unlink()
    os.mkfifo(place / "model.skops")


@pytest.mark.parametrize("link", [link_model, hard_link_model, link_folder, link_name, a_pipe])
def test_nothing_is_read_through_links_or_devices(tmp_path: Path, link: Callable[[Path, Path], None]) -> None:
    shelf = Shelf(tmp_path / "models", KEY)
    put(shelf, 2)
    link(tmp_path / "models" / "pumps" / "2", tmp_path / "outside")
    assert reason(shelf) == "linked_file"


@pytest.mark.parametrize("name", ["../pumps", "..", "/etc", "a/b", "", "PUMPS", "a..b", "-a", "p" * 65, "a\0b"])
def test_a_name_that_is_a_path_is_no_name(shelf: Shelf, name: str) -> None:
    assert reason(shelf, name) == "unknown_model"
    with pytest.raises(ValueError, match="name"):
        card(name)


def test_a_file_that_is_too_big_is_not_read(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    put(shelf, 2)
    monkeypatch.setattr(shelf_module, "MOST_BYTES", 100)
    assert reason(shelf) == "bad_model_file"


def test_a_shelf_that_is_not_mounted_says_nothing_against_its_models(tmp_path: Path) -> None:
    with pytest.raises(Retriable, match="the shelf cannot be used now"):
        Shelf(tmp_path / "not-mounted", KEY).read("pumps", 1)


def test_a_full_disk_leaves_nothing_behind(shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.fsync

    def full(handle: int) -> None:
        if "signature" in Path(f"/proc/self/fd/{handle}").readlink().name:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(handle)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Retriable, match="No space left"):
        put(shelf, 1)
    assert list((tmp_path / "pumps").iterdir()) == []
    monkeypatch.undo()
    put(shelf, 1)


def test_what_a_crash_left_half_written_is_not_seen_and_can_be_swept(shelf: Shelf, tmp_path: Path) -> None:
    put(shelf, 1)
    half = tmp_path / "pumps" / ".2-0123456789abcdef"
    half.mkdir()
    (half / "model.skops").write_bytes(DATA[:10])
    assert shelf.versions("pumps") == [1]
    put(shelf, 2)
    assert shelf.drop_unfinished("pumps") == 1
    assert shelf.versions("pumps") == [1, 2]


def test_dropped_versions_are_gone_and_dropping_again_does_nothing(shelf: Shelf) -> None:
    put(shelf, 1)
    put(shelf, 2)
    assert [shelf.drop("pumps", 1), shelf.drop("pumps", 1)] == [True, False]
    assert shelf.versions("pumps") == [2]


STAGES = st.lists(
    st.tuples(st.sampled_from(Stage), st.booleans(), st.sampled_from(["", "crashed"])), min_size=1, max_size=8
)


@given(STAGES, st.sets(st.integers(1, 12)), st.integers(0, 4))
def test_only_old_retired_versions_and_orphans_are_dropped(
    told: list[tuple[Stage, bool, str]], on_disk: set[int], keep: int
) -> None:
    entries = [
        ModelEntry(card(version=n), stage, 1, n, promoted_at_us=n if promoted else None, failed=failed)
        for n, (stage, promoted, failed) in enumerate(told, 1)
    ]
    gone = to_drop(entries, on_disk, keep)
    stages = {entry.version: entry.stage for entry in entries}
    back = way_back(entries)
    assert set(gone) <= on_disk
    assert all(stages.get(version, Stage.RETIRED) is Stage.RETIRED for version in gone)
    assert back is None or back.version not in gone
    assert all(version < max(stages) for version in gone if version not in stages)
    retired = sorted((v for v, stage in stages.items() if stage is Stage.RETIRED), reverse=True)
    assert not set(retired[:keep]) & set(gone)
    left = {v for v in retired[keep:] if v in on_disk and v not in gone}
    assert left <= ({back.version} if back else set())
