"""Entries of signals -> `core.readings.SignalSpec`: units, detection, topics, formats, and who has which place."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path as FilePath

from forewarn.core.plant import Component
from forewarn.core.readings import SignalSpec
from forewarn.core.units import CANONICAL_UNIT, Conversion
from forewarn.ingest.chunk_templates import chunk_templates
from forewarn.ingest.formats.json_readings import RESERVED
from forewarn.ingest.topics import WHOLE_PAYLOAD
from forewarn.pipeline.plant_detection import RMS_UNLESS_SAID, detection_fault, split_unit
from forewarn.pipeline.plant_formats import format_faults, topic_fault
from forewarn.pipeline.plant_layers import Layered, Report
from forewarn.pipeline.plant_manual import by_hand, manual_faults, period_of, round_fault, topic_by_hand
from forewarn.pipeline.plant_schema import SignalEntry
from forewarn.pipeline.plant_topics import DEFAULT_TOPIC, GIVEN, filled_in, lacking
from forewarn.pipeline.plant_units import UnitError, did_you_mean, resolve_unit


class SignalBuilder:
    """Makes signals one after the other, and remembers which place on which topic is taken.

    `topic` is that of signals which name none, `known_words` are those that some machine of the plant gives.
    """

    def __init__(
        self,
        report: Report,
        folder: FilePath | None = None,
        topic: str | None = None,
        known_words: Collection[str] = GIVEN,
    ) -> None:
        self._report, self._folder = report, folder
        self._usual_topic, self._known_words = topic, known_words
        self._places: dict[tuple[str, str], SignalSpec] = {}
        self._rounds: dict[tuple[str, str], SignalSpec] = {}

    def signal(
        self, id: str, entry: Layered[SignalEntry], words: Mapping[str, str], components: Mapping[str, Component]
    ) -> SignalSpec:
        """The signal of these layers; `words` fill its topic in. It takes its place where `words` name a site."""
        quantity, conversion, detection = self._unit(entry)
        low, high = self._range(entry, conversion)
        component, rate, hand = entry.get("component"), entry.get("max_rate_per_s"), by_hand(id, entry)
        if component is not None and component not in components:
            self._unknown(entry, "component", component, components)
        spec = SignalSpec(
            asset=words["asset"],
            signal=id,
            quantity=quantity,
            unit=CANONICAL_UNIT.get(quantity, ""),
            topic=topic_by_hand(words["asset"], id) if hand else self._topic(entry, {**words, "signal": id}),
            kind=entry.get("kind"),
            role=entry.get("role"),
            component=component,
            field=entry.get("field"),
            conversion=conversion,
            period_s=period_of(entry),
            low=low,
            high=high,
            max_rate_per_s=None if rate is None else rate * abs(conversion.scale),
            stuck_after_s=0.0 if hand and not entry.given("stuck_after_s") else entry.get("stuck_after_s"),
            format=entry.get("format"),
            time_field=entry.get("time_field"),
            time_unit=entry.get("time_unit"),
            detection=detection,
            source=entry.get("source"),
            template=entry.get("template"),
            by_hand=hand,
        )
        for key, message in (*manual_faults(entry), *(format_faults(spec, entry.given) if not hand else ())):
            self._report(entry.path(key), message)
        if spec.format == "chunked" and spec.template is not None:
            self._check_template(spec.template, entry)
        if words["site"] and hand:
            self._join_round(spec, hand.round, entry)
        elif words["site"]:
            self._claim(spec, entry)
        return spec

    def _join_round(self, spec: SignalSpec, round: str, entry: Layered[SignalEntry]) -> None:
        wrong = round_fault(spec, self._rounds.setdefault((spec.asset, round), spec))
        if wrong:
            self._report(entry.path("every" if entry.given("every") else "period_s"), wrong)

    def _check_template(self, name: str, entry: Layered[SignalEntry]) -> None:
        try:
            known = chunk_templates(self._folder)
        except ValueError as error:  # the plant's own file of them
            self._report(entry.path("template"), str(error))
            return
        if name not in known:
            self._unknown(entry, "template", name, known)

    def _unit(self, entry: Layered[SignalEntry]) -> tuple[str, Conversion, str | None]:
        unit, quantity = entry.get("unit"), entry.get("quantity")
        if unit is None:
            self._report(entry.path("unit"), "`unit` is missing")
            return "", Conversion(), None
        bare, of_unit = split_unit(unit)
        try:
            quantity, conversion = resolve_unit(bare, quantity)
        except UnitError as error:
            at_fault = "quantity" if quantity is not None and quantity not in CANONICAL_UNIT else "unit"
            self._report(entry.path(at_fault), str(error))
            return "", Conversion(), None
        return quantity, conversion, self._detection(entry, quantity, of_unit)

    def _detection(self, entry: Layered[SignalEntry], quantity: str, of_unit: str | None) -> str | None:
        stated: str | None = entry.get("detection")
        wrong = detection_fault(quantity, of_unit, stated)
        if wrong:
            self._report(entry.path("detection" if stated else "unit"), wrong)
        usual = "rms" if quantity in RMS_UNLESS_SAID and entry.get("kind") == "scalar" else None
        return stated or of_unit or usual

    def _range(self, entry: Layered[SignalEntry], conversion: Conversion) -> tuple[float | None, float | None]:
        low, high = entry.get("range") or (None, None)
        if low is not None and high is not None and low >= high:
            self._report(entry.path("range"), f"low {low:g} is not below high {high:g}")
        return (
            None if low is None else conversion.apply(low),
            None if high is None else conversion.apply(high),
        )

    def _topic(self, entry: Layered[SignalEntry], words: Mapping[str, str]) -> str:
        own: str | None = entry.get("topic")
        template = own or self._usual_topic or DEFAULT_TOPIC
        said_at = entry.path("topic") if own or not self._usual_topic else ("topic",)
        topic, missing = filled_in(template, words)
        for word in missing:
            if word not in self._known_words:
                self._report(said_at, lacking(word, template, self._known_words))
            elif words["site"]:  # a template that nobody uses yet may leave words to its machines
                asks = f"topic {template!r} asks for {{{word}}}"
                self._report(("assets", words["asset"]), f"{asks}: give it under `words`")
        wrong = None if missing else topic_fault(topic, entry.get("format"))
        if wrong:
            self._report(said_at, wrong)
        return topic

    def _claim(self, spec: SignalSpec, entry: Layered[SignalEntry]) -> None:
        """Two signals may share a topic only as different fields of messages of one format."""
        field = spec.field or WHOLE_PAYLOAD
        if spec.format == "json" and field in RESERVED:
            self._report(
                entry.path("field"), f"{field!r} has a meaning of its own in a payload, a signal cannot use it"
            )
        if spec.kind == "waveform" and spec.format == "json" and spec.field is not None:
            self._report(entry.path("field"), "a waveform has its topic for itself and takes no field")
        other = self._places.setdefault((spec.topic, field), spec)
        if other is not spec:
            said = f"topic {spec.topic!r}" + (f" with field {spec.field!r}" if spec.field else "")
            self._report(entry.path("topic"), f"{said} already belongs to {other.name}")
        elif (holder := self._places.setdefault((spec.topic, ""), spec)) is not spec:
            self._share(spec, holder, entry)

    def _share(self, spec: SignalSpec, holder: SignalSpec, entry: Layered[SignalEntry]) -> None:
        """One topic, one format, one place of the time."""
        with_whom = f"topic {spec.topic!r} is shared with {holder.name}"
        if ("waveform", "json") in ((spec.kind, spec.format), (holder.kind, holder.format)):
            self._report(entry.path("topic"), f"{with_whom}: a waveform needs its own")
            return
        for key in ("format", "time_field", "time_unit", "template"):
            mine, theirs = getattr(spec, key), getattr(holder, key)
            if mine != theirs:
                self._report(entry.path(key), f"{with_whom}, which has {key} {theirs}, and this one {mine}")
        if spec.format == "plain":
            self._report(entry.path("topic"), f"{with_whom}: a plain value has its topic for itself")

    def _unknown(self, entry: Layered[SignalEntry], key: str, word: str, known: Iterable[str]) -> None:
        self._report(entry.path(key), f"unknown {key} {word!r}{did_you_mean(word, known)}")
