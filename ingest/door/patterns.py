"""Topic patterns of the access rules: MQTT's wildcards, and the words `{user}` and `{client}`. Pure."""

from __future__ import annotations

import re

_WORDS = re.compile(r"\{(user|client)\}")


def filled(pattern: str, user: str, client: str) -> str:
    """In one pass: a name that looks like a word is not replaced again."""
    return _WORDS.sub(lambda word: user if word.group(1) == "user" else client, pattern)


def matches(pattern: str, topic: str) -> bool:
    """MQTT's matching of a filter (section 4.7): `+` is one level, `#` the rest, and neither begins with `$`.

    >>> [matches("plant/+/oil/#", t) for t in ("plant/press/oil", "plant/press/oil/de/x", "plant/oil")]
    [True, True, False]
    """
    wanted, given = pattern.split("/"), topic.split("/")
    if topic.startswith("$") and wanted[0] in ("+", "#"):
        return False
    if wanted[-1] == "#":
        wanted = wanted[:-1]
        given = given[: len(wanted)] if len(given) >= len(wanted) else given
    return len(wanted) == len(given) and all(w in ("+", g) for w, g in zip(wanted, given, strict=True))


def check_pattern(pattern: str) -> None:
    """`ValueError` for what is no topic filter, or names a word that does not exist."""
    if not is_filter(pattern):
        raise ValueError(f"{pattern!r}: + and # stand alone in their level, # only in the last one")
    if set("{}") & set(_WORDS.sub("", pattern)):
        raise ValueError(f"{pattern!r}: the words are {{user}} and {{client}}")


def is_filter(text: str) -> bool:
    """Whether this is a topic filter at all (4.7.1, 4.7.3, 4.8.2).

    >>> [is_filter(t) for t in ("a/+/b/#", "#", "", "a/#/b", "a+", "$share//t", "$share/group/t")]
    [True, True, False, False, False, False, True]
    """
    levels = text.split("/")
    if levels[0] == "$share" and (len(levels) < 3 or not levels[1] or set(levels[1]) & set("+#") or levels[2:] == [""]):
        return False
    alone = all(level in ("+", "#") for level in levels if set(level) & set("+#"))
    return bool(text) and alone and "#" not in levels[:-1]
