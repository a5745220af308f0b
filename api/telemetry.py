"""What people do about telemetry: adopt an unknown signal, take one back, read refused messages again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, cast

import structlog

from forewarn.api.problems import BadFields
from forewarn.core.errors import Rejected, Retriable
from forewarn.core.plant import Plant
from forewarn.ingest.brokers.promise import read_promises
from forewarn.pipeline.adopted import adopt, give_up
from forewarn.pipeline.plant_file import PlantFileError

log = structlog.get_logger(__name__)

MOST_REPLAYS = 20
"""So many requests of some hundred messages each are made for one click; who has more asks again."""

FIELDS = frozenset({"signal", "topic", "field", "unit", "quantity", "component"})
"""What a person can fill in of an adopted signal."""


class Control(Protocol):
    """Asks the ingest process (`ingest.control.ControlClient`)."""

    def ask(self, command: str, timeout_s: float = ..., **arguments: object) -> object:
        """The result of a command. Raises Retriable when ingest is away."""
        ...


def fields_of(error: PlantFileError) -> dict[str, str]:
    """Field of the form -> what is wrong with it; "" for what none of them can mend.

    >>> from forewarn.pipeline.plant_yaml import Problem
    >>> fields_of(PlantFileError("adopted.yaml", [Problem(5, 9, "assets.p1.signals.temp.unit", "unknown unit 'x'")]))
    {'unit': "unknown unit 'x'"}
    """
    found: dict[str, str] = {}
    for problem in error.problems:
        steps = problem.path.split(".")
        field = "signal" if len(steps) == 4 else steps[4] if len(steps) > 4 else ""
        found.setdefault(field if field in FIELDS else "", problem.message)
    return found


class TelemetryDesk:
    """`on_plant` is told the new plant after an adoption; `control` is the way to the ingest process."""

    def __init__(
        self, plant_file: Path, overlay: Path, promises: Path, control: Control, on_plant: Callable[[Plant], None]
    ) -> None:
        self._plant_file, self._overlay, self._promises = plant_file, overlay, promises
        self._control, self._on_plant = control, on_plant

    def status(self) -> dict[str, Any] | None:
        """Figures of the ingest process; None while it is away."""
        try:
            return cast(dict[str, Any], self._control.ask("status", timeout_s=2.0))
        except Retriable:
            return None

    def promises(self) -> dict[str, dict[str, Any]]:
        """What is known of each broker."""
        return read_promises(self._promises)

    def adopt(self, asset: str, signal: str, entry: dict[str, object]) -> None:
        """Add a signal, in both processes. Raises BadFields when the plant does not hold together with it."""
        try:
            plant = adopt(self._plant_file, self._overlay, asset, signal, entry)
        except PlantFileError as error:
            raise BadFields(fields_of(error)) from error
        self._use(plant)

    def give_up(self, asset: str, signal: str) -> None:
        """Take an adopted signal back; what was stored of it stays."""
        self._use(give_up(self._plant_file, self._overlay, asset, signal))

    def renewed(self, plant: Plant) -> None:
        """The overlay says something else by now. An ingest process that is away reads it when it comes back."""
        self._on_plant(plant)
        try:
            self._control.ask("reload")
        except Retriable:
            log.warning("ingest_away", told="it reads the plant again when it starts")

    def _use(self, plant: Plant) -> None:
        self._control.ask("reload")
        self._on_plant(plant)

    def replay(self, **wanted: object) -> dict[str, Any]:
        """Read refused messages again, page after page. Raises Rejected when nothing says which."""
        if not any(value for value in wanted.values()):
            raise Rejected("nothing_named", "name rows, a reason or a topic")
        total: dict[str, Any] = {"asked": 0, "payload_cut": [], "missing": []}
        page: dict[str, Any] = {key: value for key, value in wanted.items() if value}
        for _ in range(MOST_REPLAYS):
            answer = cast(dict[str, Any], self._control.ask("replay", **page))
            total["asked"] += answer["asked"]
            total["payload_cut"] += answer["payload_cut"]
            total["missing"] += answer["missing"]
            if answer["go_on_before"] is None or "rows" in page:
                break
            page["before_row"] = answer["go_on_before"]
        return total
