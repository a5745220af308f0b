"""What a signal's format asks of its topic and of its other keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from forewarn.core.readings import SignalSpec

SPARKPLUG = "spBv1.0"
MESSAGE_TYPES = (
    *("NBIRTH", "NDATA", "NDEATH", "NCMD", "DBIRTH", "DDATA", "DDEATH", "DCMD"),
    "STATE",
)
_TAKES = {
    "json": ("time_field", "time_unit", "field"),
    "senml": ("field",),
    "plain": (),
    "sparkplug": ("field",),
    "chunked": ("template", "field", "time_field", "time_unit"),
}
_NAME = {
    "json": "JSON", "senml": "SenML", "plain": "a plain value", "sparkplug": "Sparkplug",
    "chunked": "a chunked waveform",
}  # fmt: skip


def format_faults(spec: SignalSpec, given: Callable[[str], bool]) -> Iterator[tuple[str, str]]:
    """(key, message) of everything that does not go with the format; `given` tells whether the author gave a key."""
    for key in ("field", "time_field", "time_unit", "template"):
        if given(key) and getattr(spec, key) is not None and key not in _TAKES[spec.format]:
            yield key, f"{_NAME[spec.format]} takes no `{key}`"
    if spec.format == "chunked" and spec.kind != "waveform":
        yield "kind", "chunks make up a waveform: write `kind: waveform`"
    if spec.format == "chunked" and spec.template is None:
        yield "template", "`template` is missing: which layout do the chunks have?"
    if spec.kind == "waveform" and spec.format not in ("json", "chunked"):
        yield "format", f"a waveform comes as json (or a binary block) or chunked, not as {spec.format}"
    if spec.format == "sparkplug" and spec.field is None:
        yield "field", "`field` is missing: the name of the Sparkplug metric"


def topic_fault(topic: str, format: str) -> str | None:
    """What is wrong with a topic, None when nothing is.

    >>> topic_fault("plant/+/temp", "json")
    "'+' cannot stand in the topic of a signal"
    >>> topic_fault("spBv1.0/works/DDATA/edge-1/pump", "sparkplug")
    'leave the message type DDATA out: spBv1.0/works/edge-1/pump'
    """
    if not topic or len(topic.encode()) > 65_535:
        return "a topic has 1 to 65535 bytes"
    bad = [sign for sign in "+#\0" if sign in topic]
    if bad:
        return f"{bad[0]!r} cannot stand in the topic of a signal"
    if "{" in topic or "}" in topic:
        return f"a brace of topic {topic!r} stands alone"
    if topic.startswith("$"):
        return "topics that begin with $ belong to the broker"
    if format == "sparkplug":
        return _sparkplug_fault(topic.split("/"))
    if topic.split("/")[0] == SPARKPLUG:
        return f"topics below {SPARKPLUG}/ carry Sparkplug: write `format: sparkplug`"
    return None


def _sparkplug_fault(levels: list[str]) -> str | None:
    wanted = f"{SPARKPLUG}/GROUP/NODE or {SPARKPLUG}/GROUP/NODE/DEVICE"
    if levels[0] != SPARKPLUG or not all(levels) or len(levels) < 3:
        return f"the topic of a Sparkplug metric is {wanted}"
    if levels[2] in MESSAGE_TYPES:
        rest = [*levels[:2], *levels[3:]]
        return f"leave the message type {levels[2]} out: {'/'.join(rest) if len(rest) > 2 else wanted}"
    return None if len(levels) <= 4 else f"the topic of a Sparkplug metric is {wanted}"
