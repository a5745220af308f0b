"""Only files as Forewarn writes them get as far as a loader: everything else is refused by its content."""

from __future__ import annotations

import contextlib
import io
import json
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import skops.io
from hypothesis import given
from hypothesis import strategies as st
from numpy.lib import format as npy

from forewarn.core.errors import Rejected
from forewarn.models.registry import container
from forewarn.models.registry.container import check_container
from forewarn.models.registry.files import dumps, loads
from tests.models.registry.samples import entries_of, forged, zipped

GOOD = dumps({"weights": np.arange(6.0).reshape(2, 3), "names": ("a", "b")})


class Bomb:
    """What a pickle may hide: a call that is made while loading."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return Path.mkdir, ("/tmp/forewarn-was-here",)


def saved(write: Callable[[io.BytesIO], object]) -> bytes:
    buffer = io.BytesIO()
    write(buffer)
    return buffer.getvalue()


OBJECTS = np.array([Bomb()], dtype=object)
FOREIGN = {
    "a pickle": pickle.dumps(Bomb()),
    "an old pickle": pickle.dumps([1, 2], protocol=0),
    "joblib": saved(lambda buffer: joblib.dump(Bomb(), buffer)),
    "joblib in zlib": saved(lambda buffer: joblib.dump(Bomb(), buffer, compress=3)),
    "joblib in gzip": saved(lambda buffer: joblib.dump(Bomb(), buffer, compress=("gzip", 3))),
    "an array of objects": saved(lambda buffer: np.save(buffer, OBJECTS, allow_pickle=True)),
    "arrays": saved(lambda buffer: np.savez(buffer, a=np.arange(3))),
    "PyTorch": zipped({"archive/data.pkl": pickle.dumps(Bomb()), "archive/version": b"3"}),
    "PyTorch with a schema": zipped({"schema.json": b"{}", "archive/data.pkl": pickle.dumps(Bomb())}),
    "Keras": zipped({"config.json": b"{}", "model.weights.h5": b""}),
    "MLflow": zipped({"schema.json": b"{}", "model/MLmodel": b"", "model/code/lightgbm.py": b"import os"}),
    "LightGBM": b"tree\nversion=v4\nleft_child=99999\n",
    "JSON": b'{"tree": [1]}',
    "nothing": b"",
    "half a ZIP": GOOD[: len(GOOD) // 2],
}


@pytest.mark.parametrize("data", FOREIGN.values(), ids=FOREIGN)
def test_other_formats_are_refused_by_their_content_whatever_they_are_called(data: bytes) -> None:
    with pytest.raises(Rejected) as refused:
        loads(data)
    assert refused.value.reason in ("not_a_model_file", "bad_model_file")
    assert not Path("/tmp/forewarn-was-here").exists()


def test_a_refusal_says_what_it_is_instead() -> None:
    with pytest.raises(Rejected, match="this is a pickle"):
        check_container(FOREIGN["a pickle"])
    with pytest.raises(Rejected, match="PyTorch file, which holds a pickle"):
        check_container(FOREIGN["PyTorch"])


def added(name: str, content: bytes = b"x") -> bytes:
    return zipped({**entries_of(GOOD), name: content})


def linked() -> bytes:
    """Everything as it should be, but one array says that it is a link."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in entries_of(GOOD).items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (0o100600 if name == "schema.json" else 0o120777) << 16
            archive.writestr(entry, content)
    return buffer.getvalue()


def commented() -> bytes:
    buffer = io.BytesIO(GOOD)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.comment = b"#!/bin/sh"
    return buffer.getvalue()


def twice() -> bytes:
    buffer = io.BytesIO(GOOD)
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("schema.json", b"{}")
    return buffer.getvalue()


TRICKS: dict[str, Callable[[], bytes]] = {
    "a way up": lambda: added("../1.npy"),
    "an absolute path": lambda: added("/etc/1.npy"),
    "a Windows path": lambda: added("..\\1.npy"),
    "a folder": lambda: added("1.npy/"),
    "a program": lambda: added("code/lightgbm.py"),
    "a link": linked,
    "an entry twice": twice,
    "a comment": commented,
    "something before": lambda: b"PK\x03\x04" + GOOD,
    "a bomb": lambda: zipped({**entries_of(GOOD), "1.npy": bytes(50 * 2**20)}, zipfile.ZIP_DEFLATED),
    "an array that nobody asks for": lambda: added("1.npy", saved(lambda b: np.save(b, np.arange(3)))),
}


