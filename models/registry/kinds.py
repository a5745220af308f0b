"""What a model file may be made of: three lists, read from top to bottom. A file never adds to them.

A model that has learnt is a frozen dataclass of arrays, numbers, texts, scikit-learn estimators and other such
dataclasses. To become a file it needs one line in `LEARNT`; the key stands in the files and must not change, the
class behind it may move. The fields are the format: a new field needs a default, so that older files can be read.
"""

from __future__ import annotations

from importlib import import_module

LEARNT: dict[str, str] = {
    "fault": "forewarn.core.faults:Fault",
    "window": "forewarn.core.readings:Window",
    "track": "forewarn.core.readings:Track",
    "life": "forewarn.models.life.contract:Life",
    "calibrated": "forewarn.models.detectors.calibration:Calibrated",
    "support": "forewarn.models.detectors.calibration:Support",
    "usual": "forewarn.models.detectors.usual:Usual",
    "ewma_judge": "forewarn.models.detectors.control_charts:EwmaJudge",
    "cusum_judge": "forewarn.models.detectors.control_charts:CusumJudge",
    "cross_judge": "forewarn.models.detectors.cross_prediction:CrossJudge",
    "forest_judge": "forewarn.models.detectors.forest:ForestJudge",
    "kernel_judge": "forewarn.models.detectors.kernel_regression:KernelJudge",
    "limits_judge": "forewarn.models.detectors.learnt_limits:LimitsJudge",
    "components_judge": "forewarn.models.detectors.principal_components:ComponentsJudge",
    "level_shift": "forewarn.models.detectors.level_shift:LevelShift",
    "shift_judge": "forewarn.models.detectors.level_shift:ShiftJudge",
    "long_memory": "forewarn.models.detectors.long_memory:LongMemory",
    "memory_judge": "forewarn.models.detectors.long_memory:MemoryJudge",
    "seasonal_judge": "forewarn.models.detectors.seasonal:SeasonalJudge",
    "weibull": "forewarn.models.life.weibull:Weibull",
    "weibull_belief": "forewarn.models.life.weibull:Belief",
    "weibull_prognosis": "forewarn.models.life.weibull:WeibullPrognosis",
    "frame": "forewarn.models.life.degradation:Frame",
    "net": "forewarn.models.life.members:Net",
    "member": "forewarn.models.life.members:Member",
    "spread": "forewarn.models.life.conformal:Spread",
    "unseen": "forewarn.models.life.boosted:Unseen",
    "boosted_stage": "forewarn.models.life.boosted:Stage",
    "boosted_prognosis": "forewarn.models.life.boosted:BoostedPrognosis",
    "health_index": "forewarn.models.life.health_index:HealthIndex",
    "similarity": "forewarn.models.life.similarity:Similarity",
    "similarity_prognosis": "forewarn.models.life.similarity:SimilarityPrognosis",
    "extrapolation_prognosis": "forewarn.models.life.extrapolation:ExtrapolationPrognosis",
    "change_prognosis": "forewarn.models.life.change_regression:ChangePrognosis",
    "pooled_prognosis": "forewarn.models.life.combination:PooledPrognosis",
    "adaptive": "forewarn.models.life.adaptive:Adaptive",
    "learned": "forewarn.models.diagnosis.learned:Learned",
    "text_reader": "forewarn.models.diagnosis.text:TextReader",
    "text_weights": "forewarn.models.diagnosis.text:Weights",
}
"""Key in a file -> "module:class" of a dataclass (or of a StrEnum)."""

