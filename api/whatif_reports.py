"""What-if reports on disk: one JSON file each, named by its SHA-256. What a promotion refers to can be read again."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import cast

from forewarn.core.errors import Rejected
from forewarn.core.work import Json
from forewarn.maintenance.evidence import canonical
from forewarn.pipeline.whatif import digest_of
from forewarn.pipeline.whatif_report import WhatIfReport

SHA256 = re.compile("[0-9a-f]{64}")


class WhatIfReports:
    """A folder of reports; several programs may write it at once, since a name says what is in the file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, report: WhatIfReport) -> str:
        """Keep a report; its SHA-256."""
        text = canonical(report.json)
        digest = digest_of(text)
        self._folder.mkdir(parents=True, exist_ok=True)
        beside = self._folder / f".{digest}.new"
        beside.write_text(text)
        beside.replace(self._folder / f"{digest}.json")
        return digest

    def get(self, sha256: str) -> Json | None:
        """A report, None when there is none. Raises Rejected for a file that was changed since."""
        file = self._folder / f"{sha256}.json"
        if not SHA256.fullmatch(sha256) or not file.is_file():
            return None
        text = file.read_text()
        if digest_of(text) != sha256:
            raise Rejected("changed_report", f"{file.name} is not the report that was kept: it was changed")
        return cast(Json, json.loads(text))

    def of_model(self, name: str, version: int) -> list[str]:
        """Reports that tried a version, newest first."""
        files = self._folder.glob("*.json") if self._folder.is_dir() else ()
        newest = sorted(files, key=lambda file: (-file.stat().st_mtime, file.name))
        wanted = f"{name}:{version}"
        return [file.stem for file in newest if (told := self.get(file.stem)) and told.get("model") == wanted]