@pytest.mark.parametrize("make", TRICKS.values(), ids=TRICKS)
def test_tricks_with_the_archive_are_refused(make: Callable[[], bytes]) -> None:
    with pytest.raises(Rejected, match="bad_model_file"):
        check_container(make())


@pytest.mark.parametrize(("limit", "most"), [("MOST_ENTRIES", 1), ("MOST_BYTES", 100), ("MOST_SCHEMA_BYTES", 100)])
def test_a_file_that_is_too_big_is_refused(monkeypatch: pytest.MonkeyPatch, limit: str, most: int) -> None:
    monkeypatch.setattr(container, limit, most)
    with pytest.raises(Rejected, match="bad_model_file"):
        check_container(GOOD)


def renamed(loader: str, module: str, name: str) -> Callable[[Any], None]:
    def change(tree: Any) -> None:
        tree["content"]["model"] = {"__loader__": loader, "__module__": module, "__class__": name, "content": {}}

    return change


@pytest.mark.parametrize(
    ("loader", "module", "name"),
    [
        ("ObjectNode", "subprocess", "Popen"),
        ("ObjectNode", "sklearn.linear_model._stochastic_gradient", "SGDClassifier"),  # harmless, and not listed
        ("FunctionNode", "os", "system"),
        ("FunctionNode", "numpy", "exp"),
        ("MethodNode", "sklearn.svm._classes", "SVR"),
        ("PartialNode", "functools", "partial"),
        ("OperatorFuncNode", "operator", "methodcaller"),
        ("TypeNode", "builtins", "eval"),
        ("TypeNode", "builtins", "dict"),
        ("ConstructorFromReduceNode", "sklearn.svm._classes", "SVR"),
        ("ListNode", "os", "system"),
        ("DictNode", "collections", "OrderedDict"),
    ],
)
def test_types_that_are_not_listed_are_refused(loader: str, module: str, name: str) -> None:
    with pytest.raises(Rejected, match="foreign_type"):
        check_container(forged(GOOD, renamed(loader, module, name)))


def test_the_list_is_narrower_than_what_skops_trusts_by_itself() -> None:
    ufunc = skops.io.dumps({"format": 1, "model": np.exp})
    assert skops.io.get_untrusted_types(data=ufunc) == []
    with pytest.raises(Rejected, match="foreign_type"):
        check_container(ufunc)


def test_a_node_without_a_loader_or_of_an_older_protocol_is_refused() -> None:
    def nameless(tree: Any) -> None:
        tree["content"]["model"] = {"__class__": "system", "__module__": "os"}

    for change in (nameless, lambda tree: tree.update(protocol=0), lambda tree: tree.pop("protocol")):
        with pytest.raises(Rejected, match="bad_model_file"):
            check_container(forged(GOOD, change))


def test_a_tree_that_is_too_deep_to_read_is_refused() -> None:
    deep = b"[" * 200_000 + b"]" * 200_000
    with pytest.raises(Rejected, match="bad_model_file"):
        check_container(zipped({"schema.json": b'{"protocol": 2, "content": ' + deep + b"}"}))


def array_file(descr: object, shape: tuple[int, ...], body: bytes) -> bytes:
    buffer = io.BytesIO()
    npy.write_array_header_1_0(buffer, {"descr": descr, "fortran_order": False, "shape": shape})
    return buffer.getvalue() + body


@pytest.mark.parametrize(
    "array",
    [
        array_file("<f8", (6,), bytes(40)),  # too short
        array_file("<f8", (10**11,), bytes(48)),  # 100 GB, it says
        array_file("<f8", (-6,), bytes(48)),
        array_file("|O", (6,), bytes(48)),
        array_file([("a", "|O"), ("b", "<f8")], (3,), bytes(48)),
        b"\x93NUMPY\x09\x00" + bytes(60),
        b"\x93NUMPY\x01\x00\xff\xff{",
        b"",
    ],
)
def test_arrays_that_lie_about_themselves_are_refused(array: bytes) -> None:
    entries = entries_of(GOOD)
    [name] = [name for name in entries if name.endswith(".npy")]
    with pytest.raises(Rejected, match="bad_model_file"):
        check_container(zipped({**entries, name: array}))


@given(st.data())
def test_a_file_with_any_bytes_changed_is_read_or_refused_and_nothing_else(data: st.DataObject) -> None:
    changed = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(0, len(GOOD) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(Rejected):
        check_container(bytes(changed))


def test_what_was_written_passes_and_names_only_listed_types() -> None:
    check_container(GOOD)
    tree = json.loads(entries_of(GOOD)["schema.json"])
    assert tree["__loader__"] == "DictNode"
