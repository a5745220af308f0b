"""YAML text -> a tree that remembers where everything stood. Strict, bounded, and blind to every tag.

Plain YAML 1.1 has surprises (`no` is false, `1:20` is 80, `0123` is 83, a key given twice wins silently): here each of
them is a problem with its place. Read from the parser's events, so that neither depth nor aliases can exhaust anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

MAX_BYTES = 5 * 1024 * 1024
MAX_DEPTH = 20
MAX_ALIASED_NODES = 50_000

Scalar = str | int | float | bool | None
Path = tuple[str | int, ...]

_LOADER: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's parser is ten times faster
_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(0|[1-9][0-9]*)?(\.[0-9]*)?([eE][-+]?[0-9]+)?")
_WORDS: dict[str, Scalar] = {"": None, "~": None, "null": None, "true": True, "false": False}
_BOOL_TRAP = re.compile(r"(y|n|yes|no|on|off)", re.IGNORECASE)
_NUMBER_TRAP = re.compile(
    r"[-+]?0[0-9_]+(\.[0-9]*)?|[-+]?0[xob][0-9a-fA-F_]+|[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9]*)?|[-+]?[0-9]+_[0-9_.]*"
    r"|[-+]?\.(inf|nan)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong in a file: line and column count from 1, `path` is where in the tree."""

    line: int
    column: int
    path: str
    message: str

    def text(self, filename: str) -> str:
        """`file:line:column: path: message`"""
        return f"{filename}:{self.line}:{self.column}: {self.path + ': ' if self.path else ''}{self.message}"


@dataclass(slots=True)
class Node:
    """A value with its place. `keys` gives the places of the keys of a mapping; `size` counts the nodes below it."""

    value: dict[str, Node] | list[Node] | Scalar
    line: int
    column: int
    keys: dict[str, tuple[int, int]] = field(default_factory=dict)
    size: int = 1

    def plain(self) -> object:
        """The values alone."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value

    def place(self, path: Path, of_key: bool = False) -> tuple[int, int]:
        """Line and column of what stands at a path, or of the nearest thing above it.

        Of its key when asked, and for a mapping, which may begin a line later than the eye looks for it.
        """
        node, found = self, (self.line, self.column)
        for step in path:
            if isinstance(node.value, dict) and step in node.value:
                found, node = node.keys[str(step)], node.value[str(step)]
            elif isinstance(node.value, list) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
                found = (node.line, node.column)
            else:
                return found
        return found if of_key or isinstance(node.value, dict) else (node.line, node.column)


def dotted(path: Path) -> str:
    """`("assets", "p1", "faults", 0)` -> `assets.p1.faults[0]`"""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


def read_tree(text: str) -> tuple[Node, list[Problem]]:
    """The one document of a text, and what is wrong with it as YAML. The tree is usable for what could be read.

    >>> tree, problems = read_tree("pump: {kw: 7.5, run: no}")
    >>> tree.plain(), problems[0].text("plant.yaml")[:30]
    ({'pump': {'kw': 7.5, 'run': None}}, 'plant.yaml:1:22: pump.run: `no')
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        return _nothing(), [Problem(1, 1, "", f"the file is larger than {MAX_BYTES // 1024 // 1024} MiB")]
    reader = _Reader(_events(text))
    try:
        tree = reader.document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        reader.problems.append(Problem(line, column, "", f"not YAML: {error.problem or error.context}"))
        tree = _nothing()
    except yaml.YAMLError as error:
        reader.problems.append(Problem(1, 1, "", f"not YAML: {str(error).splitlines()[0]}"))
        tree = _nothing()
    except _Unreadable as error:
        reader.problems.append(error.problem)
        tree = _nothing()
    return tree, reader.problems


def _nothing() -> Node:
    return Node(None, 1, 1)


def _events(text: str) -> Iterator[yaml.Event]:
    events: Iterator[yaml.Event] = yaml.parse(text, Loader=_LOADER)
    return events


def _place(event: yaml.Event) -> tuple[int, int]:
    mark = event.start_mark
    return (1, 1) if mark is None else (mark.line + 1, mark.column + 1)


