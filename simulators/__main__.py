"""`python -P -m forewarn.simulators`: the demo fleet, or a recorded test, as one process that publishes over MQTT.

Orders come as lines of JSON on standard input, the report leaves as the last line of standard output.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from pathlib import Path
from queue import SimpleQueue

from forewarn.core.clock import PlantClock
from forewarn.core.errors import ForewarnError
from forewarn.core.work import Json
from forewarn.simulators.player import Recording, Replay
from forewarn.simulators.publisher import Publisher, Target
from forewarn.simulators.run import STOP, Control, complain, read_control, run_fleet, wall_us

DEMO_RATE = 10_800.0  # three plant hours a second


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="forewarn.simulators", description=__doc__)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--host", default="127.0.0.1")
    common.add_argument("--port", type=int, default=1883)
    common.add_argument("--username")
    common.add_argument("--password", help="better: the environment variable FOREWARN_MQTT_PASSWORD")
    common.add_argument("--client-id", default="simulator")
    common.add_argument("--origin-wall-us", type=int, help="wall time of the plant clock's origin (now)")
    common.add_argument("--origin-plant-us", type=int, help="plant time of the plant clock's origin (its wall time)")
    what = parser.add_subparsers(dest="what", required=True)
    fleet = what.add_parser("fleet", parents=[common], help="twelve machines that wear")
    fleet.add_argument("--seed", type=int, default=1)
    fleet.add_argument("--rate", type=float, default=DEMO_RATE, help="plant seconds per wall second")
    fleet.add_argument("--for", dest="seconds", type=float, help="wall seconds (until standard input ends)")
    pronostia = what.add_parser("pronostia", parents=[common], help="a recorded bearing, run to failure")
    pronostia.add_argument("--data", type=Path, required=True, help="folder of the parquet files")
    pronostia.add_argument("--bearing", required=True, help="for instance Bearing1_1")
    pronostia.add_argument("--speed", type=float, default=200.0, help="recorded seconds per wall second")
    return parser


def _target(given: argparse.Namespace) -> Target:
    password = given.password or os.environ.get("FOREWARN_MQTT_PASSWORD")
    return Target(given.host, given.port, given.username, password, given.client_id)


def _clock(given: argparse.Namespace, rate: float) -> PlantClock:
    origin_wall_us = wall_us() if given.origin_wall_us is None else given.origin_wall_us
    origin_plant_us = origin_wall_us if given.origin_plant_us is None else given.origin_plant_us
    return PlantClock(origin_wall_us, origin_plant_us, rate)


def _control(stop_at_end: bool) -> SimpleQueue[Control]:
    """Orders from standard input and from signals. The end of the input stops a run that has no end of its own."""
    control: SimpleQueue[Control] = SimpleQueue()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: control.put(STOP))
    reader = threading.Thread(
        target=read_control, args=(sys.stdin.readline, control, complain, stop_at_end), daemon=True
    )
    reader.start()
    return control


def run(given: argparse.Namespace) -> Json:
    """Do what the command line asks for; give the report."""
    if given.what == "fleet":
        clock = _clock(given, given.rate)
        return run_fleet(_target(given), clock, given.seed, given.seconds, _control(given.seconds is None))
    recording, clock = Recording(given.data, given.bearing), _clock(given, given.speed)
    return Replay(recording, Publisher(_target(given)), clock, _control(stop_at_end=False), complain).run()


def main() -> int:
    """0 when every message was acknowledged, 1 otherwise."""
    try:
        report = run(arguments().parse_args())
    except ForewarnError as error:
        complain(str(error))
        return 1
    print(json.dumps(report), flush=True)
    return 0 if report["complete"] else 1


if __name__ == "__main__":
    sys.exit(main())
