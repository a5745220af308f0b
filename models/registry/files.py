"""A model as bytes, and back. What is read was checked from outside first (`container`), and its trees afterwards.

`loads` builds objects in this process: call it for bytes that `loader.check_in_child` has let pass.
"""

from __future__ import annotations

import hashlib
from typing import Any

from forewarn.core.errors import Rejected
from forewarn.models.registry.container import check_container
from forewarn.models.registry.kinds import LEARNT, PROTOCOL, TRUSTED, class_of
from forewarn.models.registry.parts import from_parts, to_parts
from forewarn.models.registry.structure import check_structure

FORMAT = 1
"""Counts up when older files can no longer be read."""


def dumps(model: object) -> bytes:
    """The model as a skops file. Raises Rejected "not_storable" for parts that are on no list of `kinds`.

    Checked as a reader would: what cannot be read again is never kept.
    """
    data = _skops().dumps({"format": FORMAT, "skops_protocol": PROTOCOL, "model": to_parts(model)})
    check_container(data)
    return bytes(data)


def loads(data: bytes) -> object:
    """The model in a file. Raises Rejected for everything that `container` refuses, and for trees with false links."""
    check_container(data)
    try:
        told = _skops().loads(data, trusted=TRUSTED)
    except Exception as error:  # skops and scikit-learn raise whatever a crooked attribute leads to
        raise Rejected("bad_model_file", f"it cannot be put together: {type(error).__name__}: {error}") from error
    if not isinstance(told, dict) or told.get("format") != FORMAT or "model" not in told:
        raise Rejected("bad_model_file", "a skops file, but none that Forewarn has written")
    check_structure(told["model"])
    return from_parts(told["model"])


def prepare() -> None:
    """Import everything that loading may need, for a process that is about to limit itself."""
    _skops()  # brings all of scikit-learn

    for key in LEARNT:
        class_of(key)


def sha256(data: bytes) -> str:
    """Digest of a file, in hex."""
    return hashlib.sha256(data).hexdigest()


def _skops() -> Any:
    import skops.io

    return skops.io
