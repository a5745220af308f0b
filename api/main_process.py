"""The main process: records, scoring and the API; it starts and keeps the ingest process."""

from __future__ import annotations

import signal
import socket
import threading
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import structlog

from forewarn.api import wiring
from forewarn.api.auth import Gate
from forewarn.api.children import Child
from forewarn.api.record_jobs import RecordJobs
from forewarn.api.settings import HANDOVER, Settings
from forewarn.core.errors import Rejected
from forewarn.core.plant import Plant
from forewarn.pipeline.adopted import load_plant_with_adopted

if TYPE_CHECKING:
    import uvicorn

log = structlog.get_logger(__name__)


class MainProcess:
    """Start with `start()`, serve with `serve()` (blocks), end with `stop()` from any thread or by SIGTERM."""

    def __init__(self, settings: Settings) -> None:
        wiring.check_addresses(settings)
        self._listening = _listen(settings.http.host, settings.http.port)
        self.settings = settings
        plant = _plant_of(settings.plant, settings.adopted)
        self.ingest = Child("ingest", "forewarn.api", ["ingest", "--as-child"], {HANDOVER: settings.model_dump_json()})
        self.ingest.launch()  # devices wait for the front door; the rest here takes seconds
        self.parts = wiring.main_parts(settings, plant)
        self.jobs = RecordJobs(settings, self.parts.records)
        self.jobs.give(self.parts.room)
        self.gate = Gate(wiring.token_file(settings))
        self._server: uvicorn.Server | None = None
        self.mqtt_port = settings.mqtt.port

    @property
    def http_port(self) -> int:
        """Port of the API."""
        port: int = self._listening.getsockname()[1]
        return port

    def login_url(self) -> str:
        """Address that logs a browser in, once."""
        return f"http://{self.settings.http.host}:{self.http_port}/login?token={self.gate.new_login()}"

    def start(self) -> None:
        """Start scoring; returns when it and ingest are ready for the first reading."""
        from forewarn.pipeline.warm import warm_up

        self.mqtt_port = int(self.ingest.start()["mqtt_port"])
        warm_up(self.parts.room.plant)
        self.parts.scorer.start()
        self.parts.watch.start()
        self.parts.work.start()
        self.jobs.start()

    def serve(self) -> None:
        """Serve the API until `stop()`, SIGTERM or Ctrl-C; then end everything in order."""
        import uvicorn

        from forewarn.api.app import create_app

        app = create_app(self.parts.room, self.gate)
        config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        if threading.current_thread() is threading.main_thread():
            # uvicorn restores our handlers and raises the signal again: without one of ours the process would die
            # there, before the lines below
            signal.signal(signal.SIGTERM, _take_note)
            signal.signal(signal.SIGINT, _take_note)
        try:
            self._server.run(sockets=[self._listening])
        finally:
            self.close()

    @property
    def serving(self) -> bool:
        """Does the API answer?"""
        return self._server is not None and self._server.started

    @property
    def ended(self) -> bool:
        """Has the server been told to stop?"""
        return self._server is not None and self._server.should_exit

    def stop(self) -> None:
        """Make `serve()` return."""
        if self._server is not None:
            self._server.should_exit = True

    def close(self) -> None:
        """End ingest first, so that everything acknowledged is stored, then scoring, then the files."""
        self.ingest.stop()
        self.parts.scorer.stop()
        self.jobs.stop()
        self.parts.close()


def _plant_of(file: Path, adopted: Path) -> Plant:
    """The plant, or one clear line about a file that cannot be read."""
    try:
        return load_plant_with_adopted(file, adopted)
    except OSError as error:
        hint = f"{file} cannot be read ({error.strerror}); name the plant file with FOREWARN_PLANT"
        raise Rejected("plant_file", hint) from error


def _take_note(signum: int, frame: FrameType | None) -> None:
    log.info("told_to_stop", signal=signal.Signals(signum).name)


def _listen(host: str, port: int) -> socket.socket:
    """A bound socket, so that a port in use is one clear line at start and not a stack trace later."""
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(512)  # now: a second start must find the port taken, not share it
    except OSError as error:
        listening.close()
        hint = f"{host}:{port} cannot be used for the API ({error.strerror}); choose another with FOREWARN_HTTP__PORT"
        raise Rejected("address_in_use", hint) from error
    return listening


def free_port(host: str, preferred: int) -> int:
    """The preferred TCP port when nobody has it, else any free one."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            found: int = probe.getsockname()[1]
            return found
    raise OSError(f"no free port on {host}")
