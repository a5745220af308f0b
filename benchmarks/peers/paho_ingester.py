"""The peer of `ratio_to_paho`: an ingester as one would write it with paho and Mosquitto, over the same store.

How it stays fair: it uses the same `Intake` (formats, quality) and the same `PackedStore` with the same fsync, it reads
in the thread that acknowledges (paho's cheapest way: `loop`, MQTT 3.1.1, nothing handed between threads), it
commits in groups of up to half the broker's window or after 20 ms, which was paho's optimum when we measured, and it
has no journal of its own: one fsync less than Forewarn. It acknowledges by hand, in order, after the store's
transaction. What it lacks is paho's own: a read call for every few bytes, and a callback for every message.

>>> # python -m benchmarks.peers.paho_ingester 1883 /tmp/peer plant.yaml    prints {"ready": true} when subscribed
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from pathlib import Path

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from forewarn.ingest.delivery import Frame
from forewarn.ingest.intake import Intake
from forewarn.ingest.store.packed import PackedStore
from forewarn.ingest.store.reader import PackedReader
from forewarn.pipeline.plant_file import load_plant

CLIENT_ID = "paho-ingester"
GROUP = 500  # messages per commit: half of max_inflight_messages 1000, else the broker waits for us and we for it
LONGEST_WAIT_S = 0.02


def queryable(folder: Path) -> int:
    """Readings that another process finds in the store of `folder`; 0 while the store does not exist."""
    series = folder / "series"
    return PackedReader(series).counts().stored if series.is_dir() else 0


class PahoIngester:
    """One process between a broker and a store. `run` serves until `stop`."""

    def __init__(self, port: int, folder: Path, plant: Path, topics: str = "#", group: int = GROUP) -> None:
        signals = load_plant(plant).signals
        self._store = PackedStore(folder / "series")
        self._intake = Intake(signals, self._store.assign([spec.name for spec in signals]))
        self._group, self._topics = group, topics
        self._messages: list[mqtt.MQTTMessage] = []
        self._oldest_s = 0.0
        self._position = self._store.position
        self._stopping = False
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=CLIENT_ID, clean_session=False, manual_ack=True
        )
        self._client.on_connect = lambda client, *_: client.subscribe(self._topics, qos=1)
        self._client.on_subscribe = lambda *_: print(json.dumps({"ready": True}), flush=True)
        self._client.on_message = lambda client, data, message: self._take(message)
        self._client.connect("127.0.0.1", port)

    def stop(self) -> None:
        """Make `run` return after the next commit; callable from a signal handler."""
        self._stopping = True

    def run(self) -> None:
        """Read, commit and acknowledge in one thread."""
        while not self._stopping:
            if self._client.loop(LONGEST_WAIT_S) != mqtt.MQTT_ERR_SUCCESS:
                break
            waited_s = time.perf_counter() - self._oldest_s
            if self._messages and (len(self._messages) >= self._group or waited_s >= LONGEST_WAIT_S):
                self._commit()
        self._commit()
        self._store.close()
        self._client.disconnect()

    def _take(self, message: mqtt.MQTTMessage) -> None:
        if not self._messages:
            self._oldest_s = time.perf_counter()
        self._messages.append(message)

    def _commit(self) -> None:
        """The store's transaction, then the acknowledgements in the order of arrival."""
        now_us = time.time_ns() // 1000
        messages, self._messages = self._messages, []
        frames = [Frame(now_us, m.qos, CLIENT_ID, m.topic, bytes(m.payload)) for m in messages]
        taken = self._intake.take(frames)
        self._position += len(frames)
        self._store.write(self._position, taken.readings, taken.waveforms, taken.refused, taken.notes)
        self._store.flush()
        for message in messages:
            self._client.ack(message.mid, message.qos)


def main(port: int, folder: Path, plant: Path) -> None:
    """Run until SIGTERM. `folder` gets the store, `plant` is a plant file, `port` a broker's on 127.0.0.1."""
    ingester = PahoIngester(port, folder, plant)
    signal.signal(signal.SIGTERM, lambda *_: ingester.stop())
    ingester.run()


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent.parent))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("plant", type=Path)
    arguments = parser.parse_args()
    main(arguments.port, arguments.folder, arguments.plant)