_SKLEARN_CLASSES = (
    "calibration.CalibratedClassifierCV",
    "calibration._CalibratedClassifier",
    "calibration._SigmoidCalibration",
    "decomposition._pca.PCA",
    "ensemble._forest.ExtraTreesClassifier",
    "ensemble._forest.ExtraTreesRegressor",
    "ensemble._forest.RandomForestClassifier",
    "ensemble._forest.RandomForestRegressor",
    "ensemble._hist_gradient_boosting.binning._BinMapper",
    "ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoostingClassifier",
    "ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoostingRegressor",
    "ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "ensemble._iforest.IsolationForest",
    "feature_extraction.text.TfidfTransformer",
    "feature_extraction.text.TfidfVectorizer",
    "linear_model._base.LinearRegression",
    "linear_model._huber.HuberRegressor",
    "linear_model._logistic.LogisticRegression",
    "linear_model._quantile.QuantileRegressor",
    "linear_model._ridge.Ridge",
    "pipeline.FeatureUnion",
    "pipeline.Pipeline",
    "preprocessing._data.RobustScaler",
    "preprocessing._data.StandardScaler",
    "preprocessing._label.LabelEncoder",
    "svm._classes.LinearSVC",
    "svm._classes.SVC",
    "svm._classes.SVR",
    "tree._classes.DecisionTreeClassifier",
    "tree._classes.DecisionTreeRegressor",
    "tree._classes.ExtraTreeClassifier",
    "tree._classes.ExtraTreeRegressor",
    "_loss.link.IdentityLink",
    "_loss.link.Interval",
    "_loss.link.LogitLink",
    "_loss.link.MultinomialLogit",
    "_loss.loss.AbsoluteError",
    "_loss.loss.HalfBinomialLoss",
    "_loss.loss.HalfMultinomialLoss",
    "_loss.loss.HalfSquaredError",
    "_loss.loss.PinballLoss",
)
SKLEARN = frozenset(f"sklearn.{name}" for name in _SKLEARN_CLASSES)
"""Estimators, and what they consist of. Each is made without its constructor, from the attributes in the file."""

_NUMBERS = ("bool", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
_LOSSES = ("CyAbsoluteError", "CyHalfBinomialLoss", "CyHalfMultinomialLoss", "CyHalfSquaredError", "CyPinballLoss")

NODES: dict[str, frozenset[str]] = {
    "DictNode": frozenset({"builtins.dict"}),
    "JsonNode": frozenset({"builtins.str", "builtins.int", "builtins.float", "builtins.bool", "builtins.NoneType"}),
    "ListNode": frozenset({"builtins.list"}),
    "TupleNode": frozenset({"builtins.tuple"}),
    "NdArrayNode": frozenset({"numpy.ndarray", *(f"numpy.{name}" for name in _NUMBERS)}),
    "ObjectNode": SKLEARN,
    "TreeNode": frozenset({"sklearn.tree._tree.Tree"}),
    "LossNode": frozenset(f"sklearn._loss._loss.{name}" for name in _LOSSES),
    "TypeNode": frozenset({"builtins.str", *(f"numpy.{name}" for name in _NUMBERS)}),
    "RandomGeneratorNode": frozenset({"numpy.random._generator.Generator"}),
    "RandomStateNode": frozenset({"numpy.random.mtrand.RandomState"}),
}
"""What a skops file may hold: kind of node -> classes. No functions, no methods, no objects of other libraries."""

TRUSTED = sorted({*SKLEARN, "sklearn.tree._tree.Tree", *NODES["NdArrayNode"]})
"""The same list as skops wants it. Constant: what a file asks for never gets in."""

PROTOCOL = 2
"""Version of the skops format whose nodes were looked at for the list above."""


def class_of(key: str) -> type | None:
    """The class behind a key of `LEARNT`, or None. The module's name comes from the table, never from a file.

    >>> class_of("fault").__name__
    'Fault'
    """
    place = LEARNT.get(key)
    if place is None:
        return None
    module, _, name = place.partition(":")
    found = getattr(import_module(module), name)
    assert isinstance(found, type), place
    return found


def key_of(cls: type) -> str | None:
    """The inverse: the key of a class, or None for one that is not listed."""
    place = f"{cls.__module__}:{cls.__qualname__}"
    return next((key for key, listed in LEARNT.items() if listed == place), None)
