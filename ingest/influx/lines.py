"""Readings as InfluxDB line protocol: one measurement per quantity, tags `asset` and `signal`, microseconds.

Fields: `value`, and `quality` (the bits of `core.readings.Quality`) where it is not 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from forewarn.core.readings import Readings, SignalSpec

_TAG_ESCAPES = str.maketrans({",": r"\,", "=": r"\=", " ": r"\ ", "\n": r"\ ", "\r": r"\ "})
_MEASUREMENT_ESCAPES = str.maketrans({",": r"\,", " ": r"\ ", "\n": r"\ ", "\r": r"\ "})


def line_key(signal: SignalSpec) -> str:
    r"""Measurement and tags of a signal, escaped.

    >>> line_key(SignalSpec("pump 7", "temp", "temperature", "degC", topic="p7/t"))
    'temperature,asset=pump\\ 7,signal=temp'
    """
    asset, name = (_tag(text) for text in tags_of(signal))
    return f"{measurement_of(signal).translate(_MEASUREMENT_ESCAPES)},asset={asset},signal={name}"


def measurement_of(signal: SignalSpec) -> str:
    """Measurement as the server keeps it: the quantity."""
    return _kept(signal.quantity)


def tags_of(signal: SignalSpec) -> tuple[str, str]:
    """Tags `asset` and `signal` as the server keeps them."""
    return _kept(signal.asset), _kept(signal.signal)


def _kept(text: str) -> str:
    text = text.replace("\n", " ").replace("\r", " ")
    return text + "_" if text.endswith("\\") else text  # a backslash at the end would escape what follows


def _tag(text: str) -> str:
    return text.translate(_TAG_ESCAPES)


def encode_lines(readings: Readings, keys: Mapping[int, str]) -> Iterator[str]:
    """Line protocol of readings whose series has a key.

    >>> list(encode_lines(Readings.of([1, 2], [1000, 1001], [71.2, 0.5]), {1: "temperature,asset=p7,signal=temp"}))
    ['temperature,asset=p7,signal=temp value=71.2 1000']
    >>> list(encode_lines(Readings.of([1], [1000], [71.2], [4]), {1: "temperature,asset=p7,signal=temp"}))
    ['temperature,asset=p7,signal=temp value=71.2,quality=4i 1000']
    """
    columns = (readings.series, readings.at, readings.value, readings.quality)
    for series, at, value, quality in zip(*(column.tolist() for column in columns), strict=True):
        if series in keys:
            doubt = f",quality={quality}i" if quality else ""
            yield f"{keys[series]} value={value!r}{doubt} {at}"
