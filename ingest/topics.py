"""Which signals a topic carries. A dictionary look-up per message; the table is made once, from the plant file."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from forewarn.core.errors import Rejected
from forewarn.core.readings import SignalSpec

WHOLE_PAYLOAD = "value"
"""JSON key of a signal that has its topic for itself (`SignalSpec.field` is None)."""


@dataclass(frozen=True, slots=True)
class SignalBinding:
    """One signal behind a topic: its JSON key, its number in the store, its row in the quality tables."""

    field: str
    series: int
    row: int
    spec: SignalSpec


@dataclass(frozen=True, slots=True)
class Binding:
    """All signals behind one topic.

    `kind` chooses the decoder: "scalar" or "waveform" for the format "json", else the name of the format. `plain_row`
    is the row of a JSON scalar that has the topic for itself, -1 otherwise: only such topics take the short way through
    the decoder. `time_field` is the path of the time in a nested payload, `time_unit` what a number there means;
    `by_path` tells that the fields are paths from the root of the payload. `template` names the layout of chunks.
    """

    topic: str
    kind: str
    fields: Mapping[str, SignalBinding]
    plain_row: int
    time_field: str | None = None
    time_unit: str = "ms"
    by_path: bool = False
    template: str | None = None

    @property
    def only(self) -> SignalBinding:
        """The single signal of this topic. Raises ValueError when there are several."""
        (signal,) = self.fields.values()
        return signal


class TopicTable:
    """Topic -> `Binding`, for the signals of a plant and the numbers that the store gave their series.

    Refuses (ValueError) two signals at one place, two formats or two places of the time on one topic, and a waveform
    that shares its topic; the plant file reports all of it earlier and with a line number.

    >>> spec = SignalSpec("p1", "temp", "temperature", "degC", "plant/p1/temp")
    >>> TopicTable([spec], [7]).binding("plant/p1/temp").only.series
    7
    """

    def __init__(self, signals: Sequence[SignalSpec], numbers: Sequence[int]) -> None:
        if len(signals) != len(numbers):
            raise ValueError(f"{len(signals)} signals but {len(numbers)} series numbers")
        places: dict[str, dict[str, SignalBinding]] = {}
        for row, (spec, number) in enumerate(zip(signals, numbers, strict=True)):
            fields = places.setdefault(spec.topic, {})
            field = spec.field or WHOLE_PAYLOAD
            if field in fields:
                raise ValueError(f"{spec.name} and {fields[field].spec.name} both read {field!r} of topic {spec.topic}")
            fields[field] = SignalBinding(field, int(number), row, spec)
        self._bindings = {topic: _binding(topic, fields) for topic, fields in places.items()}
        self.find = self._bindings.get  # the look-up of the hot path: one C call, None for a stranger

    def __len__(self) -> int:
        return len(self._bindings)

    @property
    def bindings(self) -> Collection[Binding]:
        """What all topics carry."""
        return self._bindings.values()

    def binding(self, topic: str) -> Binding:
        """What this topic carries. Raises Rejected `unknown_topic` when the plant file does not name it."""
        found = self._bindings.get(topic)
        if found is None:
            raise Rejected("unknown_topic", "no signal of the plant file has this topic")
        return found


def _binding(topic: str, fields: dict[str, SignalBinding]) -> Binding:
    specs = [signal.spec for signal in fields.values()]
    if any(spec.kind == "waveform" and spec.format == "json" for spec in specs) and len(fields) > 1:
        raise ValueError(f"topic {topic} carries a waveform and something else")
    shapes = {(spec.kind, spec.format, spec.time_field, spec.time_unit, spec.template) for spec in specs}
    if len(shapes) > 1:
        raise ValueError(f"topic {topic} carries one format, with one place and unit of the time, not {len(shapes)}")
    ((kind, wire_format, time_field, time_unit, template),) = shapes
    if wire_format == "plain" and len(fields) > 1:
        raise ValueError(f"topic {topic} carries one value as text, not {len(fields)}")
    if wire_format != "json":
        return Binding(topic, wire_format, fields, -1, time_field, time_unit, False, template)
    by_path = time_field is not None or time_unit != "ms" or any("." in field for field in fields)
    plain = kind == "scalar" and not by_path and list(fields) == [WHOLE_PAYLOAD]
    plain_row = fields[WHOLE_PAYLOAD].row if plain else -1
    return Binding(topic, kind, fields, plain_row, time_field, time_unit, by_path)
