"""A scorer written elsewhere, in any language: a program that reads questions as lines of JSON and answers in lines.

The settings name the program as a list of arguments, the first an absolute path; no shell reads it. One line in, one
line out, UTF-8, `id` of the question in the answer. Numbers are plain JSON; what is missing is null. The program
runs without network and writes no files, under the limits of `conversation.Allowed`, and its answers go through
`guard`. Anything on stderr is kept for the reason of a failure only.

Detector. Question, n rows of k columns (r columns of regime: what the plant imposed meanwhile):

    {"id": 1, "task": "detector", "names": [k], "units": [k], "asset_class": "pump", "at_us": [n], "rows": [[k] * n],
     "regime": [[r] * n]}

Answer: how strange each row is, 0 = usual, null = cannot be said; `pulls` may be left out: shares of the columns, rows
adding up to 1.

    {"id": 1, "distance": [n], "pulls": [[k] * n]}

Remaining life. Question, a list of lives, each with what is known of it so far; answer, quantiles for each, in the unit
of `age` (null: cannot tell yet, with the reason in `said`, which may be left out):

    {"id": 2, "task": "life", "names": [k], "units": [k], "asset_class": "",
     "lives": [{"asset": "p1", "age": [n], "rows": [[k] * n]}]}
    {"id": 2, "levels": [0.1, 0.5, 0.9], "left": [[100.0, 200.0, 320.0]], "said": [""]}

An answer `{"id": 1, "error": "..."}` says that the question cannot be answered. A row must not depend on later rows.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from forewarn.core.errors import Rejected
from forewarn.core.model_cards import FeatureSchema
from forewarn.core.readings import Floats, Window
from forewarn.core.work import Json
from forewarn.models.detectors.contract import Strangeness
from forewarn.models.life.contract import Forecasts, Life
from forewarn.models.registry.conversation import Allowed, Conversation
from forewarn.models.registry.guard import Plausible, guarded_forecasts, guarded_strangeness


class ExternalScorer:
    """The program behind a command. Started at the first question, and anew after each failure; one question at a time.

    Raises Rejected "bad_command" for a command that is not an existing program with an absolute path.
    """

    def __init__(self, command: Sequence[str], allowed: Allowed | None = None) -> None:
        if not command or not Path(command[0]).is_absolute() or not Path(command[0]).is_file():
            raise Rejected("bad_command", f"a scorer's command begins with the absolute path of a program: {command!r}")
        self._command = tuple(command)
        self._allowed = allowed or Allowed()
        self._turn = threading.Lock()
        self._talk: Conversation | None = None
        self._asked = 0

    def ask(self, question: Json) -> Json:
        """Its answer. Raises Rejected "model_failed" (it died, hung, or used too much) or "bad_answer"."""
        with self._turn:
            self._asked += 1
            talk = self._running()
            line = talk.ask(json.dumps({"id": self._asked, **question}, allow_nan=False).encode())
            try:
                return _answer(line, self._asked)
            except Rejected:
                self._stop()
                raise

    def close(self) -> None:
        """End the program. The next question starts it again."""
        with self._turn:
            self._stop()

    def _running(self) -> Conversation:
        if self._talk is None or not self._talk.usable:
            self._stop()
            self._talk = Conversation(self._command, self._allowed)
        return self._talk

    def _stop(self) -> None:
        if self._talk is not None:
            self._talk.close()
        self._talk = None


@dataclass(frozen=True, slots=True, eq=False)
class ExternalJudge:
    """`models.detectors.contract.Judge` by a program written elsewhere."""

    scorer: ExternalScorer
    schema: FeatureSchema
    plausible: Plausible = Plausible()  # noqa: RUF009 # frozen

    def strangeness(self, window: Window) -> Strangeness:
        """How strange each row is; rows with an impossible answer are NaN ("cannot be said").

        Raises Rejected "other_features", "model_failed", "bad_answer".
        """
        return self.judged(window)[0]

    def judged(self, window: Window) -> tuple[Strangeness, tuple[str, ...]]:
        """The same, with sentences about what the guard took out."""
        self.schema.require(replace(self.schema, names=window.names))
        question: Json = {
            **_columns("detector", self.schema),
            "at_us": window.at.tolist(),
            "rows": _rows(window.values),
            "regime": _rows(window.regime),
        }
        answer = self.scorer.ask(question)
        distance = _numbers(answer, "distance", 1)
        if "pulls" in answer:
            pulls = _numbers(answer, "pulls", 2, len(window.names))
        else:  # it does not say which column it was: all alike
            pulls = np.full(window.values.shape, 1.0 / max(len(window.names), 1))
        return guarded_strangeness(Strangeness(distance, pulls), window, self.plausible)


@dataclass(frozen=True, slots=True, eq=False)
class ExternalPrognosis:
    """`models.life.contract.Prognosis` by a program written elsewhere."""

    scorer: ExternalScorer
    schema: FeatureSchema
    plausible: Plausible = Plausible()  # noqa: RUF009 # frozen

    def forecast(self, lives: Sequence[Life]) -> Forecasts:
        """Remaining life after the last row of each life; impossible rows are NaN and say so.

        Raises Rejected "other_features", "model_failed", "bad_answer".
        """
        for life in lives:
            self.schema.require(replace(self.schema, names=life.names))
        told = [{"asset": life.asset, "age": life.age.tolist(), "rows": _rows(life.values)} for life in lives]
        answer = self.scorer.ask({**_columns("life", self.schema), "lives": told})
        levels = _numbers(answer, "levels", 1)
        left = _numbers(answer, "left", 2, len(levels))
        said = answer.get("said", [""] * len(lives))
        if not isinstance(said, list) or not all(isinstance(text, str) for text in said):
            raise Rejected("bad_answer", "said is a list of texts")
        forecasts = Forecasts(levels, left, tuple(text[:500] for text in said))
        return guarded_forecasts(forecasts, lives, self.plausible)


def _columns(task: str, schema: FeatureSchema) -> Json:
    columns: Json = {"names": list(schema.names), "units": list(schema.units)}
    return {"task": task, **columns, "asset_class": schema.asset_class}


def _rows(values: Floats) -> list[list[float | None]]:
    return [[None if value != value else value for value in row] for row in values.tolist()]


def _answer(line: bytes, id: int) -> Json:
    try:
        told = json.loads(line, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Rejected("bad_answer", f"the program's answer is no line of JSON: {error}") from error
    if not isinstance(told, dict) or told.get("id") != id:
        raise Rejected("bad_answer", f"the answer to question {id} carries its id")
    if "error" in told:
        raise Rejected("bad_answer", f"the program says: {str(told['error'])[:500]}")
    return told


def _no_constant(word: str) -> float:
    raise ValueError(f"{word} is no JSON; say null")


def _numbers(answer: Json, key: str, axes: int, width: int = 0) -> Floats:
    """float64 with one axis, or with two and so many columns; null becomes NaN, also for a whole row."""
    told = answer.get(key)
    if not isinstance(told, list):
        raise Rejected("bad_answer", f"the answer has no list {key}")
    if axes == 1:
        return np.array([_number(value, key) for value in told], np.float64)
    rows = [[None] * width if row is None else row for row in told]
    if not all(isinstance(row, list) and len(row) == width for row in rows):
        raise Rejected("bad_answer", f"the rows of {key} have {width} numbers each")
    return np.array([[_number(value, key) for value in row] for row in rows], np.float64).reshape(len(rows), width)


def _number(value: object, key: str) -> float:
    if value is None:
        return np.nan
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Rejected("bad_answer", f"{key} holds {str(value)[:50]!r}, which is no number")
    try:
        return float(value)
    except OverflowError:
        return np.inf
