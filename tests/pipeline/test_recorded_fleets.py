"""Recorded fleets are read from the publisher's files, from tables of the same columns, and from its archive."""

from __future__ import annotations

import io
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forewarn.core.errors import Rejected, Retriable
from forewarn.pipeline.recorded_fleets import COLUMNS, cmapss, fetch, texts_of

CYCLES = {1: 5, 2: 3}


def rows(cut: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    units = [(unit, cycle) for unit, cycles in CYCLES.items() for cycle in range(1, cycles + 1 - cut)]
    return pd.DataFrame(np.column_stack([units, rng.normal(size=(len(units), 24)).round(4)]), columns=list(COLUMNS))


def text(frame: pd.DataFrame) -> str:
    return "\n".join(" ".join(f"{v:g}" for v in row) + "  " for row in frame.to_numpy()) + "\n"


def publish(folder: Path) -> None:
    (folder / "train_FD001.txt").write_text(text(rows()))
    (folder / "test_FD001.txt").write_text(text(rows(cut=1)))
    (folder / "RUL_FD001.txt").write_text("112\n98\n")


def test_the_publishers_text_files_become_lives(tmp_path: Path) -> None:
    publish(tmp_path)
    fleet = cmapss(tmp_path)
    assert [len(life.age) for life in fleet.train] == [5, 3]
    assert fleet.train[0].ended
    assert fleet.train[0].remaining.tolist() == [4, 3, 2, 1, 0]
    assert not fleet.test[0].ended
    assert fleet.answers == {1: 112, 2: 98}


def test_tables_of_the_same_columns_give_the_same_lives(tmp_path: Path) -> None:
    publish(tmp_path)
    other = tmp_path / "tables"
    other.mkdir()
    rows().to_csv(other / "train_FD001.csv", index=False)
    rows(cut=1).to_parquet(other / "test_FD001.parquet")
    one, two = cmapss(tmp_path), cmapss(other)
    assert all(np.allclose(a.values, b.values) for a, b in zip(one.train, two.train, strict=True))
    assert two.answers is None


@pytest.mark.parametrize(
    ("content", "reason"), [("1 2 3\n", "wrong_format"), (text(rows()).replace("1 1 ", "1 x ", 1), "wrong_format")]
)
def test_a_file_of_another_form_is_refused(tmp_path: Path, content: str, reason: str) -> None:
    publish(tmp_path)
    (tmp_path / "train_FD001.txt").write_text(content)
    with pytest.raises(Rejected) as refused:
        cmapss(tmp_path)
    assert refused.value.reason == reason


def test_a_missing_file_says_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match=r"train_FD003\.txt"):
        cmapss(tmp_path, "FD003")


def archive() -> bytes:
    inner, outer = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(inner, "w") as packed:
        packed.writestr("../../train_FD001.txt", text(rows()))
        packed.writestr("CMAPSS/test_FD001.txt", text(rows(cut=1)))
        packed.writestr("readme.txt", "hello")
    with zipfile.ZipFile(outer, "w") as packed:
        packed.writestr("6. Turbofan/CMAPSSData.zip", inner.getvalue())
    return outer.getvalue()


def test_an_archive_in_an_archive_is_unpacked_by_bare_name() -> None:
    assert set(texts_of(archive())) == {"train_FD001.txt", "test_FD001.txt"}


def test_something_else_than_an_archive_is_refused() -> None:
    with pytest.raises(Rejected, match="not a zip"):
        texts_of(b"<html>moved</html>")


@pytest.fixture
def publisher() -> Iterator[str]:
    """A stand-in for the publisher's server on loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.path == "/set.zip"
            self.send_response(200 if known else 404)
            self.end_headers()
            self.wfile.write(archive() if known else b"")

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        serving = threading.Thread(target=server.serve_forever, daemon=True)
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        serving.join()


def test_the_files_are_fetched_when_it_is_asked_for(tmp_path: Path, publisher: str) -> None:
    fetch(tmp_path / "new", f"{publisher}/set.zip", say=lambda text: None)
    assert [len(life.age) for life in cmapss(tmp_path / "new").train] == [5, 3]


def test_a_publisher_that_has_nothing_is_told(tmp_path: Path, publisher: str) -> None:
    with pytest.raises(Retriable, match="by hand"):
        fetch(tmp_path, f"{publisher}/gone.zip", say=lambda text: None)
