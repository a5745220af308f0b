"""Short work-order texts of excavators: system and action from what a technician typed, on machines not seen before.

    sh run bench text --data DIR [--out FILE]

DIR holds `work_orders.csv` or `work_orders.csv.gz` (columns Asset, OriginalShorttext, MajorSystem, Action; FM and Part
are reported beside). Protocol: each asset in turn is left out and read by a reader that learnt from all others (nothing
is tuned per fold: the product's defaults); the readings of all assets are pooled. Scored are the rows that have a
label, the label as it stands: what the data joins ("Engine_Hydraulic System") is a class of its own. Macro-F1 is taken
over all classes with at least `--least` rows (default 10) in the whole set, be they in the teaching assets or not;
rarer rows stay in, where they can only count against the reader. Nothing is lumped into "other". A reader that cannot
tell is scored with its least improbable tag.

Beside: TF-IDF with a linear SVM (scikit-learn's defaults), and the most frequent label of the teaching assets, each by
the same protocol. Intervals resample rows.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.report import finish, parser, say
from forewarn.models.diagnosis.symptoms import failure_modes
from forewarn.models.diagnosis.text import learn_text

COLUMNS = {"system": "MajorSystem", "action": "Action", "failure_mode": "FM", "part": "Part"}
JOINT = "_"
RESAMPLES = 200
FM_AS_ISO = {
    "Leak": {"ELU", "ELP", "INL"}, "Over Temp": {"OHE"}, "Fail to Start": {"FTS"}, "Structural Integrity": {"STD"},
    "Missing / Loose": {"STD"}, "Noise": {"NOI"}, "Seized": {"FRO"}, "Contamination": {"PLU"},
}  # fmt: skip
"""Failure modes of the set that have a counterpart in ISO 14224."""

Reader = Callable[[Sequence[str], Sequence[str], Sequence[str], Sequence[str]], list[str]]
"""(texts, labels, assets, texts to read) -> labels read; a text without a label has ""."""


def by_product(texts: Sequence[str], labels: Sequence[str], assets: Sequence[str], asked: Sequence[str]) -> list[str]:
    """Forewarn's reader with its defaults; tags are joined in the way the teaching labels join them."""
    reader = learn_text(texts, [label.split(JOINT) if label else () for label in labels], assets)
    usual: dict[frozenset[str], str] = {}
    for label, _ in Counter(label for label in labels if label).most_common():
        usual.setdefault(frozenset(label.split(JOINT)), label)
    read = []
    for reading in reader.read(asked):
        tags = reading.told or (reading.tags[0][0],)
        read.append(usual.get(frozenset(tags), JOINT.join(sorted(tags))))
    return read


