"""Scores with a model file in a limited process: `python -I -B -m forewarn.models.registry.serve FILE SHA256`.

Speaks the protocol of `external`, so that a file from elsewhere can be used without ever being loaded by the service:
`ExternalJudge(ExternalScorer(serve_command(path, digest)), schema)`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from forewarn.core.errors import ForewarnError, Rejected
from forewarn.core.work import Json
from forewarn.models.registry.confine import Limits, confine
from forewarn.models.registry.loader import python


def serve_command(path: Path, file_sha256: str) -> list[str]:
    """The command for `ExternalScorer` that serves a model file."""
    return [*python(), "forewarn.models.registry.serve", str(path.absolute()), file_sha256]


def main(path: str, file_sha256: str) -> None:
    """Load under limits, then answer line by line until stdin ends."""
    from forewarn.models.registry.files import loads, prepare, sha256

    data = Path(path).read_bytes()
    if sha256(data) != file_sha256:
        sys.exit("the model file is not the one that was asked for")
    prepare()
    confine(Limits(cpu_s=600, memory_bytes=2**30))
    try:
        model = loads(data)
    except ForewarnError as error:
        sys.exit(str(error))
    for line in sys.stdin.buffer:
        question = json.loads(line)
        print(json.dumps({"id": question["id"], **_answer(model, question)}, allow_nan=False), flush=True)


def _answer(model: Any, question: Json) -> Json:
    try:
        return ANSWERS[str(question["task"])](model, question)
    except ForewarnError as error:
        return {"error": str(error)}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


def _strangeness(model: Any, question: Any) -> Json:
    import numpy as np

    from forewarn.core.readings import Window

    width = len(question["names"])
    rows, regime = _table(question["rows"], width), _table(question["regime"], None)
    window = Window(np.array(question["at_us"], np.int64), tuple(question["names"]), rows, regime)
    said = model.strangeness(window)
    return {"distance": _plain(said.distance.tolist()), "pulls": _plain(said.pulls.tolist())}


def _forecast(model: Any, question: Any) -> Json:
    import numpy as np

    from forewarn.models.life.contract import Life

    names = tuple(question["names"])
    lives = [
        Life(told["asset"], np.array(told["age"], np.float64), names, _table(told["rows"], len(names)), False)
        for told in question["lives"]
    ]
    said = model.forecast(lives)
    return {"levels": said.levels.tolist(), "left": _plain(said.left.tolist()), "said": list(said.said)}


ANSWERS = {"detector": _strangeness, "life": _forecast}


def _table(rows: Sequence[Sequence[float | None]], width: int | None) -> Any:
    import numpy as np

    columns = len(rows[0]) if width is None and rows else width or 0
    return np.array([[np.nan if v is None else v for v in row] for row in rows], np.float64).reshape(len(rows), columns)


def _plain(values: object) -> object:
    """Lists with null where JSON has no number."""
    if isinstance(values, list):
        return [_plain(value) for value in values]
    return values if isinstance(values, float) and abs(values) != float("inf") and values == values else None


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Rejected as error:
        sys.exit(str(error))
