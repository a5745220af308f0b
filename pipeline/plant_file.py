"""The plant file: YAML in, `core.plant.Plant` out, or all errors at once with their places.

    plant = load_plant(Path("plant.yaml"))

`docs/reference/plant-file.md` explains the file by example.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Sequence
from pathlib import Path as FilePath
from typing import Any

import pydantic
from pydantic_core import ErrorDetails

from forewarn.core.errors import Rejected
from forewarn.core.plant import Plant
from forewarn.pipeline.plant_build import build_plant
from forewarn.pipeline.plant_schema import PlantFile, plant_json_schema
from forewarn.pipeline.plant_units import did_you_mean
from forewarn.pipeline.plant_yaml import MAX_BYTES, Node, Path, Problem, dotted, read_tree

__all__ = ["PlantFileError", "load_plant", "parse_plant", "plant_json_schema"]

_WANTED = {
    "string_type": "a text is expected",
    "float_type": "a number is expected",
    "int_type": "a whole number is expected",
    "int_from_float": "a whole number is expected",
    "bool_type": "true or false is expected",
    "dict_type": "keys with values are expected",
    "model_type": "keys with values are expected",
    "model_attributes_type": "keys with values are expected",
    "list_type": "a list is expected",
    "finite_number": "a finite number is expected",
}


class PlantFileError(Rejected):
    """A plant file that cannot be used. `problems` lists everything found, in the order of the file."""

    def __init__(self, filename: str, problems: Sequence[Problem]) -> None:
        self.filename = filename
        self.problems = tuple(sorted(set(problems)))
        self.lines = tuple(problem.text(filename) for problem in self.problems)
        super().__init__("plant_file", "\n".join(self.lines))

    def __str__(self) -> str:
        return self.detail


def load_plant(path: FilePath | str) -> Plant:
    """The plant of a file. Raises PlantFileError for its contents and OSError when it cannot be read."""
    file = FilePath(path)
    with file.open("rb") as stream:
        data = stream.read(MAX_BYTES + 1)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise PlantFileError(str(path), [Problem(line, 1, "", "not UTF-8")]) from None
    return parse_plant(text, str(path))


def parse_plant(text: str, filename: str = "plant.yaml") -> Plant:
    """The plant of a text; `filename` only stands in messages. Raises PlantFileError with every error of the file.

    Errors of YAML and of single values hide those that show only when everything fits together (references, units,
    topics): these come once the first are mended.

    >>> parse_plant("plant: P\\nsites: {s: {timezone: Europa/Berlin}}")
    Traceback (most recent call last):
    forewarn.pipeline.plant_file.PlantFileError: plant.yaml:2:23: sites.s.timezone: unknown time zone 'Europa/Berlin' \
(did you mean Europe/Berlin?)
    """
    tree, problems = read_tree(text)
    if tree.value is None and not problems:
        problems = [Problem(1, 1, "", "the file is empty")]
    if tree.value is not None:
        file = _validated(tree, problems)
        if file is not None and not problems:
            plant = build_plant(file, lambda path, message: problems.append(_problem(tree, _written(path), message)))
            if not problems:
                return plant
    raise PlantFileError(filename, problems)


def _validated(tree: Node, problems: list[Problem]) -> PlantFile | None:
    """The file as models; what pydantic says becomes problems, except where the reader has said something already."""
    try:
        return PlantFile.model_validate(tree.plain())
    except pydantic.ValidationError as error:
        told = {(problem.line, problem.column) for problem in problems}
        found = [_problem_of(tree, detail) for detail in error.errors(include_url=False)]
        problems.extend(problem for problem in found if (problem.line, problem.column) not in told)
        return None


def _problem(tree: Node, path: Path, message: str, of_key: bool = False) -> Problem:
    line, column = tree.place(path, of_key)
    return Problem(line, column, dotted(path), message)


def _written(path: Path) -> Path:
    """The key as the author wrote it (`class`, not `asset_class`)."""
    return tuple("class" if step == "asset_class" else step for step in path)


def _problem_of(tree: Node, error: ErrorDetails) -> Problem:
    kind, value = error["type"], error["input"]
    path = _location(error["loc"])
    if kind == "extra_forbidden":
        key = str(path[-1])
        return _problem(tree, path, f"unknown key{did_you_mean(key, _keys_at(path[:-1]))}", of_key=True)
    if kind == "missing":
        return _problem(tree, path[:-1], f"`{path[-1]}` is missing")
    if kind == "string_pattern_mismatch" and error["loc"][-1] == "[key]":
        return _problem(tree, path, "an id has 1 to 64 of a-z, 0-9, _ and -", of_key=True)
    if kind == "string_pattern_mismatch":
        wanted = "three capitals (ISO 14224)" if "failure_mode" in path else "1 to 64 of a-z, 0-9, _ and -"
        return _problem(tree, path, f"{value!r} is not made of {wanted}")
    if kind == "literal_error":
        expected = str(error["ctx"]["expected"])
        words = [word.strip("' ") for word in expected.replace(" or ", ",").split(",")]
        return _problem(tree, path, f"{value!r} is none of {', '.join(words)}{did_you_mean(str(value), words)}")
    if kind in ("too_short", "too_long"):
        return _problem(
            tree, path, "[low, high] is expected" if path[-1] == "range" else "at least one entry is expected"
        )
    if kind in _WANTED:
        return _problem(tree, path, f"{_WANTED[kind]}, not {_told(value)}")
    text = error["msg"].replace("Input should", "the value should")
    return _problem(tree, path, f"{text}, not {_told(value)}")


def _told(value: object) -> str:
    if isinstance(value, dict | list):
        return "keys with values" if isinstance(value, dict) else "a list"
    if value is None:
        return "nothing"
    return repr(value) if isinstance(value, str) else str(value).lower()


def _location(loc: tuple[int | str, ...]) -> Path:
    """Where in the file: without pydantic's marks for keys and for the members of a union."""
    marks = ("[key]", "str", "list[str]")
    path = [
        step for place, step in enumerate(loc) if step not in marks or (place and loc[place - 1] in _NAMED_BY_AUTHOR)
    ]
    return tuple(path)


_NAMED_BY_AUTHOR = ("sites", "parts", "templates", "assets", "components", "signals")


def _keys_at(path: Path) -> list[str]:
    """The keys that may stand at a path of the file, as the author writes them."""
    model: Any = PlantFile
    for step in path:
        if isinstance(model, type) and issubclass(model, pydantic.BaseModel):
            fields = {info.alias or name: info for name, info in model.model_fields.items()}
            model = _bare(fields[str(step)].annotation)
        else:
            model = _bare(typing.get_args(model)[-1])
    return [info.alias or name for name, info in model.model_fields.items()]


def _bare(annotation: Any) -> Any:
    """An annotation without `| None` and without what `Annotated` adds."""
    if typing.get_origin(annotation) is typing.Annotated:
        return _bare(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return _bare(next(one for one in typing.get_args(annotation) if one is not type(None)))
    return annotation
