"""A publisher whose ledger survives it: every id is on the disk before it is sent, and again after its PUBACK.

`python ledger.py FILE HOST PORT RATE TOPIC...`: publishes rising ids round robin over the topics as QoS 1 JSON
readings until standard input closes, then waits for what is outstanding. The ledger has one line an event: `s ID`
(about to be sent), `a ID` (acknowledged).
"""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

GROUP_S = 0.01
"""Small groups all the time: a system that forgets the last milliseconds before a kill is caught only by a load that
never pauses."""
OUTSTANDING = 2000


class Ledger:
    """Append-only file of events, fsynced in groups."""

    def __init__(self, file: Path) -> None:
        self._file = file.open("ab", buffering=0)
        self._lock = threading.Lock()

    def write(self, mark: str, ids: list[int]) -> None:
        """Make these events durable before the call returns."""
        with self._lock:
            self._file.write(b"".join(f"{mark} {i}\n".encode() for i in ids))
            os.fsync(self._file.fileno())


def read_ledger(file: Path) -> tuple[set[int], set[int]]:
    """Ids that were (attempted, acknowledged)."""
    attempted, acked = set[int](), set[int]()
    for line in file.read_text().splitlines():
        mark, _, number = line.partition(" ")
        (attempted if mark == "s" else acked).add(int(number))
    return attempted, acked


def publish_until_told(file: Path, host: str, port: int, rate: float, topics: list[str], stop: threading.Event) -> None:
    """Publish at a rate (messages/s) until `stop`; paho repeats after each reconnect what was not acknowledged."""
    ledger, mids, done = Ledger(file), dict[int, int](), list[int]()
    start_ms = time.time_ns() // 1_000_000
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="ledger", clean_session=False)
    client.max_inflight_messages_set(500)
    client.reconnect_delay_set(1, 2)

    def on_publish(client_: mqtt.Client, data: object, mid: int, *rest: object) -> None:
        done.append(mid)  # its id is looked up later: publish() may not have returned yet

    client.on_publish = on_publish
    client.connect_async(host, port, keepalive=10)
    client.loop_start()
    next_id = 0
    while not stop.is_set() or mids:
        if not stop.is_set() and len(mids) < OUTSTANDING:
            ids = list(range(next_id, next_id + max(1, round(rate * GROUP_S))))
            ledger.write("s", ids)
            next_id = ids[-1] + 1
            for i in ids:
                payload = f'{{"value":{i},"ts":{start_ms + i}}}'  # one reading a millisecond: no two share an identity
                mids[client.publish(topics[i % len(topics)], payload, qos=1).mid] = i
        time.sleep(GROUP_S)
        count = len(done)
        ledger.write("a", [mids.pop(mid) for mid in done[:count]])
        del done[:count]
    client.disconnect()
    client.loop_stop()


def main() -> None:
    """See the module."""
    file, host, port, rate, *topics = sys.argv[1:]
    stop = threading.Event()

    def watch() -> None:
        while os.read(0, 4096):
            pass
        stop.set()

    threading.Thread(target=watch, daemon=True).start()
    publish_until_told(Path(file), host, int(port), float(rate), topics, stop)


if __name__ == "__main__":
    main()
