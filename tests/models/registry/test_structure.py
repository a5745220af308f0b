"""Links and sizes that compiled code follows blindly are looked at first."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from forewarn.core.errors import Rejected
from forewarn.models.registry.files import dumps, loads
from tests.models.registry.samples import entries_of, zipped

Change = Callable[[Any], None]


def data() -> tuple[Any, Any]:
    rng = np.random.default_rng(7)
    features = rng.normal(size=(80, 3))
    return features, features[:, 0] + features[:, 1] ** 2


def with_nodes(model: object, field: str, change: Change) -> bytes:
    """The file of a model with the nodes of its first tree (the array with this field) changed."""
    entries = entries_of(dumps(model))
    for name, content in entries.items():
        if name.endswith(".npy"):
            array = np.load(io.BytesIO(content))
            if array.dtype.names and field in array.dtype.names:
                change(array)
                buffer = io.BytesIO()
                np.save(buffer, array)
                return zipped({**entries, name: buffer.getvalue()})
    raise AssertionError(f"no array with {field}")


def put(field: str, value: int, where: int = 0) -> Change:
    def change(nodes: Any) -> None:
        nodes[field][where] = value

    return change


TREES = [
    ("left_child", put("left_child", 99_999)),
    ("right_child", put("right_child", -7)),
    ("left_child", put("left_child", 0)),  # leads to itself: never ends
    ("feature", put("feature", 3)),
    ("feature", put("feature", -1)),
]


@pytest.mark.parametrize(("field", "change"), TREES)
def test_a_tree_with_false_links_is_refused(field: str, change: Change) -> None:
    from sklearn.ensemble import ExtraTreesRegressor

    model = ExtraTreesRegressor(n_estimators=1, random_state=0).fit(*data())
    with pytest.raises(Rejected, match="bad_model_file: a tree"):
        loads(with_nodes({"trees": [model]}, field, change))


BOOSTED = [
    ("left", put("left", 60_000)),
    ("right", put("right", 0)),
    ("feature_idx", put("feature_idx", 5)),
]


@pytest.mark.parametrize(("field", "change"), BOOSTED)
def test_a_boosted_tree_with_false_links_is_refused(field: str, change: Change) -> None:
    from sklearn.ensemble import HistGradientBoostingRegressor

    model = HistGradientBoostingRegressor(max_iter=1, random_state=0).fit(*data())
    with pytest.raises(Rejected, match="bad_model_file: a tree"):
        loads(with_nodes(model, field, change))


def test_a_tree_that_says_it_has_other_nodes_than_it_has_is_refused() -> None:
    from sklearn.tree import DecisionTreeRegressor

    entries = entries_of(dumps(DecisionTreeRegressor(max_depth=2, random_state=0).fit(*data())))
    tree = json.loads(entries["schema.json"])
    count = find(tree, "node_count")
    assert json.loads(count["content"]) == 7
    count["content"] = "3"
    with pytest.raises(Rejected, match="3 nodes and has 7"):
        loads(zipped({**entries, "schema.json": json.dumps(tree).encode()}))


def find(tree: Any, key: str) -> Any:
    """The first node under a key, wherever it is."""
    waiting = [tree]
    while waiting:
        found = waiting.pop()
        if isinstance(found, dict) and key in found:
            return found[key]
        waiting += found.values() if isinstance(found, dict) else found if isinstance(found, list) else []
    raise AssertionError(f"no {key}")


def test_a_support_vector_machine_with_parts_of_different_sizes_is_refused() -> None:
    from sklearn.svm import SVR

    model = SVR().fit(*data())
    loads(dumps(model))
    model.support_vectors_ = model.support_vectors_[:2]
    with pytest.raises(Rejected, match="different sizes"):
        loads(dumps(model))


def test_an_estimator_without_what_it_needs_is_refused() -> None:
    from sklearn.svm import SVR

    model = SVR().fit(*data())
    del model.support_vectors_
    with pytest.raises(Rejected, match="SVR is incomplete"):
        loads(dumps(model))


def test_estimators_of_every_family_come_back_and_answer_as_before() -> None:
    from sklearn.decomposition import PCA
    from sklearn.ensemble import ExtraTreesRegressor, HistGradientBoostingRegressor, IsolationForest
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import RobustScaler
    from sklearn.svm import SVR, LinearSVC

    features, target = data()
    words = ["bearing noisy", "bucket cracked", "hose leaks", "bearing hot"] * 5
    models: dict[str, Any] = {
        "boosted": HistGradientBoostingRegressor(loss="quantile", quantile=0.1, max_iter=5).fit(features, target),
        "trees": ExtraTreesRegressor(n_estimators=5, random_state=0).fit(features, target),
        "support": make_pipeline(RobustScaler(), SVR()).fit(features, target),
        "axes": PCA(2).fit(features),
        "isolation": IsolationForest(n_estimators=5, random_state=0).fit(features),
        "text": make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LinearSVC()).fit(words, ["a", "b", "c", "a"] * 5),
    }
    again: Any = loads(dumps(models))
    for name in ("boosted", "trees", "support"):
        assert np.array_equal(models[name].predict(features), again[name].predict(features)), name
    assert np.array_equal(models["axes"].transform(features), again["axes"].transform(features))
    assert np.array_equal(models["isolation"].score_samples(features), again["isolation"].score_samples(features))
    assert np.array_equal(models["text"].decision_function(words), again["text"].decision_function(words))
