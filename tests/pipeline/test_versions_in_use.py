"""Promoted versions decide: a detector is a second way to alarm, a diagnosis a second ranking; no promise is broken."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from structlog.testing import capture_logs

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.errors import ForewarnError, NotReady
from forewarn.core.faults import Fault
from forewarn.core.health import AnomalyScore, Assessment, ModelRef, State
from forewarn.core.model_cards import FeatureSchema, ModelCard, ModelEntry, Stage
from forewarn.core.ports import Actor, ModelBook
from forewarn.core.readings import Track, Window
from forewarn.core.work import OrderKind
from forewarn.maintenance.evidence import assessment_json
from forewarn.maintenance.orders.book_memory import MemoryOrderBook
from forewarn.maintenance.orders.rules import OrderSettings
from forewarn.maintenance.registry.book_memory import MemoryModelBook
from forewarn.models.assess import AssessSettings, assess, shared
from forewarn.models.detectors.calibration import Calibrated, calibrate
from forewarn.models.detectors.own_past import DetectorSettings
from forewarn.models.detectors.table import DETECTORS
from forewarn.models.diagnosis.learned import Learned, probabilities
from forewarn.models.registry.registry import Opened, Registry, open_registry
from forewarn.models.say import NOTHING_SAID, Say
from forewarn.pipeline.detector_in_use import TrainedDetector
from forewarn.pipeline.diagnosis_in_use import TrainedDiagnosis
from forewarn.pipeline.explain import explain
from forewarn.pipeline.features import FeatureStage
from forewarn.pipeline.history import AssetHistory
from forewarn.pipeline.known_outcomes import KnownOutcomes
from forewarn.pipeline.scoring import Scorer
from forewarn.pipeline.trained import TrainedModels
from forewarn.pipeline.training import Trained, TrainRequest, train
from forewarn.pipeline.training_lives import repairs_of
from forewarn.pipeline.training_set import SetRequest
from forewarn.pipeline.version import Case, Version, judged_with, nobody, say_of
from forewarn.pipeline.versions_in_use import LOOK_S, Guarded, VersionsInUse, champion_of, trial_of
from forewarn.pipeline.whatif import Setup, Span, replay
from tests.pipeline.archives import Past, day, fleet
from tests.pipeline.machines import SPALL, Works
from tests.pipeline.test_known_outcomes import broke, said_at

SMITH = Actor("smith", "planner")
REF = ModelRef("pump-watch", "1", "ab")
WEAR = Fault("bearing", "bearing_wear")


@pytest.fixture(scope="module")
def past() -> Past:
    return fleet(4, 50)


@pytest.fixture(scope="module")
def trained(past: Past) -> Trained:
    data = SetRequest("pump", day(75), every_h=4.0)
    return train(past.archive, TrainRequest("pump-watch", "detector", "principal_components", data), day(75))


@pytest.fixture
def detector(trained: Trained) -> TrainedDetector:
    return TrainedDetector(trained.card, REF, cast(Calibrated, trained.model))


def case_at(past: Past, at: float, rate: float = 0.1, doubted: frozenset[str] = frozenset()) -> Case:
    asset = past.plant.assets[0]
    history = AssetHistory(asset, past.raw.names(), past.raw)
    history.refresh()
    tracks = {name: track.between(0, day(at) + 1) for name, track in history.tracks.items()}
    return Case(asset, tracks, 0, day(at), doubted, rate)


def judged(case: Case, *versions: Version, rate: float = 0.1) -> Assessment:
    settings = AssessSettings(DetectorSettings(false_alarms_per_year=rate))
    return judged_with(
        versions, case, lambda say: assess(case.asset, case.tracks, (), case.at_us, settings, say=say)
    )  # fmt: skip


def test_a_promoted_detector_raises_a_suspicion_before_the_built_in_one(past: Past, detector: TrainedDetector) -> None:
    looks = [case_at(past, 20 + step / 4) for step in range(28)]
    first = {
        bool(versions): next(case for case in looks if judged(case, *versions).state is State.ALARM)
        for versions in ((), (detector,))
    }
    assert first[True].at_us < first[False].at_us
    said = judged(first[True], detector)
    assert judged(first[True]).state is not State.ALARM
    assert said.versions == (REF,)
    assert isinstance(said.anomaly, AnomalyScore)
    assert said.anomaly.score > 0.5
    assert [h.fault.mechanism for h in said.diagnosis] == ["seal_leak"]
    assert said.forecasts


def test_a_healthy_machine_stays_normal_and_its_assessment_names_who_was_asked(
    past: Past, detector: TrainedDetector
) -> None:
    said = judged(case_at(past, 15), detector)
    assert said.state is State.NORMAL
    assert said.versions == (REF,)


def test_the_built_in_detector_and_the_promoted_one_share_the_set_rate(past: Past, detector: TrainedDetector) -> None:
    case = case_at(past, 24, rate=2.0)
    seen = detector.seen(case)
    assert seen is not None
    assert seen.false_alarms_per_year == pytest.approx(1.0)
    quiet = Say(replace(seen, score=0.0, pulls=()), REF)
    assert shared(at_rate(2.0), quiet).false_alarms_per_year == 1.0
    assert shared(at_rate(2.0)).false_alarms_per_year == 2.0
    with_other = assess(case.asset, case.tracks, (), case.at_us, at_rate(2.0), say=quiet)
    alone = assess(case.asset, case.tracks, (), case.at_us, at_rate(1.0))
    assert score_of(with_other) == score_of(alone)
    assert with_other.anomaly.false_alarm_rate_per_year == 2.0  # type: ignore[union-attr] # it has a score


def at_rate(rate: float) -> AssessSettings:
    return AssessSettings(DetectorSettings(false_alarms_per_year=rate))


def score_of(assessment: Assessment) -> float:
    assert isinstance(assessment.anomaly, AnomalyScore)
    return assessment.anomaly.score


def healthy(rows: int, seed: int) -> Window:
    at = np.arange(rows) * 12 * US_PER_HOUR
    return Window.of(at, ["flow", "temp"], np.random.default_rng(seed).normal(0, 1, (rows, 2)))


def test_whatever_rate_it_was_trained_for_it_decides_at_its_half_of_the_set_one() -> None:
    kind, past = DETECTORS["principal_components"], healthy(2_000, 3)
    trained_for, wanted = calibrate(kind, past, 50.0), calibrate(kind, past, 2.0)
    moved = trained_for.at(2.0)
    assert moved.limit == pytest.approx(wanted.limit)
    assert moved.support.wait_rows == pytest.approx(wanted.support.wait_rows)
    assert moved.limit > trained_for.limit
    years = 300
    alarm = moved.alarm(healthy(round(years * 365.25 * 2), 4))
    assert np.count_nonzero(alarm[1:] & ~alarm[:-1]) <= 2.0 * years


def test_a_row_is_judged_once_however_often_the_machine_is_assessed(past: Past, detector: TrainedDetector) -> None:
    edge = day(24) // (4 * US_PER_HOUR) * 4 * US_PER_HOUR
    asked = case_at(past, 25)
    early, late = (replace(asked, at_us=edge + hours * US_PER_HOUR) for hours in (0, 3))
    assert detector.seen(early) == TrainedDetector(detector.card, REF, detector.learnt).seen(late)
    assert detector.seen(early) != detector.seen(replace(asked, at_us=edge + 4 * US_PER_HOUR))


def test_what_it_remembers_is_forgotten_when_a_reading_comes_late(past: Past, detector: TrainedDetector) -> None:
    asked = case_at(past, 24)
    before = detector.seen(asked)
    temp = asked.tracks["temp"]
    hot = Track(np.append(temp.at, day(23.9)), np.append(temp.value, 500.0))
    order = np.argsort(hot.at, kind="stable")
    changed = replace(asked, tracks={**asked.tracks, "temp": Track(hot.at[order], hot.value[order])})
    fresh = TrainedDetector(detector.card, REF, detector.learnt)
    assert detector.seen(changed) == fresh.seen(changed)
    assert detector.seen(asked) == before


def test_a_doubted_sensor_takes_no_part(past: Past, detector: TrainedDetector) -> None:
    asked = case_at(past, 15)
    temp = asked.tracks["temp"]
    hot = Track(temp.at, np.where(temp.at > day(13), 300.0, temp.value))
    broken = replace(asked, tracks={**asked.tracks, "temp": hot})
    believed, doubted = detector.seen(broken), detector.seen(replace(broken, doubted=frozenset({"temp"})))
    assert believed is not None
    assert doubted is not None
    assert believed.alarm
    assert not doubted.alarm


def test_a_detector_whose_past_wandered_promises_nothing_and_does_not_decide(trained: Trained) -> None:
    learnt = cast(Calibrated, trained.model)
    wandering = replace(learnt, support=replace(learnt.support, exchangeable=False))
    with pytest.raises(NotReady, match="promises no rate of false alarms"):
        TrainedDetector.of(Opened(entry_of(trained.card), wandering))


def entry_of(card: ModelCard, stage: Stage = Stage.CHAMPION, promoted_at_us: int = 1) -> ModelEntry:
    return ModelEntry(replace(card, version=card.version or 1), stage, 1, 1, promoted_at_us=promoted_at_us)


def test_it_comes_out_again_when_the_order_is_explained(past: Past, detector: TrainedDetector) -> None:
    said = next(
        said for step in range(28) if (said := judged(case_at(past, 20 + step / 4), detector)).state is State.ALARM
    )
    own, frozen = Past(past.assets, raw=past.raw), cast(Any, {"assessment": assessment_json(said)})
    own.order("p1", (said.at_us - day(0)) / 86_400e6, kind=OrderKind.CONDITION, evidence=frozen)
    (order,) = own.orders.orders()
    (found,) = explain(order, own.plant, own.raw, own.derived, open_version=lambda name, version: detector)
    assert found.differences == ()
    (without,) = explain(order, own.plant, own.raw, own.derived)
    assert not without.same_decision


def test_a_what_if_run_tries_a_detector_on_its_own_class_only(past: Past, detector: TrainedDetector) -> None:
    span, assets = Span(day(18), day(33), 12.0), past.plant.assets[:1]
    repairs = repairs_of(past.orders, span.until_us)
    today = replay(past.archive, assets, Setup(), span, repairs)
    tried = replay(past.archive, assets, Setup(voices=trial_of(nobody, detector)), span, repairs)
    assert [order.asset for order in tried.orders] == [order.asset for order in today.orders] == ["p1"]
    assert tried.orders[0].opened_us < today.orders[0].opened_us
    fans = replace(detector, card=replace(detector.card, schema=replace(detector.card.schema, asset_class="fan")))
    assert replay(past.archive, assets, Setup(voices=trial_of(nobody, fans)), span, repairs) == today


# Diagnosis


def diagnosis(**factors: float) -> TrainedDiagnosis:
    learnt = Learned(9, {("mechanism", mechanism): value for mechanism, value in factors.items()})
    card = ModelCard(
        "pump-causes", 1, "diagnosis", "findings", FeatureSchema((), (), "pump"), "ab", (0, 1), 1, 9, 2
    )  # fmt: skip
    return TrainedDiagnosis(card, ModelRef("pump-causes", "1", "cd"), learnt)


@pytest.fixture(scope="module")
def worn() -> Works:
    works = Works("p")
    works.run(130, {"p": 0.0})
    works.wear_out("p")
    return works


def works_case(works: Works) -> Case:
    asset = works.plant.assets[0]
    history = AssetHistory(asset, works.raw.names(), works.raw)
    history.refresh()
    history.load_features(works.derived)
    return Case(asset, history.tracks, 0, works.now_us)


@pytest.mark.slow
def test_a_promoted_diagnosis_counts_as_much_as_the_built_in_one(worn: Works) -> None:
    case, version = works_case(worn), diagnosis(bearing_wear=4.0)
    before, after = judged(case), judged(case, version)
    own = probabilities(before.candidates, "pump")
    taught = probabilities(before.candidates, "pump", version.learnt)
    for hypothesis in after.diagnosis:
        assert hypothesis.probability == pytest.approx((own[hypothesis.fault] + taught[hypothesis.fault]) / 2)
    assert before.diagnosis[0].fault == SPALL
    assert after.versions == (version.ref,)
    assert before.versions == ()
    assert {h.fault for h in after.diagnosis} > {h.fault for h in before.diagnosis if h.probability > 0.1}
    assert after.forecast_for(after.diagnosis[0].fault) is not None
    assert after.candidates == before.candidates, "what orders are learnt from stays what physics said"


@pytest.mark.slow
def test_a_healthy_machine_has_nothing_to_diagnose_and_names_no_diagnosis(past: Past) -> None:
    assert judged(case_at(past, 15), diagnosis(seal_leak=1.0)).versions == ()


# The live road


class Promoted(Works):
    """A works with a registry, on which a forecast of long ago was followed by a breakdown after 30 hours."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        super().__init__("p", orders=MemoryOrderBook(OrderSettings(cool_down_h=0.0)))
        self.outcomes = KnownOutcomes(self.orders, lambda: self.plant)
        broke(Past(("p",), orders=self.orders), said_at(-20, "p"), -20, 30.0)
        self.scorer = self.start()

    def start(self) -> Scorer:
        made, outcomes = FeatureStage(self.raw, self.derived), getattr(self, "outcomes", None)
        return Scorer(
            self.plant, self.raw, self.derived, made, self.orders, self.kept, self.hub, self.clock,
            self.every_h * 3600, wall_us=lambda: self.now_us, trained=TrainedModels(self.registry, outcomes=outcomes),
        )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def registry(folder: Path) -> Registry:
    """A diagnosis of pumps is its champion."""
    made, version = open_registry(folder / "versions", folder / "key", MemoryModelBook()), diagnosis(bearing_wear=4.0)
    promoted(made.book, made.register(version.learnt, version.card, SMITH, 1))
    return made


