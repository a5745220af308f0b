"""Links and sizes inside estimators, which compiled code follows without looking.

A tree whose link points outside reads foreign memory, one that points back never ends (scikit-learn checks neither;
skops says so in its notes on `TreeNode`). Looked at after loading and before the first prediction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forewarn.core.errors import Rejected

Ints = NDArray[np.int64]


def check_structure(model: object) -> None:
    """Raises Rejected "bad_model_file" for an estimator anywhere in the model whose links or sizes cannot be."""
    for owner in _objects(model):
        check = CHECKS.get(type(owner).__qualname__)
        if check is None or not type(owner).__module__.startswith("sklearn."):
            continue
        try:
            check(owner)
        except (AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
            raise _bad(f"a {type(owner).__qualname__} is incomplete: {error}") from error


def _check_tree(tree: Any) -> None:
    if tree.node_count != tree.capacity or tree.node_count < 1:
        raise _bad(f"a tree speaks of {tree.node_count} nodes and has {tree.capacity}")
    inner = tree.children_left != -1
    _check_links(tree.children_left, tree.children_right, inner)
    _check_columns(tree.feature[inner], tree.n_features)


def _check_boosted(model: Any) -> None:
    for stage in model._predictors:
        for predictor in stage:
            nodes = predictor.nodes
            inner = nodes["is_leaf"] == 0
            _check_links(nodes["left"].astype(np.int64), nodes["right"].astype(np.int64), inner)
            _check_columns(nodes["feature_idx"][inner].astype(np.int64), model.n_features_in_)
            sets = nodes["bitset_idx"][inner & (nodes["is_categorical"] != 0)].astype(np.int64)
            _check_columns(sets, min(len(predictor.raw_left_cat_bitsets), len(predictor.binned_left_cat_bitsets)))


def _check_support(model: Any) -> None:
    count, columns = model.support_vectors_.shape
    each = np.asarray(model._n_support)  # by class; a regression says the same number twice
    sizes = {count, len(model.support_), model._dual_coef_.shape[1], _supports(model, each)}
    if len(sizes) != 1 or columns != model.shape_fit_[1] or np.any(each < 0):
        raise _bad("a support vector machine has parts of different sizes")


def _supports(model: Any, each: Ints) -> int:
    return int(each.sum()) if hasattr(model, "classes_") else int(each[0])


CHECKS: dict[str, Callable[[Any], None]] = {
    "Tree": _check_tree,
    "HistGradientBoostingRegressor": _check_boosted,
    "HistGradientBoostingClassifier": _check_boosted,
    "SVR": _check_support,
    "SVC": _check_support,
}
"""Class -> what its compiled part takes for granted."""


def _check_links(left: Ints, right: Ints, inner: NDArray[np.bool_]) -> None:
    here = np.flatnonzero(inner)
    for links in (left[inner], right[inner]):
        if len(left) == 0 or np.any(links <= here) or np.any(links >= len(left)):
            raise _bad("a tree has a link that leads back or out of it")


def _check_columns(columns: Ints, count: int) -> None:
    if np.any(columns < 0) or np.any(columns >= count):
        raise _bad(f"a tree asks for a column or a set beyond its {count}")


def _objects(model: object) -> Iterator[object]:
    """Every object in a model that is no plain value, each once."""
    waiting, seen = [model], set()
    while waiting:
        found = waiting.pop()
        if found is None or isinstance(found, str | int | float) or id(found) in seen:
            continue
        seen.add(id(found))
        if isinstance(found, dict):
            waiting.extend(found.values())
        elif isinstance(found, list | tuple) or (isinstance(found, np.ndarray) and found.dtype == object):
            waiting.extend(found)
        elif not isinstance(found, np.ndarray):
            yield found
            waiting.extend(vars(found).values() if hasattr(found, "__dict__") else ())


def _bad(detail: str) -> Rejected:
    return Rejected("bad_model_file", detail)
