"""sh run bench live: how long from a sensor's publish to the page, and from an alarm to the order on the page.

The demo runs at its own rate; a probe publishes numbered readings beside the fleet and a page's event stream
(`/api/live`) is read as a browser reads it. Publish to visible: from the call of publish to the event that carries the
reading or a newer one. Alarm to order: from the moment of the assessment to the event that carries the order.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import threading
import time
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from forewarn.api.demo import ASSESS_EVERY_S, PLANT_SECONDS_PER_SECOND
from forewarn.api.session import PlantSession, accelerated

PROBE_EVERY_S = 0.25
TOPIC = "bench/probe"


class Page:
    """Reads the live events as a browser would, and notes when each arrived."""

    def __init__(self, session: PlantSession) -> None:
        self._session = session
        self.values: dict[int, float] = {}
        self.orders_s: list[float] = []
        self._thread = threading.Thread(target=self._read, daemon=True)

    def start(self) -> None:
        """Open the stream."""
        self._thread.start()

    def _read(self) -> None:
        token = (self._session.settings.state_dir / "api-token").read_text().strip()
        url = f"http://127.0.0.1:{self._session.main.http_port}/api/live?asset=probe"
        event = ""
        with httpx2.stream("GET", url, headers={"Authorization": f"Bearer {token}"}, timeout=None) as answer:
            for line in answer.iter_lines():
                if line.startswith("event:"):
                    event = line[6:].strip()
                elif line.startswith("data:"):
                    self._note(event, json.loads(line[5:]), time.time())

    def _note(self, event: str, data: dict[str, Any], at_s: float) -> None:
        if event == "values":
            value = data["signals"][0]["last_value"]
            if value is not None:
                self.values.setdefault(int(value), at_s)
        elif event == "order":
            updated_us = round(datetime.fromisoformat(data["updated_at"]).timestamp() * 1e6)
            self.orders_s.append(at_s - self._session.settings.clock.clock().wall_us(updated_us) / 1e6)


def probe(session: PlantSession, seconds: float) -> dict[int, float]:
    """Publish numbered readings; number -> wall time of the publish."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="probe")
    client.connect("127.0.0.1", session.main.mqtt_port)
    client.loop_start()
    clock, sent = session.settings.clock.clock(), dict[int, float]()
    started = time.monotonic()
    while (elapsed := time.monotonic() - started) < seconds:
        now_s = time.time()
        number = len(sent) + 1
        ts_ms = clock.plant_us(round(now_s * 1e6)) / 1000
        client.publish(TOPIC, f'{{"value":{number},"ts":{ts_ms:.3f}}}', qos=1)
        sent[number] = now_s
        if number % 40 == 0:
            print(f"{elapsed:.0f} of {seconds:.0f} s", file=sys.stderr, flush=True)
        time.sleep(PROBE_EVERY_S)
    client.disconnect()
    client.loop_stop()
    return sent


def plant_file(folder: Path) -> Path:
    """The demo plant and an asset for the probe."""
    text = (files("forewarn.simulators") / "demo_plant.yaml").read_text().rstrip()
    lines = ["  probe:", "    name: Probe", "    class: test", "    area: test", "    signals:"]
    lines += [f"      number: {{topic: {TOPIC}, quantity: counter, unit: count}}"]
    file = folder / "plant.yaml"
    file.write_text("\n".join([text, *lines]) + "\n")
    return file


def quantiles(seconds: list[float]) -> dict[str, float | int]:
    """p50, p99 and the worst in ms."""
    ms = np.array(seconds) * 1000
    if not len(ms):
        return {"n": 0}
    return {"n": len(ms), **{name: round(float(np.quantile(ms, q)), 1) for name, q in (("p50", 0.5), ("p99", 0.99))},
            "worst": round(float(ms.max()), 1)}  # fmt: skip


def shown_after(sent: dict[int, float], shown: dict[int, float]) -> list[float]:
    """Seconds from each publish until the page showed that reading or a newer one; those never shown are left out."""
    waits, first_at_s = [], float("inf")
    for number in sorted(sent, reverse=True):
        first_at_s = min(first_at_s, shown.get(number, float("inf")))
        if first_at_s < float("inf"):
            waits.append(first_at_s - sent[number])
    return waits


def run(seconds: float, seed: int) -> dict[str, Any]:
    """One run of the demo with the probe."""
    with tempfile.TemporaryDirectory(prefix="forewarn-live-") as name:
        clock = accelerated(PLANT_SECONDS_PER_SECOND)
        publisher = ["fleet", "--seed", str(seed), "--rate", str(clock.rate)]
        session = PlantSession(plant_file(Path(name)), publisher, clock, ASSESS_EVERY_S, None, 0, "error")
        try:
            session.start()
            page = Page(session)
            page.start()
            time.sleep(5.0)  # the first readings of all machines come at once
            sent = probe(session, seconds)
            time.sleep(2.0)
            visible = shown_after(sent, page.values)
            result = {
                "publish_to_visible_ms": quantiles(visible),
                "never_shown": len(sent) - len(visible),
                "overtaken_before_shown": len(sent) - len(page.values),
                "alarm_to_order_ms": quantiles(page.orders_s),
                "slowest_pass_s": round(session.main.parts.scorer.stats.slowest_s, 3),
            }
        finally:
            session.close()
    return result


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--for", dest="seconds", type=float, default=90.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--data", type=Path, help="not used: the fleet is simulated")
    arguments = parser.parse_args()
    result = run(arguments.seconds, arguments.seed)
    line = json.dumps({**result, "cores": os.cpu_count(), "python": platform.python_version(), "runs": [result]})
    if arguments.out:
        arguments.out.write_text(line + "\n")
    print(line)


if __name__ == "__main__":
    main()
