"""Topics by template: words in braces, filled in by the place of a machine and by words of the plant's own.

    topic: "acme/{site}/{area}/{line}/{cell}/{asset}/{signal}"
    assets:
      p101: {words: {line: line-3, cell: filling}, ...}

So the tree of a plant (ISA-95 levels of a unified namespace, or what a vendor made up) is written down once.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from forewarn.pipeline.plant_layers import Layered, Report
from forewarn.pipeline.plant_schema import MachineEntry, PlantFile
from forewarn.pipeline.plant_units import did_you_mean

DEFAULT_TOPIC = "pm/v1/{site}/{area}/{asset}/{signal}"
GIVEN = ("plant", "site", "area", "asset", "signal")
"""Words that need not be given: the file says them anyway."""

_WORD = re.compile(r"\{([^{}]*)\}")


def filled_in(topic: str, words: Mapping[str, str]) -> tuple[str, list[str]]:
    """The topic with its words, and those that nobody gave (they stay as they are).

    >>> filled_in("acme/{site}/{line}/{signal}", {"site": "s1", "signal": "temp"})
    ('acme/s1/{line}/temp', ['line'])
    """
    missing = [word for word in _WORD.findall(topic) if word not in words]
    return _WORD.sub(lambda found: words.get(found[1], found[0]), topic), missing


def own_words(machine: Layered[MachineEntry], report: Report) -> dict[str, str]:
    """The words of a machine: what the asset says wins over what its template says, word by word."""
    found: dict[str, str] = {}
    for entry, path in machine.layers:
        for word, text in entry.words.items():
            if word in GIVEN:
                report((*path, "words", word), f"{{{word}}} is filled in by itself: choose another name")
            found.setdefault(word, text)
    return found


def all_words(file: PlantFile) -> frozenset[str]:
    """Every word that some machine or template of the file gives."""
    return frozenset(_of_machines(file))


def _of_machines(file: PlantFile) -> Iterator[str]:
    yield from GIVEN
    for entry in (*file.templates.values(), *file.assets.values()):
        yield from entry.words


def lacking(word: str, topic: str, known: Collection[str]) -> str:
    """What is said to the author of a topic with a word that nobody gave.

    >>> lacking("lin", "a/{lin}", ["line", "site"])
    "unknown word {lin} in topic 'a/{lin}' (did you mean line?): a word of your own stands under `words` of the machine"
    """
    hint = did_you_mean(word, known)
    return f"unknown word {{{word}}} in topic {topic!r}{hint}: a word of your own stands under `words` of the machine"
