"""What all benchmarks share: the common options, progress on stderr, one JSON object as the last line of stdout."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np


def parser(
    about: str | None, data: str = "not used: the inputs are made", out: str = "write the result here too"
) -> Any:
    """A parser with `--data`, `--out`, `--seed` and `--json`; `about` is the docstring of the benchmark."""
    made = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--data", type=Path, help=data)
    made.add_argument("--out", type=Path, help=out)
    made.add_argument("--seed", type=int, default=1, help="of every random number (default 1)")
    made.add_argument("--json", action="store_true", help="accepted for likeness: the last line is always JSON")
    return made


def say(text: str) -> None:
    """Progress, for people."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def machine() -> dict[str, Any]:
    """What the figures were taken on."""
    return {"cores": os.cpu_count(), "python": platform.python_version(), "numpy": np.__version__}


def finish(result: dict[str, Any], out: Path | None = None) -> None:
    """The last line of stdout; also to `out` when that is a file of its own. What is not finite becomes null."""
    line = json.dumps(_plain(result | machine()), allow_nan=False)
    if out:
        out.write_text(line + "\n")
    print(line, flush=True)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    return str(value) if isinstance(value, Path) else value
