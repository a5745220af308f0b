"""Models over HTTP: versions and cards, promotion with its conditions, what-if jobs, scorecard, drift and tasks."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from forewarn.api.client import Client
from forewarn.api.models_desk import ModelsDesk
from forewarn.core.clock import US_PER_DAY
from forewarn.core.model_cards import Stage
from forewarn.models.training.drift import Outcomes, column_drift, reference_of, verdict
from forewarn.pipeline.drift_watch import DriftReport
from tests.api.model_desks import SMITH, give_desk, keep_version
from tests.api.rooms import TestRoom
from tests.maintenance.samples import CODES, NOW_US

LIFE = "/api/models/pump-life/1"


@pytest.fixture
def desk(plant_room: TestRoom, tmp_path: Path) -> ModelsDesk:
    return give_desk(plant_room.room, plant_room.records, tmp_path)


def promote(client: TestClient, revision: str | None = '"1"', **body: object) -> tuple[int, dict[str, object]]:
    headers = {"If-Match": revision} if revision else {}
    answer = client.post(f"{LIFE}/promote", json=body, headers=headers)
    return answer.status_code, answer.json()


def done(client: TestClient, job: dict[str, str]) -> dict[str, str]:
    for _ in range(200):
        job = client.get(f"/api/jobs/{job['id']}").json()
        if job["state"] not in ("queued", "running"):
            return job
        time.sleep(0.05)
    raise AssertionError(f"the job did not end: {job}")


def test_a_server_without_a_state_folder_says_so(client: TestClient) -> None:
    assert client.get("/api/models").status_code == 503


def test_versions_are_listed_with_their_figures_and_stage(client: TestClient, desk: ModelsDesk) -> None:
    keep_version(desk.registry)
    keep_version(desk.registry, metrics={"loss": 9.0})
    rows = client.get("/api/models").json()
    assert [(row["version"], row["metrics"]["loss"], row["stage"]) for row in rows] == [
        (2, 9.0, "candidate"),
        (1, 12.5, "candidate"),
    ]
    assert client.get("/api/models", params={"stage": "champion"}).json() == []


def test_one_version_shows_its_card_and_one_model_its_record(client: TestClient, desk: ModelsDesk) -> None:
    keep_version(desk.registry)
    answer = client.get(LIFE)
    assert answer.headers["etag"] == '"1"'
    assert answer.json()["columns"] == [{"name": "temp", "unit": "degC"}]
    whole = client.get("/api/models/pump-life").json()
    assert whole["champion"] is None
    assert len(whole["versions"]) == len(whole["record"]) == 1


@pytest.mark.parametrize("path", ["/api/models/nobody", "/api/models/nobody/1", "/api/jobs/x", "/api/whatif/ab"])
def test_what_is_not_there_is_404(client: TestClient, desk: ModelsDesk, path: str) -> None:
    assert client.get(path).status_code == 404


def test_a_promotion_wants_the_revision_and_a_report(client: TestClient, desk: ModelsDesk) -> None:
    keep_version(desk.registry)
    assert promote(client, None)[0] == 428
    assert promote(client, '"7"')[0] == 412
    status, problem = promote(client)
    assert status == 422
    assert "forewarn whatif --model pump-life:1" in str(problem["detail"])
    assert promote(client, force=True)[0] == 422  # without a reason
    assert promote(client, report_sha256="0" * 64)[0] == 422


def test_a_report_of_another_version_does_not_count(client: TestClient, desk: ModelsDesk) -> None:
    keep_version(desk.registry)
    job = done(client, client.post("/api/whatif", json=what_if_of(30)).json())
    status, problem = promote(client, report_sha256=job["report"])
    assert status == 422
    assert "not pump-life:1" in str(problem["detail"])


def test_a_version_without_its_file_is_refused_and_retired(client: TestClient, desk: ModelsDesk) -> None:
    keep_version(desk.registry)
    assert promote(client, force=True, reason="test")[0] == 422
    entry = desk.registry.book.entry("pump-life", 1)
    assert entry is not None
    assert entry.stage is Stage.RETIRED
    assert entry.failed


def test_a_version_goes_into_the_shadow_and_back(client: TestClient, desk: ModelsDesk) -> None:
    keep_version(desk.registry)
    moved = client.post(f"{LIFE}/stage", json={"stage": "shadow"}, headers={"If-Match": '"1"'})
    assert moved.json()["stage"] == "shadow"
    stale = client.post(f"{LIFE}/stage", json={"stage": "candidate"}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    assert client.post(f"{LIFE}/stage", json={"stage": "champion"}, headers={"If-Match": '"2"'}).status_code == 422


def what_if_of(days: float, **more: object) -> dict[str, object]:
    since_us = NOW_US - round(days * US_PER_DAY)
    told = {"since": f"{iso(since_us)}", "until": iso(NOW_US), "every_h": 24.0}
    return {**told, **more}


def iso(at_us: int) -> str:
    from forewarn.api.views import moment

    return moment(at_us).isoformat()


def test_a_what_if_run_is_a_job_with_a_report(client: TestClient, desk: ModelsDesk) -> None:
    asked = client.post("/api/whatif", json=what_if_of(20, threshold=0.6))
    assert asked.status_code == 202
    job = done(client, asked.json())
    assert job["state"] == "done"
    report = client.get(f"/api/whatif/{job['report']}").json()
    assert report["sha256"] == job["report"]
    assert report["change"] == {"threshold": 0.6}
    assert report["before"]["orders"] == report["after"]["orders"] == 0  # an hour of readings: warming up
    assert [row["id"] for row in client.get("/api/jobs").json()] == [job["id"]]


def test_a_run_that_cannot_be_done_says_why(client: TestClient, desk: ModelsDesk) -> None:
    job = done(client, client.post("/api/whatif", json=what_if_of(20, policy={"colour": 1})).json())
    assert job["state"] == "failed"
    assert "there is no policy colour" in str(job["problem"])
    assert client.post("/api/whatif", json=what_if_of(20, threshold=7)).status_code == 422
    assert client.post("/api/whatif", json={"since": "2026-01-01T00:00:00"}).status_code == 422


def test_a_job_that_is_over_cannot_be_cancelled(client: TestClient, desk: ModelsDesk) -> None:
    job = done(client, client.post("/api/whatif", json=what_if_of(20)).json())
    assert client.delete(f"/api/jobs/{job['id']}").status_code == 409


def test_policies_have_their_values_of_today(client: TestClient, desk: ModelsDesk) -> None:
    told = {row["name"]: row["value"] for row in client.get("/api/whatif/policies").json()}
    assert told["cool_down_h"] == 72.0
    assert told["least_score"] == 0.0


def test_the_scorecard_is_empty_before_an_order_is_finished(client: TestClient, plant_room: TestRoom) -> None:
    plant_room.assess("p101", NOW_US - 10 * US_PER_DAY)
    card = client.get("/api/scorecard").json()
    assert card["empty"] is True
    assert card["total"]["precision"]["value"] is None
    assert card["total"]["asset_years"] == pytest.approx(10 / 365.25, rel=1e-3)
    assert (
        client.get(
            "/api/scorecard", params={"since": "2026-09-01T00:00:00Z", "until": "2026-08-01T00:00:00Z"}
        ).status_code
        == 422
    )


def test_a_finished_order_stands_on_the_scorecard(client: TestClient, plant_room: TestRoom, desk: ModelsDesk) -> None:
    order = plant_room.open_order()
    for status in ("APPR", "INPRG", "COMP"):
        revision = client.get(f"/api/orders/{order.id}").headers["etag"]
        body = {"status": status, **({"finding": "confirmed", **CODES} if status == "COMP" else {})}
        done_step = client.post(f"/api/orders/{order.id}/actions", json=body, headers={"If-Match": revision})
        assert done_step.status_code == 200, done_step.text
    card = client.get("/api/scorecard").json()
    assert card["total"]["orders"] == 1
    assert card["total"]["precision"]["value"] == 1.0


def test_drift_and_tasks_are_shown(client: TestClient, desk: ModelsDesk) -> None:
    import numpy as np

    assert client.get("/api/drift").json() == {"looked_at": None, "models": [], "tasks": []}
    reference = reference_of({"p101": np.random.default_rng(0).normal(size=500)})
    assert reference is not None
    moved = column_drift("temp", reference, {"p101": np.random.default_rng(1).normal(3, 1, 200)})
    found = verdict([moved], Outcomes())
    desk.noted((DriftReport("pump-life", 1, "pump", NOW_US - US_PER_DAY, NOW_US, found),), NOW_US)
    desk.retraining.want("pump-life", "pump", found.reasons, NOW_US)
    page = client.get("/api/drift").json()
    assert page["models"][0]["columns"][0]["drifted"] is True
    assert page["tasks"][0]["reasons"] == list(found.reasons)
    assert client.get("/api/retraining").json() == page["tasks"]


def test_a_task_of_a_model_that_ships_is_not_trained(client: TestClient, desk: ModelsDesk) -> None:
    task = desk.retraining.want("built-in", "pump", ["x"], NOW_US)
    assert client.post(f"/api/retraining/{task.id}/train").status_code == 422
    assert client.post("/api/retraining/999/train").status_code == 404


@pytest.mark.slow
def test_a_registered_version_is_promoted_once_and_python_sees_it(client: TestClient, desk: ModelsDesk) -> None:
    from forewarn.core.faults import Fault
    from tests.api.model_desks import card

    desk.registry.register(
        Fault("seal", "seal_leak"), card(), SMITH, NOW_US
    )  # any storable value: it is not asked here
    headers = {"If-Match": '"1"', "Idempotency-Key": "promote-me"}
    for _ in range(2):
        answer = client.post(f"{LIFE}/promote", json={"force": True, "reason": "first of its kind"}, headers=headers)
        assert answer.status_code == 200, answer.text
        assert answer.json()["stage"] == "champion"
    assert promote(client, answer.headers["etag"], force=True, reason="again")[0] == 409
    with Client(http=client) as python:
        assert python.models().loc[("pump-life", 1), "stage"] == "champion"
        assert python.model("pump-life")["champion"] == 1
        assert python.what_if(iso(NOW_US - 20 * US_PER_DAY), until=iso(NOW_US))["change"] == {}
        assert python.scorecard()["empty"] is True
        assert python.drift()["tasks"] == python.retraining() == []


def test_what_orders_taught_is_told_even_before_anything_was_found(client: TestClient) -> None:
    told = client.get("/api/lessons").json()
    assert (told["labels"], told["physics"], told["factors"]) == (0, None, [])
    assert "physics alone" in told["sentence"]
