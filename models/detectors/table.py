"""Every detector by its name: a line here, a module beside it. The suite in tests/models/detectors runs over all."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from forewarn.models.detectors.contract import Detector
from forewarn.models.detectors.control_charts import Cusum, Ewma
from forewarn.models.detectors.cross_prediction import CrossPrediction
from forewarn.models.detectors.forest import Forest
from forewarn.models.detectors.kernel_regression import KernelRegression
from forewarn.models.detectors.learnt_limits import LearntLimits
from forewarn.models.detectors.level_shift import LevelShift
from forewarn.models.detectors.long_memory import LongMemory
from forewarn.models.detectors.principal_components import PrincipalComponents
from forewarn.models.detectors.seasonal import Seasonal

DETECTORS: Mapping[str, Detector] = MappingProxyType(
    {
        detector.name: detector
        for detector in (
            LearntLimits(),
            LevelShift(),
            LongMemory(),
            Ewma(),
            Cusum(),
            PrincipalComponents(),
            KernelRegression(),
            CrossPrediction(),
            Forest(),
            Seasonal(),
        )
    }
)
