"""What is shipped: a wheel built from the tree holds the product, all of it, and nothing else."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
NOT_COPIED = shutil.ignore_patterns(".*", "*.egg-info", "__pycache__", "build", "data", "dist", "out", "ui")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The names in a wheel that is built from a copy of the tree, so that nothing is left behind in it."""
    source, target = tmp_path_factory.mktemp("source") / "forewarn", tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT, source, ignore=NOT_COPIED)
    pip = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "--disable-pip-version-check",
        "-w",
        str(target),
        str(source),
    ]
    finished = subprocess.run(pip, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    return zipfile.ZipFile(next(target.glob("forewarn-*.whl"))).namelist()


def shipped_twin(path: Path) -> str:
    return "forewarn/" + path.relative_to(ROOT).as_posix()


@pytest.mark.slow
def test_the_wheel_holds_the_package_and_nothing_else(wheel: list[str]) -> None:
    tops = {name.split("/")[0] for name in wheel}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"forewarn"}
    assert not [name for name in wheel if "__pycache__" in name]


@pytest.mark.slow
def test_the_wheel_holds_every_module(wheel: list[str]) -> None:
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    folders = [ROOT.joinpath(*package.split(".")[1:]) for package in packages]
    assert {shipped_twin(path) for folder in folders for path in folder.glob("*.py")} <= set(wheel)


@pytest.mark.slow
def test_the_wheel_holds_migrations_plant_files_and_type_marks(wheel: list[str]) -> None:
    wanted = [
        *ROOT.glob("*/py.typed"),
        *ROOT.glob("simulators/*.yaml"),
        *ROOT.glob("api/*.yaml"),
        *ROOT.glob("ingest/**/*.yaml"),
        *ROOT.glob("maintenance/migrations/**/*.py"),
        *ROOT.glob("maintenance/migrations/*.mako"),
    ]
    assert {shipped_twin(path) for path in wanted} <= set(wheel)
    assert any(name.startswith("forewarn/maintenance/migrations/versions/") for name in wheel)
