"""Short work-order text -> what it speaks of: system, part, action or failure mode, learnt from texts that have labels.

A text may speak of several things at once ("engine, hydraulic system") or of none, so each tag is a question of its
own and "cannot tell" an answer. Words, pairs of words and runs of letters are weighted by how rare they are (TF-IDF;
runs of letters survive misspelling), once as typed and once in plain words (`wording`); a balanced logistic regression
answers each tag, so that rare tags are not drowned. Its scores become probabilities by one logistic curve for all tags,
fitted on texts that had not taught them (Platt 1999; the folds keep assets apart where they are told).

On recorded orders of excavators the tags, each on its own, were by far the largest gain over one choice among all
joined labels: a new machine joins tags in ways that no old one had.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from forewarn.core.errors import NotReady, Rejected
from forewarn.core.readings import Floats
from forewarn.models.diagnosis.wording import normalised

LEAST_TEXTS = 20
FOLDS = 5


@dataclass(frozen=True, slots=True)
class TextSettings:
    """Product defaults. `inverse_penalty` is C of the logistic regression; a tag is learnt from `least_of_tag` texts
    on, a rarer one is never named; `least_texts_of_letters`: runs of letters that fewer texts hold are left out."""

    inverse_penalty: float = 10.0
    least_of_tag: int = 2
    least_texts_of_letters: int = 2


PRODUCT_DEFAULTS = TextSettings()


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text says. `tags`: all that were asked for, with their probabilities, most probable first.

    `told` are those that it speaks of; empty: cannot tell, and `tags[0]` is no more than the least improbable.
    """

    told: tuple[str, ...]
    tags: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True, eq=False)
class TextReader:
    """A reader that has learnt. Pure: the same text gives the same answer."""

    tags: tuple[str, ...]
    weights: Any  # features of a text -> float64[n, tags]
    curve: tuple[float, float]

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """What each text speaks of.

        A text without any known word cannot be told.
        """
        if not texts:
            return []
        scores = self.weights.scores(texts)
        slope, middle = self.curve
        probability = 1 / (1 + np.exp(-(slope * scores + middle)))
        return [self._reading(score, chance) for score, chance in zip(scores, probability, strict=True)]

    def _reading(self, score: Floats, chance: Floats) -> Reading:
        ranked = sorted(range(len(self.tags)), key=lambda i: (-score[i], self.tags[i]))
        told = tuple(self.tags[i] for i in ranked if score[i] > 0)
        return Reading(told, tuple((self.tags[i], float(chance[i])) for i in ranked))


def learn_text(
    texts: Sequence[str],
    tags: Sequence[Sequence[str]],
    assets: Sequence[str] | None = None,
    settings: TextSettings = PRODUCT_DEFAULTS,
    seed: int = 0,
) -> TextReader:
    """Learn from n texts and the tags of each (none: it speaks of none of them, which teaches too).

    `assets` says whose order a text is. Raises Rejected for columns of unequal length, NotReady below 20 texts or when
    no tag has enough.
    """
    if len(texts) != len(tags) or (assets is not None and len(assets) != len(texts)):
        raise Rejected(
            "columns_differ", f"{len(texts)} texts, {len(tags)} rows of tags: give one row of each per order"
        )
    asked = known_tags(tags, settings)
    if len(texts) < LEAST_TEXTS or not asked:
        raise NotReady(f"{len(texts)} texts, {len(asked)} tags: at least {LEAST_TEXTS} and one are needed")
    truth = np.array([[tag in set(row) for tag in asked] for row in tags])
    curve = curve_of(texts, truth, folds_of(len(texts), assets, seed), settings)
    return TextReader(asked, Weights.learn(texts, truth, settings), curve)


def known_tags(tags: Sequence[Sequence[str]], settings: TextSettings) -> tuple[str, ...]:
    """Tags that enough texts have, and not all: there is something to learn."""
    counts: dict[str, int] = {}
    for row in tags:
        for tag in set(row):
            counts[tag] = counts.get(tag, 0) + 1
    return tuple(sorted(tag for tag, n in counts.items() if settings.least_of_tag <= n < len(tags)))


