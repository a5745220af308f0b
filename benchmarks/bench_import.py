"""A table of 10,000 parts with three wrong rows: seconds to preview it, to apply the good rows, to preview it again.

    sh run bench import --json [--rows 10000]

The file is made with openpyxl, as a spreadsheet would save it: shared texts, ids as texts, days as day numbers. The
records hold half of the parts already, a tenth of them with another price, so that the preview compares and does not
only read. Figures: seconds by the wall and of the processor, and every error as it is told.
"""

from __future__ import annotations

import io
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from benchmarks.report import finish, parser, say
from forewarn.core.ports import Actor
from forewarn.maintenance.exchange.desk import Exchange
from forewarn.maintenance.exchange.source_parts import PartsSource
from forewarn.maintenance.exchange.write_csv import csv_of
from forewarn.maintenance.exchange.write_xlsx import xlsx_of
from forewarn.maintenance.records import open_records
from forewarn.maintenance.stock.book import StockBookSql

HEADER = ("Part number", "Description", "UoM", "Type", "VED", "Class", "Unit price", "Lead time (days)",
          "lead_p90_days", "Shelf life", "Alternatives")  # fmt: skip
CLASSES = ("bearing", "seal", "filter", "belt", "coupling", "sensor")
WRONG = {56: ("Unit price", "12,5x"), 4_321: ("VED", "important"), 9_998: ("Part number", None)}
"""Row -> column and what stands there; None: the number of the row before."""

A = Actor("bench", "planner")
T = TypeVar("T")


def parts(count: int, seed: int) -> list[list[Any]]:
    """Rows of parts as a plant would list them."""
    rng = np.random.default_rng(seed)
    rows: list[list[Any]] = []
    for number in range(count):
        lead = float(rng.integers(1, 60))
        sort = CLASSES[int(rng.integers(len(CLASSES)))]
        price = round(float(rng.lognormal(3.0, 1.0)), 2)
        other = f"P-{int(rng.integers(number)):05d}" if number and rng.random() < 0.1 else None
        shelf = 730 if sort == "seal" else None
        name = f"{sort} {int(rng.integers(100, 9999))}"
        ved = "VED"[int(rng.integers(3))]
        rows.append([f"P-{number:05d}", name, "piece", "spare", ved, sort, price, lead, lead * 2, shelf, other])
    return rows


def with_errors(rows: list[list[Any]]) -> list[list[Any]]:
    """Three rows made wrong, at places within the file."""
    told = [list(row) for row in rows]
    for row, (column, value) in WRONG.items():
        place = min(row, len(told) - 1)
        told[place][HEADER.index(column)] = value if value is not None else told[place - 1][0]
    return told


def workbook(rows: list[list[Any]]) -> bytes:
    """As a spreadsheet saves it."""
    from openpyxl import Workbook  # type: ignore[import-untyped]

    book = Workbook()
    sheet = book.active
    sheet.title = "Parts"
    sheet.append(list(HEADER))
    for row in rows:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def timed(name: str, act: Callable[[], T], figures: dict[str, float]) -> T:
    """Do something; seconds by the wall and of the processor."""
    wall, cpu = time.perf_counter(), time.process_time()
    done = act()
    figures[f"{name}_s"] = round(time.perf_counter() - wall, 3)
    figures[f"{name}_cpu_s"] = round(time.process_time() - cpu, 3)
    say(f"{name}: {figures[f'{name}_s']} s")
    return done


def measured(rows: int, seed: int, folder: Path) -> dict[str, Any]:
    """One pass on a new SQLite file."""
    records = open_records(f"sqlite:///{folder}/records.db")
    exchange = Exchange(records, {"parts": PartsSource(StockBookSql(records))})
    all_ = parts(rows, seed)
    say(f"{rows} rows; half of them are there already")
    known = [[*row[:6], row[6] + 1 if n % 10 == 0 else row[6], *row[7:]] for n, row in enumerate(all_[: rows // 2])]
    data = workbook(known)
    exchange.apply("parts", data, exchange.preview("parts", data).token, A, 1)
    data = workbook(with_errors(all_))
    figures: dict[str, float] = {}
    preview = timed("preview", lambda: exchange.preview("parts", data), figures)
    applied = timed("apply", lambda: exchange.apply("parts", data, preview.token, A, 2, good_rows=True), figures)
    again = timed("preview_again", lambda: exchange.preview("parts", data), figures)
    kind, kept = timed("read_all", lambda: exchange.rows("parts"), figures)
    out = timed("write_xlsx", lambda: xlsx_of(kind, kept), figures)
    timed("write_csv", lambda: csv_of(kind, kept), figures)
    told = timed("preview_export", lambda: exchange.preview("parts", out), figures)
    timed("undo", lambda: exchange.undo(applied.id or 0, A, 3), figures)
    records.close()
    return {
        "rows": rows,
        "file_bytes": len(data),
        "counts": preview.counts,
        "counts_again": again.counts,
        "counts_of_export": told.counts,
        "written": applied.written,
        "errors": [issue.text for issue in preview.errors],
        **figures,
    }


def main() -> None:
    """One pass; the folder is removed at the end."""
    made = parser(__doc__)
    made.add_argument("--rows", type=int, default=10_000, help="rows of the file (default 10000)")
    asked = made.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="forewarn-bench-"))
    try:
        finish(measured(asked.rows, asked.seed, folder), asked.out)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
