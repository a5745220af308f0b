"""A model becomes a file and comes back bit for bit; what cannot be kept is told where it stands."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from forewarn.core.errors import Rejected
from forewarn.core.faults import Fault
from forewarn.models.detectors.table import DETECTORS
from forewarn.models.diagnosis.learned import Learned
from forewarn.models.diagnosis.text import learn_text
from forewarn.models.life.contract import Life
from forewarn.models.life.table import LIFE_MODELS
from forewarn.models.registry.files import dumps, loads
from forewarn.models.registry.kinds import LEARNT, SKLEARN, class_of, key_of
from forewarn.models.registry.parts import from_parts, to_parts
from tests.models.registry.samples import window

NUMBERS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)
SCALARS = st.sampled_from([np.float64(0.1), np.float32(0.1), np.int64(-3), np.True_])
TYPES: Any = st.sampled_from([np.dtype(name) for name in ("f8", "f4", "i8", "u1", "?", "U3")])
ARRAYS: st.SearchStrategy[Any] = arrays.arrays(TYPES, arrays.array_shapes(min_side=0))
KEYS = st.text(max_size=5) | st.integers() | st.tuples(st.text(max_size=3), st.integers(0, 3))
VALUES = st.recursive(
    NUMBERS | ARRAYS | SCALARS | st.builds(Fault, st.text("ab", min_size=1), st.text("cd", min_size=1)),
    lambda inner: (
        st.lists(inner, max_size=3) | st.lists(inner, max_size=3).map(tuple) | st.dictionaries(KEYS, inner, max_size=3)
    ),
    max_leaves=12,
)


def same(one: Any, other: Any) -> bool:
    """Equal in type and in every bit, NaN included."""
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray):
        equal = np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
        return one.dtype == other.dtype and one.shape == other.shape and equal
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other or (one != one and other != other))


@given(VALUES)
def test_parts_put_together_are_the_value_that_was_taken_apart(value: Any) -> None:
    assert same(from_parts(to_parts(value)), value)


def test_a_file_gives_back_every_kind_of_value() -> None:
    value = {
        "plain": [None, True, 3, -(2**70), 0.1, float("nan"), float("inf"), "ü"],
        ("a", 1): (np.float64(0.1), np.float32(0.1), np.int8(-1), np.bool_(False)),
        "arrays": [np.zeros((0, 3)), np.array(1.5), np.asfortranarray(np.arange(6.0).reshape(2, 3)), np.array(["ab"])],
        "~": "an own key like the tag",
        "fault": Fault("rotor", "imbalance"),
    }
    assert same(loads(dumps(value)), value)


def test_the_same_array_in_two_places_comes_back_in_both() -> None:
    one = np.arange(3.0)
    assert same(loads(dumps([one, {"again": one}])), [one, {"again": one}])


@dataclass(frozen=True)
class Unlisted:
    gain: float


@pytest.mark.parametrize(
    ("model", "place"),
    [
        ({"a": [1, {2}]}, r"model\[0\]\[1\]: .*set|model\[0\]\[1\] is a builtins.set"),
        ((0, lambda: 1), r"model\[1\] is a builtins.function"),
        (Unlisted(1.0), r"model: .*Unlisted wants a line in LEARNT"),
        (np.array([object()]), r"model is an array of object"),
        (np.datetime64(0, "s"), r"model is an array of datetime64"),
        (range(3), r"model is a builtins.range"),
        (b"bytes", r"model is a builtins.bytes"),
    ],
)
def test_what_cannot_be_kept_is_told_with_its_place(model: object, place: str) -> None:
    with pytest.raises(Rejected, match=place) as refused:
        dumps(model)
    assert refused.value.reason == "not_storable"


def test_a_model_that_holds_itself_is_refused() -> None:
    ring: list[object] = []
    ring.append(ring)
    with pytest.raises(Rejected, match="does the model hold itself"):
        dumps(ring)


def test_a_file_of_another_version_of_a_class_says_which_fields_differ() -> None:
    part = to_parts(Fault("rotor", "imbalance"))
    assert isinstance(part, dict)
    part["fields"] = {"component": "rotor", "severity": 3}
    with pytest.raises(Rejected, match=r"severity is unknown, mechanism is missing"):
        from_parts(part)


@pytest.mark.parametrize(
    "part",
    [
        {"~": "object", "kind": "subprocess:Popen", "fields": {}},
        {"~": "object", "kind": ["fault"], "fields": {}},
        {"~": "function", "name": "eval"},
        {"~": "scalar", "value": np.arange(2)},
        {"~": "dict", "keys": ["a"], "values": []},
        {"~": "dict", "keys": [[1]], "values": [1]},
        {"~": "word", "kind": "fault", "value": 1},
        {"no": "tag"},
    ],
)
def test_forged_parts_are_refused(part: object) -> None:
    with pytest.raises(Rejected, match="bad_model_file"):
        from_parts(part)


@pytest.mark.parametrize("key", LEARNT)
def test_every_line_of_the_table_is_a_class_whose_fields_are_all_it_is_made_of(key: str) -> None:
    listed = class_of(key)
    assert listed is not None
    assert key_of(listed) == key
    if not issubclass(listed, Enum):
        assert is_dataclass(listed)
        assert all(f.init for f in fields(listed))
        assert listed.__dataclass_params__.frozen  # type: ignore[attr-defined] # the dataclass keeps its settings there


def test_every_listed_part_of_scikit_learn_exists() -> None:
    from importlib import import_module

    for name in SKLEARN:
        module, _, cls = name.rpartition(".")
        assert isinstance(getattr(import_module(module), cls), type), name


QUICK = ("limits", "principal_components", "cusum")


@pytest.mark.parametrize("name", [pytest.param(n, marks=() if n in QUICK else pytest.mark.slow) for n in DETECTORS])
def test_a_detector_from_a_file_answers_as_before_to_the_last_bit(name: str) -> None:
    learnt = DETECTORS[name].learn(window(400))
    asked = window(80, seed=2)
    again: Any = loads(dumps(learnt))
    before, after = learnt.strangeness(asked), again.strangeness(asked)
    assert np.array_equal(before.distance, after.distance, equal_nan=True)
    assert np.array_equal(before.pulls, after.pulls, equal_nan=True)
    assert np.isfinite(before.distance).any()


def lives(count: int) -> list[Life]:
    """Machines whose vibration grows until they fail."""
    told = []
    for place in range(count):
        rng = np.random.default_rng(100 + place)
        rows = int(rng.integers(50, 90))
        age = np.arange(1.0, rows + 1)
        values = np.column_stack(
            [np.exp(2 * age / rows) + rng.normal(0, 0.1, rows), 5 * age / rows + rng.normal(0, 0.2, rows)]
        )
        told.append(Life(f"machine-{place}", age, ("vibration", "temperature"), values, True))
    return told


@pytest.mark.slow
@pytest.mark.parametrize("name", LIFE_MODELS)
def test_a_life_model_from_a_file_answers_as_before_to_the_last_bit(name: str) -> None:
    learnt = LIFE_MODELS[name].learn(lives(10))
    asked = [life.until(40) for life in lives(3)]
    again: Any = loads(dumps(learnt))
    before, after = learnt.forecast(asked), again.forecast(asked)
    assert np.array_equal(before.left, after.left, equal_nan=True)
    assert before.said == after.said
    assert np.isfinite(before.left).any()


def test_what_orders_taught_and_the_reader_of_texts_come_back_too() -> None:
    learned = Learned(60, {("mechanism", "imbalance"): 0.25, ("trust",): -0.1})
    assert loads(dumps(learned)) == learned
    texts = ["bearing noisy", "hose leaks oil", "bearing hot", "oil under hose", "bucket cracked"] * 6
    reader = learn_text(texts, [["bearing"], ["hydraulics"], ["bearing"], ["hydraulics"], ["structure"]] * 6)
    again: Any = loads(dumps(reader))
    assert again.read(texts[:5]) == reader.read(texts[:5])