def by_svm(texts: Sequence[str], labels: Sequence[str], assets: Sequence[str], asked: Sequence[str]) -> list[str]:
    """The usual first try: TF-IDF of words and a linear SVM, one class per label."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import LinearSVC

    told = [i for i, label in enumerate(labels) if label]
    model = make_pipeline(TfidfVectorizer(), LinearSVC(random_state=0))
    model.fit([texts[i] for i in told], [labels[i] for i in told])
    return [str(label) for label in model.predict(list(asked))]


def by_majority(texts: Sequence[str], labels: Sequence[str], assets: Sequence[str], asked: Sequence[str]) -> list[str]:
    """Always the most frequent label."""
    return [Counter(label for label in labels if label).most_common(1)[0][0]] * len(asked)


READERS: dict[str, Reader] = {"forewarn": by_product, "baseline_tfidf_svm": by_svm, "majority": by_majority}


def orders_in(folder: Path) -> Any:
    """The table of orders."""
    import pandas as pd

    file = next((folder / name for name in ("work_orders.csv", "work_orders.csv.gz") if (folder / name).exists()), None)
    if file is None:
        raise SystemExit(f"{folder} holds no work_orders.csv or work_orders.csv.gz")
    return pd.read_csv(file, dtype=str, keep_default_na=False, na_values=[])


def left_out(orders: Any, column: str, reader: Reader) -> list[str]:
    """What is read in every row by a reader that has seen no order of its asset."""
    texts, labels, assets = (orders[c].tolist() for c in ("OriginalShorttext", column, "Asset"))
    read = [""] * len(texts)
    for asset in sorted(set(assets)):
        inside = [i for i, a in enumerate(assets) if a != asset]
        outside = [i for i, a in enumerate(assets) if a == asset and labels[i]]
        taught = [[column[i] for i in inside] for column in (texts, labels, assets)]
        answers = reader(taught[0], taught[1], taught[2], [texts[i] for i in outside])
        for i, answer in zip(outside, answers, strict=True):
            read[i] = answer
    return read


def macro_f1(truth: Any, read: Any, classes: Sequence[str]) -> float:
    """Mean over the classes of the harmonic mean of precision and recall."""
    found = []
    for name in classes:
        hits = np.sum((truth == name) & (read == name))
        found.append(2 * hits / max(np.sum(truth == name) + np.sum(read == name), 1))
    return float(np.mean(found))


def scored(orders: Any, column: str, read: list[str], classes: list[str], seed: int) -> dict[str, Any]:
    """Macro-F1 with its interval, and accuracy, over the rows that have a label."""
    told = orders[column].to_numpy(str) != ""
    truth, guess = orders[column].to_numpy(str)[told], np.array(read)[told]
    rng = np.random.default_rng(seed)
    drawn = [rng.integers(0, len(truth), len(truth)) for _ in range(RESAMPLES)]
    low, high = np.quantile([macro_f1(truth[i], guess[i], classes) for i in drawn], [0.025, 0.975])
    return {
        "macro_f1": macro_f1(truth, guess, classes), "low": float(low), "high": float(high),
        "accuracy": float(np.mean(truth == guess)),
    }  # fmt: skip


def table_of_modes(orders: Any) -> dict[str, float]:
    """How often the table of words, which learns nothing, names a failure mode of the set that ISO 14224 knows."""
    both = zip(orders["FM"], orders["OriginalShorttext"], strict=True)
    rows = [(FM_AS_ISO[fm], failure_modes(text)) for fm, text in both if fm in FM_AS_ISO]
    told = [(wanted, modes) for wanted, modes in rows if modes != ("UNK",)]
    right = sum(bool(wanted & set(modes)) for wanted, modes in told)
    return {"rows": len(rows), "told": len(told) / max(len(rows), 1), "right_of_told": right / max(len(told), 1)}


def main() -> None:
    """Read every asset's orders by what the others taught, three ways, and print how well."""
    options = parser(__doc__, data="folder of the excavators' work orders")
    options.add_argument("--least", type=int, default=10, help="rows that a class needs to be scored (default 10)")
    asked = options.parse_args()
    if asked.data is None:
        raise SystemExit("--data DIR is needed")
    orders, started = orders_in(asked.data), time.perf_counter()
    result: dict[str, Any] = {name: {} for name in READERS if name != "forewarn"}
    for target, column in COLUMNS.items():
        if column not in orders:
            continue
        counts = Counter(label for label in orders[column] if label)
        classes = sorted(label for label, count in counts.items() if count >= asked.least)
        for name, reader in READERS.items():
            found = scored(orders, column, left_out(orders, column, reader), classes, asked.seed)
            say(f"{target:12} {name:18} macro-F1 {found['macro_f1']:.3f} ({found['low']:.3f} to {found['high']:.3f})")
            home = result.setdefault(target, {}) if name == "forewarn" else result[name].setdefault(target, {})
            home.update(found)
        rare = sum(count for count in counts.values() if count < asked.least)
        result[target] |= {"classes": len(classes), "rows": sum(counts.values()), "rows_of_rarer_classes": rare}
    if "FM" in orders:
        result["iso_14224_table"] = table_of_modes(orders)
    result |= {"protocol": "each asset left out in turn", "assets": sorted(set(orders["Asset"]))}
    finish(result | {"seed": asked.seed, "seconds": time.perf_counter() - started}, asked.out)


if __name__ == "__main__":
    main()