def promoted(book: ModelBook, entry: ModelEntry) -> ModelEntry:
    for stage in (Stage.CHALLENGER, Stage.CHAMPION):
        entry = book.move(entry.name, entry.version, stage, SMITH, entry.revision, 2, forced="test")
    return entry


@pytest.mark.slow
def test_an_order_of_the_live_road_names_the_champion_and_is_explained_with_it(registry: Registry) -> None:
    works = Promoted(registry)
    works.run(130, {"p": 0.0})
    works.wear_out("p")
    (order,) = works.orders.orders(open_only=True)
    frozen: Any = order.causes[0].evidence["assessment"]
    assert [(ref["name"], ref["version"]) for ref in frozen["versions"]] == [("pump-causes", "1")]
    assert frozen["forecasts"][0]["outcomes"] == 1
    (voice,) = VersionsInUse(registry).of("pump", works.now_us)
    opener, known = lambda name, number: cast(Version, voice.voice), KnownOutcomes(works.orders, lambda: works.plant)
    (found,) = explain(order, works.plant, works.raw, works.derived, open_version=opener, outcomes=known)
    assert found.differences == ()
    (without,) = explain(order, works.plant, works.raw, works.derived, open_version=opener)
    assert "forecasts.0.hours.0" in {difference.path for difference in without.differences}


