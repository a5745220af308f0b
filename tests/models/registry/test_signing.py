"""A signature covers the whole card, and through it every byte of the file."""

from __future__ import annotations

import json
import os
import stat
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from forewarn.core.errors import Rejected
from forewarn.core.model_cards import FeatureSchema, card_bytes, card_from_json
from forewarn.models.registry.signing import SigningKey, signing_key
from tests.models.registry.samples import DIGEST, NOW_US, SCHEMA, card

KEY, OTHER = SigningKey(bytes(range(32))), SigningKey(bytes(32))
CARD = card(version=3, file_sha256=DIGEST)


def reason(signature: bytes | None, of: Any = CARD, key: SigningKey = KEY) -> str:
    with pytest.raises(Rejected) as refused:
        key.verify(of, signature)
    return refused.value.reason


def test_its_own_signature_passes() -> None:
    KEY.verify(CARD, KEY.sign(CARD))
    KEY.verify(card_from_json(json.loads(card_bytes(CARD))), KEY.sign(CARD))


@pytest.mark.parametrize(
    "changed",
    [
        {"version": 2},
        {"name": "fans"},
        {"file_sha256": "cd" * 32},
        {"metrics": {"false_alarms_per_year": 0.1}},
        {"limits": ""},
        {"data_span_us": (0, NOW_US)},
        {"schema": replace(SCHEMA, units=("mm/s", "K", "m3/h"))},
        {"schema": replace(SCHEMA, asset_class="fan")},
        {"schema": FeatureSchema(SCHEMA.names[::-1], SCHEMA.units[::-1], "pump")},
        {"extra": {"limit": 9.0}},
    ],
)
def test_a_signature_of_another_card_is_refused_whatever_differs(changed: dict[str, Any]) -> None:
    assert reason(KEY.sign(CARD), replace(CARD, **changed)) == "other_card"


def test_unsigned_and_signed_by_another_plant_are_told_apart() -> None:
    assert reason(None) == reason(b"") == "unsigned"
    assert reason(OTHER.sign(CARD)) == "other_key"
    stolen_name = OTHER.sign(CARD).replace(OTHER.id.encode(), KEY.id.encode())
    assert reason(stolen_name) == "other_card"


@pytest.mark.parametrize(
    "changed",
    [
        {"algorithm": "none"},
        {"algorithm": "hmac-md5"},
        {"signature": None},
        {"key": 1},
        {"more": "x"},
    ],
)
def test_a_signature_cannot_choose_how_it_is_checked(changed: dict[str, Any]) -> None:
    told = {**json.loads(KEY.sign(CARD)), **changed}
    assert reason(json.dumps(told).encode()) == "bad_signature"


@pytest.mark.parametrize("text", [b"x", b"[]", b"\xff", b"[" * 100_000, b"{}" + b" " * 5000])
def test_what_is_no_signature_is_refused(text: bytes) -> None:
    assert reason(text) == "bad_signature"


def test_a_card_without_version_or_file_is_not_signed() -> None:
    for unfinished in (replace(CARD, version=0), replace(CARD, file_sha256="")):
        with pytest.raises(ValueError, match="signed when"):
            KEY.sign(unfinished)


def test_the_key_is_made_once_for_this_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "state" / "models.key"
    made = signing_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert signing_key(path) == made
    assert [p.name for p in path.parent.iterdir()] == ["models.key"]
    assert made.secret.hex() not in repr(made)


def test_programs_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    ready, keys = threading.Barrier(8), list[SigningKey]()

    def run() -> None:
        ready.wait()
        keys.append(signing_key(tmp_path / "models.key"))

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 8
    assert len({key.id for key in keys}) == 1


def test_a_key_that_others_could_have_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "models.key"
    signing_key(path)
    path.chmod(0o640)
    with pytest.raises(Rejected, match="bad_key"):
        signing_key(path)
    path.chmod(0o600)
    link = tmp_path / "link.key"
    link.symlink_to(path)
    with pytest.raises(Rejected, match="bad_key"):
        signing_key(link)
    nowhere = tmp_path / "nowhere.key"
    nowhere.symlink_to(tmp_path / "made-through-a-link")
    with pytest.raises(Rejected, match="bad_key"):
        signing_key(nowhere)
    path.write_bytes(b"short")
    with pytest.raises(Rejected, match="32 bytes"):
        signing_key(path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_key_of_another_user_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "models.key"
    signing_key(path)
    os.chown(path, 12345, 12345)
    with pytest.raises(Rejected, match="bad_key"):
        signing_key(path)
