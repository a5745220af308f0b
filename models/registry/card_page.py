"""A model's card as a page for people (Markdown): what it is for, what taught it, how well it did, where not to use it.

After Mitchell et al. 2019, "Model Cards for Model Reporting". Made from the card alone, so it says nothing that is not
signed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from forewarn.core.model_cards import ModelCard


def card_page(card: ModelCard) -> str:
    """The page. Texts of the card cannot become mark-up."""
    schema = card.schema
    columns = [f"{name} [{unit}]" if unit else name for name, unit in zip(schema.names, schema.units, strict=True)]
    start, stop = (_time(at_us) for at_us in card.data_span_us)
    parts = [
        f"# {_text(card.name)}, version {card.version}",
        _list(
            [
                ("task", card.task),
                ("kind", card.kind),
                ("trained", _time(card.trained_at_us)),
                ("for", schema.asset_class or "any class of assets"),
            ]
        ),
        "## What taught it",
        _list([("rows", f"{card.rows:,}"), ("assets", f"{card.assets:,}"), ("from", start), ("until", stop)]),
        _list([("training table (SHA-256)", card.data_digest)]),
        "## What it wants to see",
        "\n".join(f"{number}. {_text(column)}" for number, column in enumerate(columns, 1)) or "Nothing.",
        "## How well it did, on data that did not teach it",
        _table(("figure", "value"), {name: f"{value:.6g}" for name, value in card.metrics.items()}),
        "## Limits of use",
        _text(card.limits) or "None are written down. Ask who trained it before relying on it elsewhere.",
        "## Settings",
        _table(("setting", "value"), {name: json.dumps(value) for name, value in card.settings.items()}),
        "## Made with",
        _table(("library", "version"), card.libraries),
        *(["## Notes", _text(card.notes)] if card.notes else []),
        f"Model file (SHA-256): {_text(card.file_sha256)}",
    ]
    return "\n\n".join(parts) + "\n"


def _list(lines: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"- {name}: {_text(value)}" for name, value in lines)


def _table(head: tuple[str, str], rows: Mapping[str, str]) -> str:
    if not rows:
        return "None."
    lines = [f"| {head[0]} | {head[1]} |", "|---|---|"]
    return "\n".join(lines + [f"| {_text(name)} | {_text(value)} |" for name, value in rows.items()])


def _text(value: str) -> str:
    """One line, with nothing that Markdown or HTML would read.

    >>> _text("a | <b>")
    'a \\\\| &lt;b>'
    """
    plain = " ".join(value.split()).replace("\\", "\\\\").replace("&", "&amp;").replace("<", "&lt;")
    for sign in "|`*[]!#":
        plain = plain.replace(sign, "\\" + sign)
    return plain


def _time(at_us: int) -> str:
    try:
        return datetime.fromtimestamp(at_us / 1e6, UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (ValueError, OverflowError, OSError):
        return f"{at_us} us"
