"""What cannot run says why in one line and leaves nothing behind."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

import pytest

from forewarn.api.settings import HttpSettings, MqttSettings, Settings
from tests.system.running import PLANT, UP, RunningSystem, environment_of, settings_for

pytestmark = pytest.mark.slow


def refused(settings: Settings) -> list[str]:
    """The lines that `forewarn up` says before it gives up with exit status 1."""
    ended = subprocess.run(UP, capture_output=True, text=True, check=False, env=environment_of(settings))
    assert ended.returncode == 1, ended.stderr
    assert ended.stdout == ""
    assert "Traceback" not in ended.stderr
    return ended.stderr.splitlines()


def test_a_broken_plant_file_is_told_line_by_line_and_nothing_is_made(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, PLANT.replace("range:", "rnage:").replace("waveform", "wavform"))
    first, second = refused(settings)
    where = f"{settings.plant}:13:52: assets.press-1.signals.temp.rnage"
    assert first == f"forewarn: {where}: unknown key (did you mean range?)"
    assert second.startswith(f"{settings.plant}:14:19: assets.press-1.signals.vib.kind: ")
    assert not settings.state_dir.exists()


def test_a_plant_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    settings.plant.unlink()
    (line,) = refused(settings)
    assert str(settings.plant) in line
    assert "FOREWARN_PLANT" in line
    assert not settings.state_dir.exists()


def test_a_port_of_the_interface_that_is_in_use_is_named(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        (line,) = refused(settings.model_copy(update={"http": HttpSettings(port=port)}))
    assert f"127.0.0.1:{port}" in line
    assert "FOREWARN_HTTP__PORT" in line
    assert not settings.state_dir.exists()


def test_a_port_of_the_front_door_that_is_in_use_is_named(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        lines = refused(settings.model_copy(update={"mqtt": MqttSettings(port=port)}))
    assert any(str(port) in line and "in use" in line for line in lines), lines


def test_a_second_system_on_the_same_folder_is_refused_and_the_first_goes_on(
    system: RunningSystem, tmp_path: Path
) -> None:
    other_ports = settings_for(tmp_path)
    lines = refused(other_ports.model_copy(update={"state_dir": system.settings.state_dir}))
    assert any("another process" in line for line in lines), lines
    sender = system.sender("device")
    sender.good(10)
    sender.close()
    system.check_books()
