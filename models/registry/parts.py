"""A model that has learnt, taken apart into plain values, and put together again: bit for bit the same.

Plain are None, bool, int, float, str, lists, arrays of numbers or texts, and listed scikit-learn estimators; tuples,
mappings, numpy scalars, words of an enumeration and listed dataclasses become small tagged lists. What is not on
the lists of `kinds` is refused when the file is written, with the place where it stands in the model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum

import numpy as np

from forewarn.core.errors import Rejected
from forewarn.models.registry.kinds import LEARNT, SKLEARN, class_of, key_of

Part = object
"""None, bool, int, float, str, list of parts, array, estimator, or a dict with the key `TAG`."""

TAG = "~"
ARRAY_KINDS = "biufcUS"  # no objects: an array of them would need a pickle
DEEPEST = 50


def to_parts(value: object, place: str = "model", depth: int = 0) -> Part:
    """Take apart. Raises Rejected "not_storable", which names the place, for anything that is not on the lists.

    >>> to_parts((1, "a"))
    {'~': 'tuple', 'items': [1, 'a']}
    """
    if depth > DEEPEST:
        raise Rejected("not_storable", f"{place} lies deeper than {DEEPEST} levels; does the model hold itself?")
    if value is None or type(value) in (bool, int, float, str) or _is_estimator(value):
        return value
    if isinstance(value, Enum):
        return {TAG: "word", "kind": _key(value, place), "value": value.value}
    if isinstance(value, np.generic):
        return {TAG: "scalar", "value": _array(np.asarray(value), place)}
    if type(value) is np.ndarray:
        return _array(value, place)
    if is_dataclass(value) and not isinstance(value, type):
        kept = {f.name: to_parts(getattr(value, f.name), f"{place}.{f.name}", depth + 1) for f in fields(value)}
        return {TAG: "object", "kind": _key(value, place), "fields": kept}
    if isinstance(value, Mapping):
        keys, values = list(value), list(value.values())
        return {TAG: "dict", "keys": _items(keys, place, depth), "values": _items(values, place, depth)}
    if type(value) is list:
        return _items(value, place, depth)
    if type(value) is tuple:
        return {TAG: "tuple", "items": _items(value, place, depth)}
    raise Rejected(
        "not_storable", f"{place} is a {_name(value)}, which model files do not hold (see registry/kinds.py)"
    )


def from_parts(part: Part) -> object:
    """Put together. Raises Rejected "bad_model_file" for parts that this version does not know.

    >>> from_parts(to_parts({"a": (1, 2.5)}))
    {'a': (1, 2.5)}
    """
    if isinstance(part, list):
        return [from_parts(item) for item in part]
    if not isinstance(part, dict):
        return part
    maker = MAKERS.get(str(part.get(TAG)))
    if maker is None:
        raise Rejected(
            "bad_model_file", f"a part of the unknown sort {part.get(TAG)!r}; was it written by a newer one?"
        )
    try:
        return maker(part)
    except (KeyError, TypeError, ValueError) as error:
        raise Rejected("bad_model_file", f"a {part[TAG]} does not fit together: {error}") from error


def _items(values: Iterable[object], place: str, depth: int) -> list[Part]:
    return [to_parts(value, f"{place}[{number}]", depth + 1) for number, value in enumerate(values)]


def _array(values: np.ndarray[tuple[int, ...], np.dtype[np.generic]], place: str) -> Part:
    if values.dtype.kind not in ARRAY_KINDS:
        raise Rejected("not_storable", f"{place} is an array of {values.dtype}; numbers and texts can be kept")
    return values


def _is_estimator(value: object) -> bool:
    return f"{type(value).__module__}.{type(value).__qualname__}" in SKLEARN


def _key(value: object, place: str) -> str:
    key = key_of(type(value))
    if key is None:
        raise Rejected("not_storable", f"{place}: {_name(value)} wants a line in LEARNT of models/registry/kinds.py")
    return key


def _name(value: object) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"


def _listed(key: object) -> type:
    found = class_of(key) if isinstance(key, str) else None
    if found is None:
        raise Rejected("bad_model_file", f"{key!r} is none of: {', '.join(LEARNT)}")
    return found


def _word(part: dict[str, Part]) -> object:
    listed = _listed(part["kind"])
    if not issubclass(listed, Enum):
        raise ValueError(f"{part['kind']} has no words")
    return listed(part["value"])


def _scalar(part: dict[str, Part]) -> object:
    value = part["value"]
    if not isinstance(value, np.ndarray) or value.shape != ():
        raise ValueError("a scalar is an array without axes")
    return value[()]


def _tuple(part: dict[str, Part]) -> object:
    return tuple(_list(part["items"]))


def _dict(part: dict[str, Part]) -> object:
    return dict(zip(_list(part["keys"]), _list(part["values"]), strict=True))


def _list(part: Part) -> list[object]:
    if not isinstance(part, list):
        raise ValueError("a list was expected")
    return [from_parts(item) for item in part]


def _object(part: dict[str, Part]) -> object:
    listed, kept = _listed(part["kind"]), part["fields"]
    if not is_dataclass(listed) or not isinstance(kept, dict):
        raise ValueError(f"{part['kind']} has no fields")
    wanted = {f.name: f for f in fields(listed)}
    unknown = sorted(set(kept) - set(wanted))
    missing = sorted(name for name, f in wanted.items() if name not in kept and not _has_default(f))
    if unknown or missing:
        told = [f"{name} is unknown" for name in unknown] + [f"{name} is missing" for name in missing]
        raise Rejected("bad_model_file", f"{part['kind']} was written by another version: {', '.join(told)}")
    return listed(**{name: from_parts(value) for name, value in kept.items()})


def _has_default(field: Field[object]) -> bool:
    return field.default is not MISSING or field.default_factory is not MISSING


MAKERS: dict[str, Callable[[dict[str, Part]], object]] = {
    "word": _word,
    "scalar": _scalar,
    "tuple": _tuple,
    "dict": _dict,
    "object": _object,
}
"""Tag -> what becomes of it."""
