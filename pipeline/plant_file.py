"""The plant file: YAML in, `core.plant.Plant` out, or all errors at once with their places.

    plant = load_plant(Path("plant.yaml"))

`docs/reference/plant-file.md` explains the file by example.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path as FilePath

from forewarn.core.errors import Rejected
from forewarn.core.plant import Plant
from forewarn.pipeline.plant_build import build_plant
from forewarn.pipeline.plant_errors import as_written, problem_at, validated
from forewarn.pipeline.plant_layers import Report
from forewarn.pipeline.plant_schema import PlantFile, plant_json_schema
from forewarn.pipeline.plant_yaml import MAX_BYTES, Node, Problem, read_tree

__all__ = ["PlantFileError", "load_plant", "parse_plant", "plant_json_schema"]


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
    return parse_plant(text, str(path), file.parent)


def parse_plant(text: str, filename: str = "plant.yaml", folder: FilePath | None = None) -> Plant:
    """The plant of a text; `filename` only stands in messages, and profiles of the plant's own lie in `folder` (None:
    there are none). Raises PlantFileError with every error of the file.

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
        file = validated(PlantFile, tree, problems)
        if file is not None and not problems:
            plant = build_plant(file, _reporter(tree, problems), folder)
            if not problems:
                return plant
    raise PlantFileError(filename, problems)


def _reporter(tree: Node, problems: list[Problem]) -> Report:
    return lambda path, message: problems.append(problem_at(tree, as_written(path), message))
