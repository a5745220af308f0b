"""Plays recorded run-to-failure tests through MQTT as a gateway beside the rig would have sent them.

PRONOSTIA (Nectoux et al., IEEE PHM 2012): 2560 samples at 25.6 kHz from two accelerometers every 10 s. The recorded
time of a snapshot, counted from the plant clock's origin, becomes its time stamp.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue

import numpy as np

from forewarn.core.clock import US_PER_S, PlantClock
from forewarn.core.errors import Rejected
from forewarn.core.readings import Int32s
from forewarn.core.work import Json
from forewarn.ingest.formats import waveform
from forewarn.ingest.formats.waveform_block import Block
from forewarn.simulators.publisher import Publisher
from forewarn.simulators.run import DRAIN_S, STEP_S, Control, Repair, wall_us
from forewarn.simulators.wire import Message

SAMPLE_RATE_HZ = 25_600.0
SNAPSHOT_S = 10.0
CHANNELS = ("horizontal", "vertical")
BATCH_SNAPSHOTS = 64
BEHIND_S = 2.0  # wall seconds of delay that are worth a word


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """One snapshot: seconds since the start of the test and, per channel, 2560 samples in milli-g."""

    t_s: float
    milli_g: dict[str, Int32s]


class Recording:
    """One bearing of the PRONOSTIA learning set, read from its parquet file in small pieces.

    Raises Rejected `no_pyarrow` (with what to install), `no_recording` and `wrong_format`.
    """

    def __init__(self, folder: Path, bearing: str) -> None:
        try:
            from pyarrow import parquet
        except ImportError:
            raise Rejected("no_pyarrow", "reading parquet needs pyarrow: pip install 'forewarn[replay]'") from None
        path = folder / f"{bearing}.parquet"
        if not path.is_file():
            known = ", ".join(sorted(p.stem for p in folder.glob("*.parquet"))) or "no parquet file at all"
            raise Rejected("no_recording", f"{folder} holds no {path.name}, but {known}")
        self.bearing = bearing
        self._file = parquet.ParquetFile(path)
        missing = {"t_s", *(f"{c}_mg" for c in CHANNELS)} - set(self._file.schema_arrow.names)
        if missing:
            raise Rejected("wrong_format", f"{path.name} has no column {', '.join(sorted(missing))}")
        self.snapshots = int(self._file.metadata.num_rows)

    @property
    def life_s(self) -> float:
        """Length of the test, which ran until the bearing had failed."""
        return self.snapshots * SNAPSHOT_S

    def __iter__(self) -> Iterator[Snapshot]:
        columns = ["t_s", *(f"{c}_mg" for c in CHANNELS)]
        for batch in self._file.iter_batches(batch_size=BATCH_SNAPSHOTS, columns=columns):
            times = batch.column("t_s").to_numpy(zero_copy_only=False)
            lists = {c: batch.column(f"{c}_mg") for c in CHANNELS}
            for i, t_s in enumerate(times):
                samples = {c: np.asarray(lists[c][i].values, np.int32) for c in CHANNELS}
                yield Snapshot(float(t_s), samples)


def topic_of(bearing: str, channel: str) -> str:
    """Topic of a channel, as `pronostia_plant.yaml` names it.

    >>> topic_of("Bearing1_1", "horizontal")
    'pronostia/bearing1_1/horizontal'
    """
    return f"pronostia/{bearing.lower()}/{channel}"


def message_of(bearing: str, channel: str, at_us: int, milli_g: Int32s, seq: int) -> Message:
    """One channel of a snapshot as integers of a milli-g, unit g: nothing is lost against the recording."""
    small = int(np.max(np.abs(milli_g))) <= np.iinfo(np.int16).max
    block = Block(at_us, SAMPLE_RATE_HZ, milli_g.astype(np.float64) * 1e-3, "g", boot_id=1, seq=seq)
    payload = waveform.encode(block, "i16" if small else "i32", scale=1e-3)
    return Message(topic_of(bearing, channel), payload, 1)


class Replay:
    """Plays a recording. It may fall behind its clock, and then says so; it never leaves a snapshot out."""

    def __init__(
        self, recording: Recording, publisher: Publisher, clock: PlantClock, control: SimpleQueue[Control],
        say: Callable[[str], object],
    ) -> None:  # fmt: skip
        self._recording, self._publisher, self._clock = recording, publisher, clock
        self._control, self._say = control, say
        self._stopped, self._lag_s, self._played, self._told_behind = False, 0.0, 0, False

    def run(self) -> Json:
        """Play to the end or until told to stop, wait for the PUBACKs, give the ledger."""
        for snapshot in self._recording:
            at_us = self._clock.origin_plant_us + round(snapshot.t_s * US_PER_S)
            self._wait_for(at_us)
            if self._stopped:
                break
            self._played += 1
            for channel, samples in snapshot.milli_g.items():
                self._publisher.send(message_of(self._recording.bearing, channel, at_us, samples, self._played))
        complete = self._publisher.drain(DRAIN_S)
        self._publisher.close()
        return self._told(complete)

    def _wait_for(self, at_us: int) -> None:
        due_us = self._clock.wall_us(at_us)
        self._obey()
        while not self._stopped and (left_us := due_us - wall_us()) > 0:
            self._publisher.wait_until(time.monotonic() + min(STEP_S, left_us / US_PER_S))
            self._obey()
        self._lag_s = max(self._lag_s, (wall_us() - due_us) / US_PER_S)
        if self._lag_s > BEHIND_S and not self._told_behind:
            self._told_behind = True
            self._say(f"replay is {self._lag_s:.1f} s behind its clock: a slow start, or a receiver that takes less")

    def _obey(self) -> None:
        """A recording can be stopped; it cannot be repaired."""
        while True:
            try:
                order = self._control.get_nowait()
            except Empty:
                return
            if isinstance(order, Repair):
                self._say(f"{order.asset} is a recording: its {order.fault} cannot be repaired")
            else:
                self._stopped = True

    def _told(self, complete: bool) -> Json:
        return {
            **self._publisher.ledger.told(),
            "outstanding": self._publisher.outstanding,
            "complete": complete and not self._stopped,
            "bearing": self._recording.bearing,
            "asset": self._recording.bearing.lower(),
            "life_s": self._recording.life_s,
            "snapshots": self._recording.snapshots,
            "snapshots_played": self._played,
            "lag_s": round(self._lag_s, 3),
        }