@pytest.mark.slow
def test_a_new_champion_is_noticed_after_a_while_and_asked_for_its_class_only(registry: Registry) -> None:
    (champion,), clock = registry.book.entries(), [0.0]
    other = Registry(registry._shelf, MemoryModelBook())
    in_use = VersionsInUse(other, lambda: clock[0])
    assert in_use.of("pump", 5) == ()
    other.book.reserve("pump-causes")
    promoted(other.book, other.book.add(champion.card, SMITH, 1))
    assert in_use.of("pump", 5) == ()
    clock[0] = LOOK_S
    assert in_use.of("fan", 5) == ()
    assert [(voice.name, voice.version) for voice in in_use.of("pump", 5)] == [("pump-causes", 1)]


@pytest.fixture
def logs() -> Iterator[list[Any]]:
    with capture_logs() as told:
        yield told


@pytest.mark.slow
def test_a_champion_that_cannot_be_used_is_told_retired_and_changes_nothing(
    past: Past, registry: Registry, folder: Path, tmp_path: Path, logs: list[Any]
) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    (file,) = (tmp_path / "copy" / "versions").rglob("model.skops")
    file.write_bytes(b"something else")
    broken = open_registry(tmp_path / "copy" / "versions", tmp_path / "copy" / "key", MemoryModelBook())
    (champion,) = registry.book.entries()
    broken.book.reserve("pump-causes")
    promoted(broken.book, broken.book.add(champion.card, SMITH, 1))
    assert TrainedModels(broken).say(case_at(past, 28)) == NOTHING_SAID
    assert [row["model"] for row in logs if row["event"] == "trained_version_not_used"] == ["pump-causes"]
    kept = broken.book.entry("pump-causes", 1)
    assert kept is not None
    assert kept.stage is Stage.RETIRED


