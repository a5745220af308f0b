"""The promises of the layout: which folders are shipped, who may import whom, and what no code here does."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
SETTINGS: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
SETUPTOOLS = SETTINGS["tool"]["setuptools"]
FOLDERS = ("api", "core", "ingest", "maintenance", "models", "pipeline", "simulators")
LOADED_BY_PATH = {"maintenance/migrations", "maintenance/migrations/versions"}  # Alembic's; shipped as package data
LINES_PER_FILE = 400
RUNS_DATA = {"eval", "exec", "os.system", "torch.load", "yaml.full_load", "yaml.load", "yaml.unsafe_load"}
PICKLES = {"pickle", "_pickle", "cloudpickle", "dill", "jsonpickle", "marshal", "shelve"}
PICKLES_TOO = {"joblib.dump", "joblib.load", "sklearn.externals"}
PICKLE_METHODS = {"read_pickle", "to_pickle"}
HEAVY = ("pandas", "sklearn", "statsmodels", "scipy.stats")


def product_files() -> list[Path]:
    return [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def syntax_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), filename=name_of(path))


def imports_of(path: Path) -> Iterator[str]:
    """Every module that a file imports, at whatever depth, `from a.b import c` as `a.b.c`."""
    for node in ast.walk(syntax_of(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_pyproject_lists_exactly_the_folders_that_hold_code() -> None:
    found = {path.parent.relative_to(ROOT).as_posix() for path in product_files()} - LOADED_BY_PATH
    assert {"forewarn." + folder.replace("/", ".") for folder in found} == set(SETUPTOOLS["packages"])


def test_every_package_is_mapped_by_its_folder() -> None:
    assert SETUPTOOLS["package-dir"] == {f"forewarn.{folder}": folder for folder in FOLDERS}


def test_every_package_is_marked_as_typed_and_says_what_it_holds() -> None:
    for package in SETUPTOOLS["packages"]:
        folder = ROOT.joinpath(*package.split(".")[1:])
        assert ast.get_docstring(syntax_of(folder / "__init__.py")), f"{package} has no docstring"
        assert (folder / "py.typed").is_file() or package.count(".") > 1, f"{package} has no py.typed"


def test_type_checker_and_import_linter_watch_every_folder() -> None:
    tool = SETTINGS["tool"]
    assert set(tool["importlinter"]["root_packages"]) == {f"forewarn.{folder}" for folder in FOLDERS}
    assert {f".dev/forewarn/{folder}" for folder in FOLDERS} <= set(tool["mypy"]["files"])
    assert set(FOLDERS) == set(tool["ruff"]["lint"]["flake8-tidy-imports"]["banned-api"])


def test_no_folder_carries_the_import_name() -> None:
    assert not (ROOT / "forewarn").exists(), "it would hide the installed package from python -m"


def test_imports_point_downwards() -> None:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    finished = subprocess.run([*command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stdout + finished.stderr


def test_core_needs_nothing_but_the_standard_library_and_numpy() -> None:
    allowed = {"forewarn", "numpy"} | sys.stdlib_module_names
    for path in sorted((ROOT / "core").rglob("*.py")):
        foreign = {name for name in imports_of(path) if name.split(".")[0] not in allowed}
        assert not foreign, f"{name_of(path)} imports {sorted(foreign)}"


def test_simulators_see_of_the_product_only_core_and_the_wire_formats() -> None:
    allowed = ("forewarn.core", "forewarn.simulators", "forewarn.ingest.formats")
    for path in sorted((ROOT / "simulators").rglob("*.py")):
        seen = {name for name in imports_of(path) if name.startswith("forewarn")}
        beyond = {name for name in seen if not name.startswith(allowed)}
        assert not beyond, f"{name_of(path)} imports {sorted(beyond)}"


def dangers(tree: ast.Module) -> Iterator[str]:
    """Calls and imports that turn data into running code, or a text into a shell's command."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (f"import {alias.name}" for alias in node.names if is_pickle(alias.name))
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (f"import {name}" for name in names if is_pickle(name) or name.startswith("skops.io."))
        elif isinstance(node, ast.Call):
            yield from dangers_of_call(node)


