"""Shapes that the page names are those of the API: the same fields of the same types."""

from __future__ import annotations

import inspect
import json
import re
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from forewarn import api
from forewarn.api import schemas_jobs
from forewarn.api.app import openapi_document
from forewarn.core.work import OPEN_STATUSES, OrderKind, Status

ONLY_IN_PYTHON = {
    "LoginIn",  # the page posts the token of its address
    "Model",  # the base of all
    "ModelNameOut", "ModelNew", "PolicyOut", "PromoteIn", "StageIn", "SuggestionOut",  # the page does without
}  # fmt: skip
ONLY_IN_PYTHON |= {
    name
    for name, shape in inspect.getmembers(schemas_jobs, inspect.isclass)
    if shape.__module__ == schemas_jobs.__name__ and name != "CodesOut"  # of jobs the page knows the codes alone
}
NOT_SHOWN = {("Problem", "errors")}
INTERFACE = re.compile(r"export interface (\w+)(?: extends (\w+))? \{(.*?)\n\}", re.DOTALL)
UNION = re.compile(r"export type (\w+) = ([^;]+);")


SHARED = ("types.ts", "orderTypes.ts", "telemetryTypes.ts", "roundTypes.ts", "modelTypes.ts")


def types_of_the_page(root: Path, more: tuple[str, ...] = ()) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """Interface -> field -> type, with inherited fields; and the named unions."""
    home = root / "ui" / "src" / "api"
    text = "".join((home / name).read_text() for name in (*SHARED, *more))
    found: dict[str, dict[str, str]] = {}
    for name, base, body in INTERFACE.findall(text):
        own = dict(re.findall(r"^  (\w+)\??: (.+);$", body, re.MULTILINE))
        found[name] = {**found.get(base, {}), **own}
    return found, dict(UNION.findall(text))


def models() -> dict[str, type[BaseModel]]:
    names = ("", "_energy", "_jobs", "_models", "_readings", "_shelf", "_telemetry")
    modules = [import_module(f"{api.__name__}.schemas{name}") for name in names]
    members = [(m.__name__, n, c) for m in modules for n, c in inspect.getmembers(m, inspect.isclass)]
    return {n: c for home, n, c in members if issubclass(c, BaseModel) and c.__module__ == home}


def as_typescript(schema: dict[str, Any]) -> str:
    """What a JSON Schema of a field is in the page's words."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " | ".join(as_typescript(one) for one in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(json.dumps(word) for word in schema["enum"])
    if schema["type"] == "array":
        inner = as_typescript(schema["items"])
        return f"({inner})[]" if " | " in inner else f"{inner}[]"
    if schema["type"] == "object":
        return "object"
    return {"integer": "number"}.get(schema["type"], str(schema["type"]))


def in_full(text: str, unions: dict[str, str]) -> str:
    for name, words in unions.items():
        if name != "Json":
            text = re.sub(rf"\b{name}\b(?=\[)", f"({words})", text)
            text = re.sub(rf"\b{name}\b", words, text)
    return "object" if text.startswith(("{ [", "Partial<")) else text


def test_the_page_and_the_api_name_the_same_shapes(root: Path) -> None:
    page, _ = types_of_the_page(root)
    assert set(page) == set(models()) - ONLY_IN_PYTHON


@pytest.mark.parametrize("name", sorted(set(models()) - ONLY_IN_PYTHON))
def test_every_shape_has_the_same_fields_of_the_same_types_in_the_page(name: str, root: Path) -> None:
    page, unions = types_of_the_page(root)
    schema = models()[name].model_json_schema(mode="serialization")
    ours = {f: as_typescript(s) for f, s in schema["properties"].items() if (name, f) not in NOT_SHOWN}
    assert {field: in_full(text, unions) for field, text in page[name].items()} == ours


def test_statuses_and_kinds_are_those_of_the_core() -> None:
    shown = models()["OrderRow"].model_json_schema()["properties"]
    assert shown["status"]["enum"] == [s.value for s in Status]
    assert shown["kind"]["enum"] == [k.value for k in OrderKind]
    assert set(OPEN_STATUSES) < set(Status)


def test_every_model_of_the_answers_stands_in_the_document() -> None:
    assert set(models()) - set(described()) == {"Model", "Values"}  # Values comes as a live event


@cache
def described() -> dict[str, Any]:
    """Shapes of the document."""
    return dict(openapi_document()["components"]["schemas"])


# Of work, planning and parts the page reads a part of each shape, often under a name of its own.

SHOWN_IN_PART = ("jobTypes.ts", "plan.ts", "parts.ts")
CALLED = {
    "Assignment": "AssignmentShape", "BuyingNeed": "BuyingNeedOut", "BuyingProposal": "ProposalOut",
    "DemandTrace": "DemandTraceOut", "DepartmentStep": "StepOut", "DepartmentSteps": "StepsOut",
    "HeldAdvice": "HeldAdviceOut", "KeptAssignment": "KeptOut", "OrderStock": "OrderStockOut",
    "PartDemandDetail": "PartDemandOut", "Proposal": "PlanOut", "ReorderPolicy": "ReorderPolicyOut",
    "ReorderProposal": "ReorderProposalOut", "Reservation": "ReservationOut", "Span": "AbsenceShape",
    "Standing": "StandingOut", "StepResultOut": "ResultOut", "StockPart": "StockPartDetail",
    "WaitingRow": "WaitingOut",
}  # fmt: skip
SOURCES = Path(__file__).parents[2] / "ui" / "src" / "api"
PARTLY = [name for file in SHOWN_IN_PART for name, _, _ in INTERFACE.findall((SOURCES / file).read_text())]


@pytest.mark.parametrize("name", PARTLY)
def test_what_the_page_reads_of_work_and_parts_is_what_the_api_gives(name: str, root: Path) -> None:
    page, unions = types_of_the_page(root, SHOWN_IN_PART)
    assert set(CALLED) <= set(page)
    document = described()
    given = document[CALLED.get(name, name)]["properties"]
    for field, text in page[name].items():
        told = as_typescript(given[field])
        if "{" in text:  # a shape without a name: its fields
            inner = document[told.removesuffix("[]")]["properties"]
            assert set(re.findall(r"(\w+):", text)) <= set(inner), field
        elif not text.startswith("Record<"):
            same = in_full(re.sub(r"\w+", lambda word: CALLED.get(word[0], word[0]), text), unions)
            words = re.sub(r'"\w+"( \| "\w+")*', "string", told).replace("(string)", "string")
            assert same in (told, in_full(told, unions), words), field
