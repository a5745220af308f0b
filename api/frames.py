"""Opens stored series for notebooks: a state folder on this machine, or an InfluxDB. Through a server: `api.client`.

>>> frames = of_state("forewarn-state")                                                  # doctest: +SKIP
>>> frames.telemetry("pump-04", ["flow", "pressure"], start="2026-11-01").plot()          # doctest: +SKIP
>>> of_influx("http://127.0.0.1:8086", "plant.yaml", token="...").assets()                # doctest: +SKIP
"""

from __future__ import annotations

from pathlib import Path

from forewarn.core.errors import Rejected
from forewarn.pipeline.frames import SeriesFrames

TIMEOUT_S = 60.0


def of_state(state_dir: str | Path, plant: str | Path | None = None) -> SeriesFrames:
    """Frames of the embedded store in a state folder, also while a server writes it.

    `plant` is the plant file; by default that of the settings, else the one that lies in the folder. Raises Rejected
    when no series were stored there.
    """
    from forewarn.api.cli_series import settings_of
    from forewarn.ingest.store.reader import PackedReader
    from forewarn.pipeline.adopted import load_plant_with_adopted

    settings = settings_of(Path(state_dir))
    beside = settings.state_dir / "plant.yaml"
    file = Path(plant) if plant else beside if beside.is_file() else settings.plant
    if not file.is_file():
        raise Rejected("no_plant", f"{file} does not exist: name the plant file with plant=")
    known = load_plant_with_adopted(file, settings.adopted)
    return SeriesFrames(known, PackedReader(settings.series_dir), PackedReader(settings.derived_dir))


def of_influx(
    url: str, plant: str | Path, token: str = "", org: str = "", bucket: str = "forewarn", api: str = "auto"
) -> SeriesFrames:
    """Frames of what the second sink wrote to an InfluxDB (1.x, 2.x or 3; read by InfluxQL). No features of waveforms.

    Raises Rejected for a plant file that cannot be read, Retriable (at the first call) when the server is away.
    """
    from forewarn.ingest.influx.reader import InfluxReader
    from forewarn.ingest.influx.server import InfluxServer
    from forewarn.pipeline.plant_file import load_plant

    known = load_plant(Path(plant))
    server = InfluxServer(url, token, org, bucket, api, TIMEOUT_S)
    return SeriesFrames(known, InfluxReader(server, dict(enumerate(known.signals))))