def test_a_version_that_fails_while_it_is_asked_takes_nothing_from_the_others(
    past: Past, detector: TrainedDetector, logs: list[Any]
) -> None:
    narrow = replace(detector.card.schema, names=("flow",), units=("m^3/h",))
    failing = replace(detector, card=replace(detector.card, schema=narrow))  # its columns are not those it learnt
    voices = [Guarded(v, v.card.name, v.card.version) for v in (failing, diagnosis(seal_leak=1.0))]
    said = say_of(voices, case_at(past, 28))
    assert said.together is None
    assert said.taught is not None
    assert [row["model"] for row in logs if row["event"] == "trained_version_not_used"] == ["pump-watch"]
    with pytest.raises(ForewarnError):
        say_of([failing], case_at(past, 28))


def test_of_several_champions_the_one_of_the_class_and_the_newest_counts() -> None:
    card = diagnosis().card
    anywhere = replace(card, name="all", schema=replace(card.schema, asset_class=""))
    entries = [
        entry_of(anywhere, promoted_at_us=9),
        entry_of(replace(card, name="old"), promoted_at_us=3),
        entry_of(replace(card, name="new"), promoted_at_us=4),
    ]
    assert [found.name for kind in ("pump", "fan") if (found := champion_of(entries, "diagnosis", kind))] == [
        "new",
        "all",
    ]
    assert champion_of(entries, "life", "pump") is None


def test_a_tried_version_takes_the_place_of_the_champion_of_its_task(detector: TrainedDetector) -> None:
    champion, other = diagnosis(seal_leak=1.0), diagnosis(seal_leak=-1.0)
    today = lambda asset_class, at_us: (detector, champion)  # noqa: E731
    assert trial_of(today, other)("pump", 0) == (detector, other)
    assert trial_of(today, other)("fan", 0) == (detector, champion)
    texts = Version(replace(other.card, task="text"), REF)
    assert trial_of(today, texts) is today
