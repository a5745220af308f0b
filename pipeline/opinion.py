"""A second opinion from the stores: the same readings, the same span and the same doubted sensors as the first one."""

from __future__ import annotations

from typing import Any, cast

from forewarn.core.plant import Asset
from forewarn.core.ports import SeriesReader
from forewarn.core.work import Json
from forewarn.models.second_opinion import SecondOpinion, second_opinion
from forewarn.pipeline.history import AssetHistory


def opinion_of(
    asset: Asset, reader: SeriesReader, derived: SeriesReader, latest: Json | None, now_us: int
) -> SecondOpinion:
    """Read everything that is stored of an asset and ask `models.second_opinion`.

    `latest` is its newest kept assessment (`maintenance.evidence.assessment_json`), or None: what it left out as data
    before the last repair, and sensors that it did not believe, are left out here too.
    """
    known = cast(Any, latest or {})
    history = AssetHistory(asset, reader.names(), reader)
    history.refresh()
    history.load_features(derived)
    history.forget_old(now_us)
    since_us = known["span_us"][0] if known.get("span_us") else None
    doubted = {problem["signal"] for problem in known.get("sensor_problems", [])}
    return second_opinion(asset, history.tracks, now_us, since_us, doubted)
