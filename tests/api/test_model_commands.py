"""`forewarn train | evaluate | compare | whatif | promote | models | scorecard | drift` on a folder with a past."""

from __future__ import annotations

import json
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from forewarn.api import model_children, model_tools
from forewarn.api.cli import app
from forewarn.api.cli_models import moment_us
from forewarn.api.settings import HANDOVER, Settings
from forewarn.core.errors import Rejected
from forewarn.pipeline.whatif import Cancelled
from forewarn.pipeline.whatif_run import WhatIfRequest
from tests.api.model_folders import state_folder
from tests.pipeline.archives import day

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return state_folder(tmp_path_factory.mktemp("past"))


@pytest.fixture
def settings(folder: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv(HANDOVER, folder.model_dump_json())
    return folder


def run(*arguments: str) -> dict[str, Any]:
    result = CliRunner().invoke(app, [*arguments, "--json"])
    assert result.exit_code == 0, result.output + repr(result.exception)
    found = json.loads(result.stdout.splitlines()[-1])
    assert isinstance(found, dict)
    return found


def test_from_training_to_promotion(settings: Settings) -> None:
    trained = run("train", "pump-life", "--task", "life", "--kind", "change_since_start", "--class", "pump")
    assert (trained["version"], trained["stage"]) == (1, "candidate")
    assert trained["metrics"]["answered"] > 0

    evaluated = run("evaluate", "pump-life:1")
    assert evaluated["held_out"] == "machines"
    assert "have ended since its training" in evaluated["reasons"][0]

    refused = CliRunner().invoke(app, ["promote", "pump-life:1"])
    assert isinstance(refused.exception, Rejected)
    report = run("whatif", "--since", "30d", "--model", "pump-life:1", "--asset", "p4")
    assert report["model"] == "pump-life:1"
    assert "no test of it" in report["notes"][0]
    assert run("promote", "pump-life:1")["stage"] == "champion"
    rows = {row["version"]: row for row in run("models")["models"]}
    assert rows[1]["report_sha256"] == report["sha256"]
    looked = run("drift")["models"]
    assert [(row["name"], row["version"]) for row in looked] == [("pump-life", 1), ("built-in", 0)]


def test_too_little_to_learn_from_is_refused_with_every_reason(settings: Settings) -> None:
    early = ["train", "early", "--task", "life", "--kind", "weibull", "--class", "pump", "--until", str(day(20))]
    result = CliRunner().invoke(app, early)
    assert isinstance(result.exception, Rejected)
    assert "no life has ended" in str(result.exception)
    assert run("models", "early")["models"] == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--task", "life", "--kind", "oracle", "--class", "pump"], "there is no life model 'oracle'; there are:"),
        (["--task", "fortune", "--kind", "x", "--class", "pump"], "there are: life, detector"),
        (["--task", "life", "--kind", "weibull", "--class", "blower"], "there are: pump"),
    ],
)
def test_what_is_not_known_is_refused_and_the_known_is_named(
    settings: Settings, arguments: list[str], told: str
) -> None:
    result = CliRunner().invoke(app, ["train", "x", *arguments])
    assert isinstance(result.exception, Rejected)
    assert told in str(result.exception)


def test_the_scorecard_names_the_breakdowns_that_were_missed(settings: Settings) -> None:
    card = run("scorecard")
    assert [miss["asset"] for miss in card["misses"]] == ["p1", "p2", "p3", "p4"]


def test_a_child_runs_a_what_if_and_tells_how_far_it_is(settings: Settings) -> None:
    request = WhatIfRequest(day(50), day(90), 24.0, threshold=0.99, assets=("p4",))
    sha256 = model_children.what_if_child(settings)(request, lambda share, what: None, lambda: False)
    report = model_tools.reports_of(settings).get(sha256)
    assert report is not None
    assert report["change"] == {"threshold": 0.99}
    refused = WhatIfRequest(day(20), day(90), policy={"colour": 1.0})
    with pytest.raises(Rejected, match="there is no policy colour"):
        model_children.what_if_child(settings)(refused, lambda share, what: None, lambda: False)
    with pytest.raises(Cancelled):
        model_children.what_if_child(settings)(request, lambda share, what: None, lambda: True)


def test_a_version_that_was_trained_beside_a_running_server_is_taken_in_once(settings: Settings) -> None:
    told = run("train", "beside", "--task", "detector", "--kind", "limits", "--class", "pump", "--aside")
    with model_tools.opened(settings) as tools:
        entry = model_tools.take_in(settings, tools.registry, told["incoming"], model_tools.CONSOLE, day(90))
        assert (entry.name, entry.version, entry.card.data_digest) == ("beside", 1, told["data_digest"])
        with pytest.raises(Rejected, match="there is no trained version"):
            model_tools.take_in(settings, tools.registry, told["incoming"], model_tools.CONSOLE, day(90))
        again = model_children.train_arguments(entry)
    compared = run("compare", "beside:1", "beside:1")
    assert compared["difference"]["value"] == 0
    assert compared["better"] == ""
    assert again[:9] == ["train", "beside", "--task", "detector", "--kind", "limits", "--class", "pump", "--aside"]


def test_a_detector_is_tried_over_history_and_promoted_without_force(settings: Settings) -> None:
    learnt = "--task", "detector", "--kind", "principal_components", "--class", "pump", "--every", "4"
    run("train", "pump-watch", *learnt)
    refused = CliRunner().invoke(app, ["promote", "pump-watch:1"])
    assert isinstance(refused.exception, Rejected)
    report = run("whatif", "--since", str(day(15)), "--until", str(day(32)), "--model", "pump-watch:1", "--asset", "p1")
    assert [(change["what"], change["moved_h"] < 0) for change in report["changes"]] == [("earlier", True)]
    assert run("promote", "pump-watch:1")["stage"] == "champion"
    again = run("whatif", "--since", str(day(15)), "--until", str(day(32)), "--asset", "p1")
    assert {change["what"] for change in again["changes"]} == {"same"}, "it decides today, too"
    assert again["after"]["orders"] == report["after"]["orders"]


def test_a_running_server_is_noticed_by_its_store(settings: Settings) -> None:
    from forewarn.ingest.store.packed import PackedStore

    assert not model_tools.server_runs(settings)
    store = PackedStore(settings.derived_dir, journalled=False)
    assert model_tools.server_runs(settings)
    store.close()


def test_a_report_that_was_changed_on_disk_is_refused(settings: Settings) -> None:
    sha256 = run("whatif", "--since", "20d", "--asset", "p1")["sha256"]
    file = settings.models_dir / "reports" / f"{sha256}.json"
    kept = file.read_text()
    file.write_text(kept.replace('"missed":', '"missed": '))
    with pytest.raises(Rejected, match="changed"):
        model_tools.reports_of(settings).get(sha256)
    file.write_text(kept)


def test_times_are_read_in_three_ways() -> None:
    assert moment_us("now", 5) == 5
    assert moment_us("1d", 86_400_000_007) == 7
    assert moment_us("1970-01-01T00:00:01Z", 0) == 1_000_000
    with pytest.raises(typer.BadParameter, match="no zone"):
        moment_us("2026-01-01T00:00:00", 0)
    with pytest.raises(typer.BadParameter, match="is no time"):
        moment_us("yesterday", 0)