def folds_of(count: int, assets: Sequence[str] | None, seed: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """int64[count]: which fold a text is left out of; whole assets where there are several."""
    names = sorted(set(assets or ()))
    if len(names) >= 2 and assets is not None:
        place = {name: i % FOLDS for i, name in enumerate(names)}
        return np.array([place[a] for a in assets], np.int64)
    return np.random.default_rng(seed).permutation(count).astype(np.int64) % FOLDS


def curve_of(texts: Sequence[str], truth: Any, folds: Any, settings: TextSettings) -> tuple[float, float]:
    """Slope and middle of the curve from score to probability, over all tags together."""
    from sklearn.linear_model import LogisticRegression

    scores, right = [], []
    for fold in np.unique(folds):
        inside, outside = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        weights = Weights.learn([texts[int(i)] for i in inside], truth[inside], settings)
        scores.append(weights.scores([texts[int(i)] for i in outside]).ravel())
        right.append(truth[outside].ravel())
    x, y = np.concatenate(scores), np.concatenate(right)
    seen = np.isfinite(x)  # a tag that a fold's texts never had is not asked there
    if len(np.unique(y[seen])) < 2:
        return 1.0, 0.0
    fitted = LogisticRegression(C=1e6).fit(x[seen][:, None], y[seen])
    return max(float(fitted.coef_[0, 0]), 1e-3), float(fitted.intercept_[0])


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """Vectorisers and one logistic regression per tag: float64[features, tags] and float64[tags]."""

    vectorisers: Any
    coefficients: Floats
    intercepts: Floats

    @staticmethod
    def learn(texts: Sequence[str], truth: Any, settings: TextSettings) -> Weights:
        """Fit both; a tag that none or all of these texts have gets no weights and a score of minus infinity."""
        from sklearn.linear_model import LogisticRegression

        vectorisers = fitted_vectorisers(texts, settings)
        x = features(vectorisers, texts)
        coefficients = np.zeros((x.shape[1], truth.shape[1]))
        intercepts = np.full(truth.shape[1], -np.inf)
        for j in range(truth.shape[1]):
            if 0 < truth[:, j].sum() < len(truth):
                model = LogisticRegression(
                    C=settings.inverse_penalty, class_weight="balanced", solver="liblinear", max_iter=1_000
                ).fit(x, truth[:, j])
                coefficients[:, j], intercepts[j] = model.coef_[0], model.intercept_[0]
        return Weights(vectorisers, coefficients, intercepts)

    def scores(self, texts: Sequence[str]) -> Floats:
        """float64[n, tags]: log odds on the balanced scale; above 0 the text speaks of the tag."""
        return np.asarray(features(self.vectorisers, texts) @ self.coefficients + self.intercepts, np.float64)


def fitted_vectorisers(texts: Sequence[str], settings: TextSettings) -> Any:
    """Words as typed, plain words (both also in pairs), and runs of two to five letters inside words."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    least = min(settings.least_texts_of_letters, len(texts))
    typed = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    plain = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\S+")
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=least)
    columns = three_ways(texts)
    try:
        return tuple(v.fit(column) for v, column in zip((typed, plain, letters), columns, strict=True))
    except ValueError as error:  # no word in any of them
        raise NotReady(f"nothing to learn from: {error}") from error


def features(vectorisers: Any, texts: Sequence[str]) -> Any:
    """Sparse float64[n, features]."""
    from scipy.sparse import hstack

    return hstack([v.transform(c) for v, c in zip(vectorisers, three_ways(texts), strict=True)], format="csr")


def three_ways(texts: Sequence[str]) -> tuple[list[str], list[str], list[str]]:
    """The columns that the three vectorisers read."""
    typed = [str(text).lower() for text in texts]
    return typed, [normalised(text) for text in typed], typed
