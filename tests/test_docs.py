"""The reference names every command, option and setting; README shows the two commands."""

from __future__ import annotations

import re

import typer.main
from pydantic import BaseModel
from typer.core import TyperGroup

from forewarn.api.app import openapi_document
from forewarn.api.cli import app
from forewarn.api.settings import Settings
from forewarn.pipeline.plant_file import parse_plant
from tests.conftest import ROOT

COMMANDS = (ROOT / "docs/reference/commands.md").read_text()
SETTINGS = (ROOT / "docs/reference/settings.md").read_text()


def commands(group: TyperGroup, prefix: str) -> list[tuple[str, list[str]]]:
    found: list[tuple[str, list[str]]] = []
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            found += commands(command, f"{prefix} {name}")
        else:
            options = [o for p in command.params for o in p.opts if o.startswith("--") and o != "--help"]
            found.append((f"{prefix} {name}", options))
    return found


def test_the_reference_names_every_command_and_option() -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    missing = [name for name, _ in commands(group, "forewarn") if f"### `{name}`" not in COMMANDS]
    missing += [f"{name} {o}" for name, options in commands(group, "forewarn") for o in options if o not in COMMANDS]
    assert missing == []


def settings_of(model: type[BaseModel], prefix: str = "") -> list[str]:
    names: list[str] = []
    for name, field in model.model_fields.items():
        nested = field.annotation
        if isinstance(nested, type) and issubclass(nested, BaseModel):
            names += settings_of(nested, f"{prefix}{name}.")
        else:
            names.append(f"{prefix}{name}")
    return names


def test_the_reference_names_every_setting() -> None:
    assert [name for name in settings_of(Settings) if f"`{name}`" not in SETTINGS] == []


def test_the_reference_names_every_route() -> None:
    reference = (ROOT / "docs/reference/api.md").read_text()
    assert [path for path in openapi_document()["paths"] if path not in reference] == []


def test_the_plant_file_of_the_tutorial_is_valid() -> None:
    text = (ROOT / "docs/tutorial/first-plant.md").read_text()
    plant = parse_plant(text.split("```yaml\n")[1].split("```")[0], "tutorial")
    assert [a.id for a in plant.assets] == ["p101"]


def test_links_between_documents_lead_somewhere() -> None:
    broken = []
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
            if not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert broken == []


def test_the_readme_shows_both_commands() -> None:
    readme = (ROOT / "README.md").read_text()
    assert "sh run demo" in readme
    assert "sh run test" in readme
