"""What stands in the headers of every answer, and how the page is served."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from forewarn.api import page
from forewarn.api.app import create_app
from forewarn.api.auth import Gate
from tests.api.conftest import BASE
from tests.api.rooms import TestRoom

HTML = '<html><head><meta name="csp-nonce" content="__CSP_NONCE__"></head><body>' + "wear " * 600 + "</body></html>"


@pytest.fixture
def static(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A built page of our own, so that these tests do not wait for Node."""
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(HTML)
    (folder / "assets" / "index-abc123.js").write_text("export const wear = 1\n")
    monkeypatch.setattr(page.install, "__defaults__", (folder,))
    return folder


@pytest.fixture
def app(static: Path, plant_room: TestRoom, gate: Gate) -> FastAPI:
    return create_app(plant_room.room, gate)


def test_the_nonce_of_the_policy_is_the_one_in_the_page_and_never_the_same(anonymous: TestClient) -> None:
    seen = set()
    for _ in range(3):
        answer = anonymous.get("/")
        found = re.search(r'csp-nonce" content="([^"]+)"', answer.text)
        assert found is not None
        policy = answer.headers["content-security-policy"]
        assert f"'nonce-{found[1]}'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        seen.add(found[1])
    assert len(seen) == 3


def test_the_page_is_never_kept_and_never_answered_with_304(anonymous: TestClient) -> None:
    first = anonymous.get("/")
    assert first.headers["cache-control"] == "no-store"
    assert "etag" not in first.headers
    assert "last-modified" not in first.headers
    asked = {"if-none-match": '"x"', "if-modified-since": "Fri, 01 Jan 2100 00:00:00 GMT", "range": "bytes=0-9"}
    again = anonymous.get("/", headers=asked)
    assert again.status_code == 200
    assert len(again.text) == len(first.text)


def test_the_page_arrives_whole_when_it_is_compressed(anonymous: TestClient) -> None:
    answer = anonymous.get("/", headers={"accept-encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert "__CSP_NONCE__" not in answer.text
    assert answer.text.endswith("</body></html>")


def test_every_address_of_the_page_is_the_page(anonymous: TestClient) -> None:
    answer = anonymous.get("/assets-of/p101", headers={"accept": "text/html"})
    assert answer.status_code == 200
    assert "csp-nonce" in answer.text


def test_hashed_assets_are_kept_for_a_year(anonymous: TestClient) -> None:
    answer = anonymous.get("/assets/index-abc123.js")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "max-age=31536000, immutable"
    again = anonymous.get("/assets/index-abc123.js", headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304


def test_a_missing_asset_is_not_kept_for_a_year(anonymous: TestClient) -> None:
    answer = anonymous.get("/assets/index-gone.js")
    assert answer.status_code == 404
    assert "immutable" not in answer.headers.get("cache-control", "")


@pytest.mark.parametrize("path", ["/", "/api/me", "/api/nothing", "/assets/index-abc123.js", "/assets/gone.js"])
def test_the_safe_headers_stand_on_answers_and_errors_alike(anonymous: TestClient, path: str) -> None:
    headers = anonymous.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "default-src 'self'" in headers["content-security-policy"]


def test_answers_of_the_api_are_never_kept(client: TestClient) -> None:
    for path in ("/api/overview", "/api/assets", "/api/nothing"):
        assert client.get(path).headers["cache-control"] == "no-store"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "testserver"])
def test_a_request_for_another_host_is_refused(client: TestClient, host: str) -> None:
    answer = client.get("/api/me", headers={"host": host})
    assert answer.status_code == 400
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert client.get("/api/me", headers={"host": "localhost:8080"}).status_code == 200


def test_a_bug_of_ours_is_a_problem_document_without_its_text(
    app: FastAPI, client: TestClient, plant_room: TestRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise ValueError("a secret")

    monkeypatch.setattr(plant_room.raw, "counts", broken)
    quiet = TestClient(app, base_url=BASE, raise_server_exceptions=False, cookies=dict(client.cookies))
    answer = quiet.get("/api/overview")
    assert answer.status_code == 500
    assert answer.json()["type"] == "urn:forewarn:internal"
    assert "secret" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_without_a_built_page_the_address_says_how_to_build_it(plant_room: TestRoom, gate: Gate, static: Path) -> None:
    (static / "index.html").unlink()
    bare = TestClient(create_app(plant_room.room, gate), base_url=BASE)
    answer = bare.get("/")
    assert answer.status_code == 503
    assert "sh run ui" in answer.text