def is_pickle(name: str) -> bool:
    """Is it a module, or a name of one, that reads or writes pickles?"""
    return name.split(".")[0] in PICKLES or any(f"{name}.".startswith(f"{known}.") for known in PICKLES_TOO)


def dangers_of_call(node: ast.Call) -> Iterator[str]:
    """What is wrong with one call. A skops file is opened with the list in the code, never with what the file wants."""
    called = ast.unparse(node.func)
    last = called.rpartition(".")[2]
    told = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
    if called in RUNS_DATA | PICKLES_TOO or last in PICKLE_METHODS | {"get_untrusted_types"}:
        yield f"{called}()"
    if "skops" in called and last in {"load", "loads"} and told.get("trusted") != "TRUSTED":
        yield f"{called}() without trusted=TRUSTED"
    for keyword, safe in (("shell", "False"), ("allow_pickle", "False"), ("trusted", "TRUSTED")):
        if told.get(keyword, safe) != safe:
            yield f"{called}({keyword}={told[keyword]})"


@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "from _pickle import loads",
        "import dill.source",
        "from joblib import load",
        "joblib.dump(model, path)",
        "import sklearn.externals.joblib",
        "from sklearn.externals import joblib",
        "frame.to_pickle(path)",
        "torch.load(path)",
        "skops.io.load(path)",
        "skops.io.loads(data, trusted=skops.io.get_untrusted_types(data=data))",
        "skops.io.load(path, trusted=True)",
        "reader.open(path, trusted=None)",
        "from skops.io import load as open_model",
        "eval(text)",
        "yaml.load(text)",
        "joblib.load(path)",
        "np.load(path, allow_pickle=True)",
        "subprocess.run(text, shell=True)",
    ],
)
def test_the_search_for_dangerous_calls_finds_each_kind(line: str) -> None:
    assert list(dangers(ast.parse(line)))


@pytest.mark.parametrize(
    "line", ["skops.io.loads(data, trusted=TRUSTED)", "from joblib import Parallel", "np.load(path)", "json.load(file)"]
)
def test_the_search_for_dangerous_calls_lets_good_ones_pass(line: str) -> None:
    assert not list(dangers(ast.parse(line)))


def test_model_files_are_opened_in_one_place() -> None:
    using = {name_of(path) for path in product_files() if any(n.split(".")[0] == "skops" for n in imports_of(path))}
    assert using == {"models/registry/files.py"}


def test_no_product_code_runs_data_as_code() -> None:
    found = {f"{name_of(path)}: {danger}" for path in product_files() for danger in dangers(syntax_of(path))}
    assert not found


def test_no_file_is_so_long_that_it_hides_a_second_idea() -> None:
    written = [*product_files(), *sorted((ROOT / "tests").rglob("*.py")), *sorted((ROOT / "benchmarks").rglob("*.py"))]
    lengths = {name_of(path): len(path.read_text().splitlines()) for path in written}
    assert not {name: lines for name, lines in lengths.items() if lines > LINES_PER_FILE}


def imported_by(*arguments: str) -> set[str]:
    """Runs a new interpreter that tells what it imports."""
    command = [sys.executable, "-X", "importtime", "-P", *arguments]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    return {line.rpartition("|")[2].strip() for line in finished.stderr.splitlines()}


def heavy_modules_brought_in_by(*arguments: str) -> list[str]:
    """The heavy modules among what it imports."""
    return sorted(imported_by(*arguments) & set(HEAVY))


def test_the_command_line_starts_without_the_heavy_libraries() -> None:
    assert heavy_modules_brought_in_by("-m", "forewarn.api", "--help") == []


def test_the_ingest_process_starts_without_the_heavy_libraries() -> None:
    assert heavy_modules_brought_in_by("-m", "forewarn.api", "ingest", "--help") == []


def test_the_search_for_heavy_libraries_finds_one() -> None:
    assert "scipy.stats" in heavy_modules_brought_in_by("-c", "import scipy.stats")


def test_the_process_that_acknowledges_loads_neither_databases_nor_web_nor_models() -> None:
    found = imported_by("-c", "import forewarn.api.ingest_process")
    assert found & {"sqlalchemy", "alembic", "fastapi", "pandas", "sklearn", "scipy"} == set()
