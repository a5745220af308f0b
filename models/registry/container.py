"""What a skops file looks like from outside, checked before anything in it is built.

A skops file is a ZIP with `schema.json` (a tree of nodes, each naming the class it becomes) and arrays in NumPy's
format. Here the bytes are compared with the lists of `kinds` by the standard library alone: no class is imported, no
array allocated. Everything is refused that Forewarn does not write itself: compressed or encrypted entries, paths,
links, entries that overlap or lie, other formats whatever they are called, classes that are not listed.
"""

from __future__ import annotations

import ast
import io
import json
import math
import re
import stat
import struct
import zipfile
from collections.abc import Iterator

from forewarn.core.errors import Rejected
from forewarn.models.registry.kinds import NODES, PROTOCOL

MOST_BYTES = 256 * 2**20
"""Size of a model file, and of an array in it."""
MOST_ENTRIES = 50_000
MOST_SCHEMA_BYTES = 64 * 2**20
SCHEMA = "schema.json"
ARRAY = re.compile(r"[0-9]{1,20}\.npy")

LOOKS_LIKE: tuple[tuple[bytes, str], ...] = (
    (b"\x80", "a pickle"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\x89HDF", "an HDF5 file (Keras)"),
    (b"\x1f\x8b", "a gzip file (joblib)"),
    (b"\x78", "a zlib file (joblib)"),
    (b"BZh", "a bzip2 file (joblib)"),
    (b"\xfd7zXZ", "an xz file (joblib)"),
    (b"\x28\xb5\x2f\xfd", "a zstd file"),
    (b"tree\n", "a LightGBM model"),
    (b"{", "a JSON file"),
)
"""First bytes -> what to call it."""

FOREIGN_ENTRIES: tuple[tuple[str, str], ...] = (
    ("data.pkl", "a PyTorch file, which holds a pickle"),
    ("model.weights.h5", "a Keras file"),
    ("MLmodel", "an MLflow folder"),
)


def check_container(data: bytes) -> None:
    """Raises Rejected "not_a_model_file" for another format, "bad_model_file" for one that is not as it should be."""
    if not data.startswith(b"PK\x03\x04"):
        what = next((name for start, name in LOOKS_LIKE if data.startswith(start)), "no ZIP file")
        raise Rejected("not_a_model_file", f"a model file is a skops file; this is {what}, and nothing else is loaded")
    if len(data) > MOST_BYTES:
        raise Rejected("bad_model_file", f"{len(data)} bytes are more than {MOST_BYTES}")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_entries(archive, len(data))
            arrays = _check_schema(archive.read(SCHEMA))
            _check_arrays(archive, arrays)
    except (zipfile.BadZipFile, NotImplementedError, struct.error, EOFError, UnicodeDecodeError) as error:
        raise Rejected("bad_model_file", f"the ZIP is broken: {error}") from error


def _check_entries(archive: zipfile.ZipFile, size: int) -> None:
    entries = archive.infolist()
    names = [entry.filename for entry in entries]
    for name, what in FOREIGN_ENTRIES:
        if any(found == name or found.endswith("/" + name) for found in names):
            raise Rejected("not_a_model_file", f"this is {what}; only skops files are loaded")
    if SCHEMA not in names:
        raise Rejected("not_a_model_file", f"a ZIP without {SCHEMA} is no skops file")
    if len(entries) > MOST_ENTRIES or len(set(names)) != len(names):
        raise _bad(f"{len(entries)} entries, {len(set(names))} names")
    if archive.comment or min(entry.header_offset for entry in entries) != 0:
        raise _bad("there is something before, after or beside the ZIP")
    for entry in entries:
        _check_entry(entry)
    if sum(entry.file_size for entry in entries) > size:
        raise _bad("its entries overlap")


def _check_entry(entry: zipfile.ZipInfo) -> None:
    if entry.filename != SCHEMA and not ARRAY.fullmatch(entry.filename):
        raise _bad(f"an entry is called {entry.filename[:80]!r}: only {SCHEMA} and numbered arrays are read")
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        raise _bad(f"{entry.filename} is a link or a folder")
    if entry.flag_bits & 0x1 or entry.compress_type != zipfile.ZIP_STORED or entry.compress_size != entry.file_size:
        raise _bad(f"{entry.filename} is compressed or encrypted; Forewarn stores entries as they are")
    if entry.filename == SCHEMA and entry.file_size > MOST_SCHEMA_BYTES:
        raise _bad(f"{SCHEMA} has {entry.file_size} bytes")


def _check_schema(text: bytes) -> set[str]:
    """Names of the arrays that a good tree of nodes asks for."""
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _bad(f"{SCHEMA} is no JSON: {error}") from error
    if not isinstance(tree, dict) or tree.get("protocol") != PROTOCOL:
        raise _bad(f"{SCHEMA} does not follow protocol {PROTOCOL} of skops; train the model again with this version")
    arrays: set[str] = set()
    for node in _nodes(tree):
        _check_class(node)
        if node["__loader__"] == "NdArrayNode" and node.get("type") == "numpy":
            arrays.add(str(node.get("file")))
    return arrays


def _nodes(tree: object) -> Iterator[dict[str, object]]:
    """Everything that skops would take for a node."""
    waiting = [tree]
    while waiting:
        found = waiting.pop()
        if isinstance(found, dict):
            if "__loader__" in found:
                yield found
            elif "__class__" in found or "__module__" in found:
                raise _bad("a node does not say how it is loaded")
            waiting.extend(found.values())
        elif isinstance(found, list):
            waiting.extend(found)


def _check_class(node: dict[str, object]) -> None:
    loader, name = node["__loader__"], f"{node.get('__module__')}.{node.get('__class__')}"
    if loader == "CachedNode":
        return  # stands for a node that was met before
    listed = NODES.get(loader) if isinstance(loader, str) else None
    if listed is None or name not in listed:
        raise Rejected(
            "foreign_type", f"{name[:200]} ({str(loader)[:50]}) is not among the types that models are made of"
        )


def _check_arrays(archive: zipfile.ZipFile, wanted: set[str]) -> None:
    stored = {entry.filename: entry for entry in archive.infolist() if entry.filename != SCHEMA}
    if wanted != set(stored):
        odd = sorted(wanted ^ set(stored))[:3]
        raise _bad(f"arrays that are asked for and arrays that are there differ: {', '.join(odd)}")
    for name in stored:
        _check_array(name, archive.read(name))


def _check_array(name: str, data: bytes) -> None:
    """The header of an array speaks of just the bytes that follow: numbers and texts, no objects, no false size."""
    length_at = {b"\x93NUMPY\x01\x00": "<H", b"\x93NUMPY\x02\x00": "<I", b"\x93NUMPY\x03\x00": "<I"}.get(data[:8])
    if length_at is None:
        raise _bad(f"{name} is no array")
    start = 8 + struct.calcsize(length_at)
    [length] = struct.unpack_from(length_at, data, 8)
    if length > 10_000:
        raise _bad(f"the header of {name} has {length} bytes")
    try:
        header = ast.literal_eval(data[start : start + length].decode("latin-1").strip())
        count, itemsize = math.prod(header["shape"]), _itemsize(header["descr"])
    except (ValueError, SyntaxError, TypeError, KeyError, RecursionError, MemoryError) as error:
        raise _bad(f"the header of {name} cannot be read: {error}") from error
    if count * itemsize != len(data) - start - length:
        raise _bad(f"{name} speaks of {count} items of {itemsize} bytes and holds {len(data) - start - length} bytes")


def _itemsize(descr: object) -> int:
    """Bytes of an item; ValueError for objects and for whatever else is no number or text.

    >>> _itemsize("<f8"), _itemsize([("left", "<i8"), ("value", "<f8")])
    (8, 16)
    """
    if isinstance(descr, list):
        return sum(_itemsize(part[1]) * math.prod(part[2] if len(part) > 2 else ()) for part in descr)
    found = re.fullmatch(r"[<>|=]([biufcUSV])([0-9]{1,6})", str(descr))
    if found is None:
        raise ValueError(f"items of type {descr!r} are not kept")
    return int(found[2]) * (4 if found[1] == "U" else 1)


def _bad(detail: str) -> Rejected:
    return Rejected("bad_model_file", detail)
