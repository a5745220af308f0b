"""Recorded fleets of others as lives to learn from: NASA's C-MAPSS turbofan engines, by path or from the publisher.

Original files (`train_FD001.txt`: 26 columns separated by blanks, no header) and tables of the same columns in Parquet
or CSV are read. Nothing is downloaded unless it is asked for.

Saxena, Goebel, Simon, Eklund: Damage propagation modeling for aircraft engine run-to-failure simulation, PHM 2008.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from forewarn.core.errors import Rejected, Retriable
from forewarn.models.life.contract import Life

if TYPE_CHECKING:
    from pandas import DataFrame

SUBSETS = ("FD001", "FD002", "FD003", "FD004")
COLUMNS = ("unit", "cycle", "setting1", "setting2", "setting3", *(f"s{i}" for i in range(1, 22)))
PUBLISHER = "https://phm-datasets.s3.amazonaws.com/NASA/6.+Turbofan+Engine+Degradation+Simulation+Data+Set.zip"
LARGEST_BYTES = 200 * 1024 * 1024  # the archive has 12 MB; what unpacks to more than this is another file
TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Fleet:
    """Engines of one subset: `train` ran to failure, `test` stopped before it. `answers`: unit -> cycles that a test
    engine had left, None where the file is not there. Ages count cycles; one life is one engine, named by its unit."""

    subset: str
    train: tuple[Life, ...]
    test: tuple[Life, ...]
    answers: Mapping[int, float] | None


def cmapss(folder: Path, subset: str = "FD001", download: bool = False, say: Callable[[str], object] = print) -> Fleet:
    """Read one subset from a folder; with `download`, fetch the files there from NASA first when they are missing.

    Raises Rejected `no_recording` (saying which file was looked for), `wrong_format`, and Retriable when the publisher
    cannot be reached.
    """
    if subset not in SUBSETS:
        raise Rejected("unknown_subset", f"{subset!r} is none of {', '.join(SUBSETS)}")
    if download and _found(folder, f"train_{subset}") is None:
        fetch(folder, PUBLISHER, say)
    train = lives(table(folder, f"train_{subset}"), ended=True)
    test = lives(table(folder, f"test_{subset}"), ended=False)
    return Fleet(subset, train, test, answers(folder, subset))


def table(folder: Path, name: str) -> DataFrame:
    """One file by its name without the ending, in the columns of `COLUMNS`."""
    import pandas as pd

    path = _found(folder, name)
    if path is None:
        tried = ", ".join(f"{name}{ending}" for ending in _READERS)
        raise Rejected("no_recording", f"{folder} holds none of {tried}; download=True fetches it from the publisher")
    read = _READERS[path.suffix](path)
    missing = [column for column in COLUMNS if column not in read.columns]
    if missing:
        raise Rejected("wrong_format", f"{path.name} has no column {', '.join(missing)}")
    numbers: DataFrame = read[list(COLUMNS)].apply(pd.to_numeric, errors="coerce")
    if numbers.isna().to_numpy().any():
        row = int(np.flatnonzero(numbers.isna().any(axis=1))[0])
        raise Rejected("wrong_format", f"{path.name}, row {row + 1}: not every column is a number")
    return numbers


def lives(rows: DataFrame, ended: bool) -> tuple[Life, ...]:
    """One life per unit, in the order of units, by rising cycle."""
    names = COLUMNS[2:]
    ordered = rows.astype({"unit": int}).sort_values(["unit", "cycle"])
    return tuple(
        Life(
            str(unit),
            part["cycle"].to_numpy(np.float64),
            names,
            part[list(names)].to_numpy(np.float64),
            ended,
        )
        for unit, part in ordered.groupby("unit")
    )


def answers(folder: Path, subset: str) -> dict[int, float] | None:
    """Cycles left of each test engine, where the file is: `RUL_FD001.txt` (one number a line) or a table unit, rul."""
    import pandas as pd

    path = _found(folder, f"RUL_{subset}")
    if path is None:
        return None
    if path.suffix == ".txt":
        left = np.loadtxt(path, ndmin=1)
        return {unit + 1: float(value) for unit, value in enumerate(left.tolist())}
    told = pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
    return {int(unit): float(rul) for unit, rul in zip(told["unit"], told["rul"], strict=True)}


def fetch(folder: Path, address: str, say: Callable[[str], object] = print) -> None:
    """Download the publisher's archive and unpack its text files (also of an archive inside it) into the folder."""
    import httpx2

    say(f"downloading {address}")
    try:
        answer = httpx2.get(address, timeout=TIMEOUT_S, follow_redirects=True)
        answer.raise_for_status()
    except httpx2.HTTPError as error:
        told = f"{address} cannot be had: {error}. Download it by hand and name its folder"
        raise Retriable(told) from error
    folder.mkdir(parents=True, exist_ok=True)
    files = texts_of(answer.content)
    if not files:
        raise Rejected("wrong_format", f"{address} holds no train_FD00x.txt")
    for name, content in files.items():
        (folder / name).write_bytes(content)
    say(f"{len(files)} files in {folder}")


def texts_of(archive: bytes, depth: int = 2) -> dict[str, bytes]:
    """Text files of the data set in a zip, by bare name; nothing is written where a name in it points to."""
    try:
        opened = zipfile.ZipFile(io.BytesIO(archive))
    except zipfile.BadZipFile as error:
        raise Rejected("wrong_format", f"not a zip archive: {error}") from error
    found: dict[str, bytes] = {}
    with opened:
        if sum(entry.file_size for entry in opened.infolist()) > LARGEST_BYTES:
            raise Rejected("archive_too_large", f"it unpacks to more than {LARGEST_BYTES >> 20} MiB")
        for entry in opened.infolist():
            name = PurePosixPath(entry.filename).name
            if name.endswith(".zip") and depth:
                found |= texts_of(opened.read(entry), depth - 1)
            elif name.endswith(".txt") and name.partition("_")[0] in ("train", "test", "RUL"):
                found[name] = opened.read(entry)
    return found


def _found(folder: Path, name: str) -> Path | None:
    return next((path for ending in _READERS if (path := folder / f"{name}{ending}").is_file()), None)


def _text(path: Path) -> DataFrame:
    import pandas as pd

    read = pd.read_csv(path, sep=r"\s+", header=None)
    if read.shape[1] != len(COLUMNS):
        raise Rejected("wrong_format", f"{path.name} has {read.shape[1]} columns, not {len(COLUMNS)}")
    return read.set_axis(list(COLUMNS), axis=1)


def _parquet(path: Path) -> DataFrame:
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        raise Rejected("no_pyarrow", "reading parquet needs pyarrow: pip install 'forewarn[replay]'") from None
    import pandas as pd

    return pd.read_parquet(path)


def _csv(path: Path) -> DataFrame:
    import pandas as pd

    return pd.read_csv(path)


_READERS: dict[str, Callable[[Path], DataFrame]] = {".txt": _text, ".parquet": _parquet, ".csv": _csv}
