"""What pydantic finds wrong in a YAML file -> problems with file, line, column and what was probably meant."""

from __future__ import annotations

import types
import typing
from typing import Any, TypeVar

import pydantic
from pydantic import BaseModel
from pydantic_core import ErrorDetails

from forewarn.pipeline.plant_units import did_you_mean
from forewarn.pipeline.plant_yaml import Node, Path, Problem, dotted

M = TypeVar("M", bound=BaseModel)

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


def validated(model: type[M], tree: Node, problems: list[Problem]) -> M | None:
    """The file as models; what pydantic says becomes problems, except where the reader has said something already."""
    try:
        return model.model_validate(tree.plain())
    except pydantic.ValidationError as error:
        told = {(problem.line, problem.column) for problem in problems}
        found = [_problem_of(model, tree, detail) for detail in error.errors(include_url=False)]
        problems.extend(problem for problem in found if (problem.line, problem.column) not in told)
        return None


def problem_at(tree: Node, path: Path, message: str, of_key: bool = False) -> Problem:
    """A problem with the place that a path has in the file."""
    line, column = tree.place(path, of_key)
    return Problem(line, column, dotted(path), message)


def as_written(path: Path) -> Path:
    """The key as the author wrote it (`class`, not `asset_class`)."""
    return tuple("class" if step == "asset_class" else step for step in path)


def _problem_of(model: type[BaseModel], tree: Node, error: ErrorDetails) -> Problem:
    kind, value = error["type"], error["input"]
    path = _location(error["loc"])
    if kind == "extra_forbidden":
        key = str(path[-1])
        return problem_at(tree, path, f"unknown key{did_you_mean(key, _keys_at(model, path[:-1]))}", of_key=True)
    if kind == "missing":
        return problem_at(tree, path[:-1], f"`{path[-1]}` is missing")
    if kind == "string_pattern_mismatch" and error["loc"][-1] == "[key]":
        return problem_at(tree, path, "an id has 1 to 64 of a-z, 0-9, _ and -", of_key=True)
    if kind == "string_pattern_mismatch":
        wanted = "three capitals (ISO 14224)" if "failure_mode" in path else "1 to 64 of a-z, 0-9, _ and -"
        wanted = "at most 40 of a-z, 0-9, _ and -" if "prefix" in path else wanted
        wanted = "a number and min, h, d or w (8h, 7d)" if path[-1] == "every" else wanted
        wanted = "1 to 200 signs that a topic may have: no +, # or braces" if path[-2:-1] == ("words",) else wanted
        return problem_at(tree, path, f"{value!r} is not made of {wanted}")
    if kind == "literal_error":
        expected = str(error["ctx"]["expected"])
        words = [word.strip("' ") for word in expected.replace(" or ", ",").split(",")]
        return problem_at(tree, path, f"{value!r} is none of {', '.join(words)}{did_you_mean(str(value), words)}")
    if kind in ("too_short", "too_long"):
        return problem_at(
            tree, path, "[low, high] is expected" if path[-1] == "range" else "at least one entry is expected"
        )
    if kind in _WANTED:
        return problem_at(tree, path, f"{_WANTED[kind]}, not {_told(value)}")
    text = error["msg"].replace("Input should", "the value should")
    return problem_at(tree, path, f"{text}, not {_told(value)}")


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


_NAMED_BY_AUTHOR = (
    *("sites", "parts", "templates", "assets", "components", "signals"),
    *("gateways", "devices", "features", "words"),
)


def _keys_at(root: type[BaseModel], path: Path) -> list[str]:
    """The keys that may stand at a path of the file, as the author writes them."""
    model: Any = root
    for step in path:
        if isinstance(model, type) and issubclass(model, BaseModel):
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
