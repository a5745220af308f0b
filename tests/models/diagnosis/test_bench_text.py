"""The bench of texts on made-up orders: the agreed keys, by the product's own reader, also where labels are missing."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import bench_text
from tests.models.diagnosis.test_text import made_up_orders


@pytest.mark.slow
def test_the_bench_prints_the_agreed_keys_and_reads_assets_that_it_has_not_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import pandas as pd

    texts, tags, assets = made_up_orders(160, 8)
    systems = ["_".join(row) for row in tags]
    actions = ["Replace" if "repl" in text else "Check" if "check" in text else "" for text in texts]
    columns = {"Asset": assets, "OriginalShorttext": texts, "MajorSystem": systems, "Action": actions}
    pd.DataFrame(columns).to_csv(tmp_path / "work_orders.csv", index=False)
    monkeypatch.setattr(sys, "argv", ["bench_text", "--data", str(tmp_path), "--json"])
    bench_text.main()
    told = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    for target in ("system", "action"):
        ours, svm, majority = (x[target]["macro_f1"] for x in (told, told["baseline_tfidf_svm"], told["majority"]))
        assert 0.9 < ours <= 1.0
        assert ours >= svm - 0.05 > majority
    assert told["assets"] == ["m0", "m1", "m2", "m3"]
    assert "failure_mode" not in told


def test_macro_f1_is_that_of_scikit_learn() -> None:
    from sklearn.metrics import f1_score

    rng = np.random.default_rng(0)
    truth, read = rng.choice(["a", "b", "c"], 50), rng.choice(["a", "b", "d"], 50)
    theirs = f1_score(truth, read, labels=["a", "b", "c"], average="macro", zero_division=0)
    assert bench_text.macro_f1(truth, read, ["a", "b", "c"]) == pytest.approx(theirs)
