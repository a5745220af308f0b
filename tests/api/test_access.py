"""Who gets in, and who does not."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from forewarn.api.auth import COOKIE, TRIES_PER_MINUTE, Gate
from tests.api.conftest import BASE

FOREIGN = {"sec-fetch-site": "cross-site"}


def api_calls(app: FastAPI) -> list[tuple[str, str]]:
    """Every (method, path) under /api, whether it stands in the document or not."""
    found = []
    pending = list(app.routes)
    for route in pending:
        pending.extend(getattr(route, "routes", []))
        inner = getattr(route, "original_router", None)
        pending.extend(getattr(inner, "routes", []))
        path = getattr(route, "path", "").replace(":path}", "}")  # a name may hold slashes; the document says no word
        if path.startswith("/api") and "{rest" not in path:
            found += [(method, path) for method in getattr(route, "methods", None) or {"GET"}]
    return sorted({call for call in found if call[0] != "HEAD"})


def test_the_walk_over_the_routes_finds_what_the_document_lists(app: FastAPI) -> None:
    listed = {(m.upper(), path) for path, item in app.openapi()["paths"].items() for m in item}
    assert listed <= set(api_calls(app))
    assert ("GET", "/api/openapi.json") in api_calls(app)


def test_every_route_but_the_login_asks_for_a_caller(app: FastAPI, anonymous: TestClient) -> None:
    calls = [call for call in api_calls(app) if call != ("POST", "/api/login")]
    assert len(calls) >= 13
    for method, path in calls:
        answer = anonymous.request(method, re.sub(r"\{[^}]+\}", "p101", path), json={"status": "APPR"})
        assert answer.status_code == 401, (method, path)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"] == "urn:forewarn:login-needed"


def test_an_unknown_path_is_a_problem_document_and_not_the_page(client: TestClient) -> None:
    answer = client.get("/api/nothing/here")
    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:forewarn:not-found"
    assert "/api/nothing/here" in answer.json()["title"]


def test_a_login_opens_one_session_and_works_once(gate: Gate, anonymous: TestClient, app: FastAPI) -> None:
    token = gate.new_login()
    first = anonymous.post("/api/login", json={"token": token})
    assert first.json() == {"name": "planner", "role": "planner"}
    cookie = first.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert anonymous.get("/api/me").json()["name"] == "planner"
    assert TestClient(app, base_url=BASE).post("/api/login", json={"token": token}).status_code == 401


def test_a_made_up_session_is_nobody(anonymous: TestClient) -> None:
    anonymous.cookies.set(COOKIE, "made-up")
    assert anonymous.get("/api/me").status_code == 401


def test_guessing_logins_is_slowed_down_and_then_a_right_one_waits_too(gate: Gate, anonymous: TestClient) -> None:
    tries = [anonymous.post("/api/login", json={"token": f"guess-{i:04d}"}).status_code for i in range(12)]
    assert tries == [401] * TRIES_PER_MINUTE + [429] * 2
    answer = anonymous.post("/api/login", json={"token": gate.new_login()})
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "60"


def test_after_a_logout_the_cookie_is_worth_nothing(client: TestClient) -> None:
    kept = client.cookies[COOKIE]
    assert client.post("/api/logout").status_code == 200
    client.cookies.set(COOKIE, kept)
    assert client.get("/api/me").status_code == 401


def test_a_session_ends_by_itself(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forewarn.api.auth.time.monotonic", lambda: 1e9)
    assert client.get("/api/me").status_code == 401


def test_a_page_of_another_site_cannot_change_anything_with_our_cookie(client: TestClient) -> None:
    assert client.post("/api/logout", headers=FOREIGN).status_code == 403
    assert client.get("/api/me").status_code == 200
    assert client.post("/api/logout", headers={"sec-fetch-site": "same-origin"}).status_code == 200


def test_programs_use_the_token_file_that_only_its_owner_can_read(
    gate: Gate, anonymous: TestClient, tmp_path: Path
) -> None:
    file = tmp_path / "api-token"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    token = file.read_text().strip()
    assert len(token) >= 32
    assert anonymous.get("/api/me", headers={"authorization": f"Bearer {token}"}).json()["name"] == "program"
    assert anonymous.get("/api/me", headers={"authorization": f"Bearer {token}x"}).status_code == 401
    assert anonymous.get("/api/me", headers={"authorization": "Bearer "}).status_code == 401


def test_the_token_of_programs_survives_a_restart(gate: Gate, tmp_path: Path) -> None:
    before = (tmp_path / "api-token").read_text()
    Gate(tmp_path / "api-token")
    assert (tmp_path / "api-token").read_text() == before


def test_an_empty_token_file_is_filled_and_never_a_password(tmp_path: Path) -> None:
    file = tmp_path / "cut-short"
    file.write_text("")
    file.chmod(0o644)
    Gate(file)
    assert len(file.read_text().strip()) >= 32
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("body", [{"token": "short"}, {"token": "x" * 201}, {"token": "right-length", "more": 1}, {}])
def test_a_login_of_another_shape_is_refused_before_it_is_looked_up(
    anonymous: TestClient, body: dict[str, object]
) -> None:
    assert anonymous.post("/api/login", json=body).status_code == 422
