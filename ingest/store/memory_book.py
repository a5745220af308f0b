"""The book of delivery in memory: the slow, obvious twin of `BookTables` and `BookReads`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from forewarn.core.ports import QuarantineSummary, Refusal
from forewarn.core.telemetry import Gap, Notes, Replayed, SeenPlace, Sighting, SourceRecord, SourceSeen
from forewarn.ingest.store.book_tables import SKEW_WEIGHT


class MemoryBook:
    """What a store remembers beside series. `quarantine_rows` is how many refusals are kept."""

    def __init__(self, quarantine_rows: int) -> None:
        self._most, self._newest_row = quarantine_rows, 0
        self._refused: dict[int, Refusal] = {}
        self._gone: dict[str, tuple[int, int]] = {}  # reason -> readings, newest arrival
        self._gaps: dict[tuple[str, str, int], Gap] = {}
        self._places: dict[tuple[str, str], SeenPlace] = {}
        self._sources: dict[str, SourceRecord] = {}
        self._memory: dict[str, bytes] = {}
        self._replayed = 0

    def _note(self, refused: Sequence[Refusal], notes: Notes) -> None:
        """Take what a batch says."""
        for refusal in refused:
            self._newest_row += 1
            self._refused[self._newest_row] = replace(refusal, row=self._newest_row)
        while len(self._refused) > self._most:
            self._let_go(self._refused.pop(next(iter(self._refused))))
        for replay in notes.replays:
            self._put_replay(replay)
        for gap in notes.gaps_closed:
            self._gaps.pop((gap.stream, gap.boot, gap.first), None)
        for gap in notes.gaps_opened:
            self._gaps[gap.stream, gap.boot, gap.first] = gap
        for sighting in notes.sightings:
            self._see(sighting)
        for seen in notes.sources:
            self._sources[seen.source] = _grown(self._sources.get(seen.source), seen)
        for key, value in notes.memory.items():
            self._memory.pop(key, None)
            if value is not None:
                self._memory[key] = value

    def _let_go(self, refusal: Refusal) -> None:
        readings, newest = self._gone.get(refusal.reason, (0, refusal.received_at_us))
        self._gone[refusal.reason] = (readings + refusal.readings, max(newest, refusal.received_at_us))

    def _put_replay(self, replay: Replayed) -> None:
        self._replayed += replay.accepted
        if replay.released and replay.row in self._refused:
            self._replayed -= self._refused.pop(replay.row).readings

    def _see(self, new: Sighting) -> None:
        old = self._places.get((new.topic, new.field))
        fresh = SeenPlace(
            new.topic, new.field, new.source, new.at_us, new.at_us, new.count,
            new.value, new.value, new.value, new.sample,
        )  # fmt: skip
        if old is not None:
            fresh = replace(
                fresh,
                first_at_us=min(old.first_at_us, new.at_us),
                last_at_us=max(old.last_at_us, new.at_us),
                count=old.count + new.count,
                low=min(old.low, new.value),
                high=max(old.high, new.value),
            )
        self._places[new.topic, new.field] = fresh

    # ---- reading

    def memory(self, prefix: str = "") -> Mapping[str, bytes]:
        """What the decoders asked to remember, of the keys that begin so."""
        return {key: row for key, row in self._memory.items() if key.startswith(prefix)}

    def quarantine(
        self, limit: int = 100, before_row: int | None = None, reason: str | None = None, search: str | None = None
    ) -> list[Refusal]:
        """Newest refusals first: rows below `before_row`, of one reason, with a text in topic, source or detail."""
        found = [
            refusal
            for row, refusal in reversed(self._refused.items())
            if (before_row is None or row < before_row)
            and (reason is None or refusal.reason == reason)
            and (not search or any(search.lower() in text.lower() for text in _texts(refusal)))
        ]
        return found[:limit]

    def refusal(self, row: int) -> Refusal | None:
        """One row of the quarantine."""
        return self._refused.get(row)

    def quarantine_summary(self) -> list[QuarantineSummary]:
        """Every reason there is, most readings first."""
        found = []
        for reason in {refusal.reason for refusal in self._refused.values()} | set(self._gone):
            kept = [refusal for refusal in self._refused.values() if refusal.reason == reason]
            gone, newest = self._gone.get(reason, (0, 0))
            newest = max([newest, *(refusal.received_at_us for refusal in kept)])
            readings = sum(refusal.readings for refusal in kept)
            found.append(QuarantineSummary(reason, len(kept), readings, gone, newest))
        return sorted(found, key=lambda one: (-one.readings - one.summarised, one.reason))

    def gaps(self, limit: int = 500) -> list[Gap]:
        """Messages that are still missing, newest first."""
        return sorted(self._gaps.values(), key=lambda gap: (-gap.noticed_at_us, gap.stream, gap.first))[:limit]

    def places(self, limit: int = 500) -> list[SeenPlace]:
        """Signals to adopt, most often seen first."""
        return sorted(self._places.values(), key=lambda place: (-place.count, place.topic, place.field))[:limit]

    def sources(self) -> list[SourceRecord]:
        """Every sender, newest first."""
        return sorted(self._sources.values(), key=lambda source: (-source.last_at_us, source.source))

    def _refused_totals(self) -> tuple[int, int, int]:
        """Readings in quarantine, summarised, replayed."""
        kept = sum(refusal.readings for refusal in self._refused.values())
        return kept, sum(readings for readings, _ in self._gone.values()), self._replayed


def _texts(refusal: Refusal) -> tuple[str, str, str]:
    return refusal.topic, refusal.source, refusal.detail


def _grown(old: SourceRecord | None, new: SourceSeen) -> SourceRecord:
    if old is None:
        counts = (new.messages, new.qos0, new.without_time, new.without_sequence, new.skew_us)
        return SourceRecord(new.source, new.at_us, new.at_us, *counts)
    skew = new.skew_us if old.skew_us is None else old.skew_us
    if old.skew_us is not None and new.skew_us is not None:
        skew = int(old.skew_us + SKEW_WEIGHT * (new.skew_us - old.skew_us))
    return SourceRecord(
        old.source,
        old.first_at_us,
        max(old.last_at_us, new.at_us),
        old.messages + new.messages,
        old.qos0 + new.qos0,
        old.without_time + new.without_time,
        old.without_sequence + new.without_sequence,
        skew,
    )