class _Unreadable(Exception):
    """The rest of the file makes no sense, or no safe sense."""

    def __init__(self, event: yaml.Event, path: Path, message: str) -> None:
        super().__init__(message)
        self.problem = Problem(*_place(event), dotted(path), message)


class _Reader:
    """Builds the tree from events; depth is bounded before it recurses."""

    def __init__(self, events: Iterator[yaml.Event]) -> None:
        self._events = events
        self._anchors: dict[str, Node] = {}
        self._aliased = 0
        self.problems: list[Problem] = []

    def document(self) -> Node:
        next(self._events)  # the stream's start
        event = next(self._events)
        if isinstance(event, yaml.StreamEndEvent):
            return _nothing()
        tree = self._node(next(self._events), ())
        next(self._events)  # the document's end
        event = next(self._events)
        if not isinstance(event, yaml.StreamEndEvent):
            raise _Unreadable(event, (), "a second document begins here, one is expected")
        return tree

    def _node(self, event: yaml.Event, path: Path) -> Node:
        if len(path) > MAX_DEPTH:
            raise _Unreadable(event, path[:4], f"more than {MAX_DEPTH} levels")
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, path)
        if not isinstance(event, yaml.NodeEvent):
            raise _Unreadable(event, path, "a value is expected here")
        tag = getattr(event, "tag", None)
        if tag not in (None, "!", "tag:yaml.org,2002:str", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"):
            raise _Unreadable(event, path, f"the tag {tag} is not allowed: this file holds plain values only")
        node = Node(None, *_place(event))
        if isinstance(event, yaml.MappingStartEvent):
            self._mapping(node, path)
        elif isinstance(event, yaml.SequenceStartEvent):
            self._sequence(node, path)
        elif isinstance(event, yaml.ScalarEvent):
            node.value = self._scalar(event, path)
        if event.anchor:
            self._anchors[event.anchor] = node  # only now: an alias to something still open would never end
        return node

    def _alias(self, event: yaml.AliasEvent, path: Path) -> Node:
        target = self._anchors.get(event.anchor or "")
        if target is None:
            raise _Unreadable(event, path, f"*{event.anchor} stands for nothing before it, or for itself")
        self._aliased += target.size
        if self._aliased > MAX_ALIASED_NODES:
            raise _Unreadable(event, path, f"aliases unfold to more than {MAX_ALIASED_NODES} values")
        return target

    def _mapping(self, node: Node, path: Path) -> None:
        found: dict[str, Node] = {}
        node.value = found
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._key(event, path)
            place = _place(event)
            child = self._node(next(self._events), (*path, key))
            node.size += child.size
            if key in found:
                first = node.keys[key][0]
                self.problems.append(
                    Problem(*place, dotted((*path, key)), f"the key stands twice (first in line {first})")
                )
            else:
                found[key], node.keys[key] = child, place

    def _key(self, event: yaml.Event, path: Path) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            raise _Unreadable(event, path, "a key is a text")
        if not event.style and _BOOL_TRAP.fullmatch(event.value):
            self._trap(event, (*path, event.value), "is a truth value to YAML")
        return str(event.value)

    def _sequence(self, node: Node, path: Path) -> None:
        found: list[Node] = []
        node.value = found
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            child = self._node(event, (*path, len(found)))
            node.size += child.size
            found.append(child)

    def _scalar(self, event: yaml.ScalarEvent, path: Path) -> Scalar:
        text = str(event.value)
        if event.style or event.tag is not None:  # quoted or block: a text, whatever it looks like
            return text
        if text.lower() in _WORDS:
            return _WORDS[text.lower()]
        if _BOOL_TRAP.fullmatch(text):
            self._trap(event, path, "is a truth value to YAML: write true or false")
            return None
        if _NUMBER_TRAP.fullmatch(text):
            self._trap(event, path, "is a number to YAML that few expect: write it as a decimal number")
            return None
        if _INT.fullmatch(text) and len(text) <= 18:
            return int(text)
        if _FLOAT.fullmatch(text) and any(c.isdigit() for c in text):
            return float(text)
        return text

    def _trap(self, event: yaml.ScalarEvent, path: Path, what: str) -> None:
        message = f"`{event.value}` {what}, or put quotes around the text"
        self.problems.append(Problem(*_place(event), dotted(path), message))
