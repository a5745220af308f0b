"""The ways to forecast a remaining life, read from top to bottom. One suite in `tests/models/life` runs over all."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from forewarn.models.life.boosted import Boosted
from forewarn.models.life.change_regression import ChangeRegression
from forewarn.models.life.combination import Combination
from forewarn.models.life.contract import LifeModel
from forewarn.models.life.extrapolation import Extrapolation
from forewarn.models.life.similarity import Similarity
from forewarn.models.life.weibull import WeibullAge

LIFE_MODELS: Mapping[str, LifeModel] = MappingProxyType(
    {
        model.name: model
        for model in (
            Boosted(),  # from the columns of many lives: a team of learners, conformal intervals
            WeibullAge(),  # from the age alone: machines without signals
            ChangeRegression(),  # from few lives: changes since the start, shrunk together
            Similarity(),  # from where other lives looked like this one
            Extrapolation(),  # from the growth of a health index since damage began
            Combination(),  # the three above, pooled by how well they did
        )
    }
)
"""Default settings of each; `dataclasses.replace` makes others."""
