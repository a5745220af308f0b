"""Who may use the API: a one-time login printed at start opens a browser session; programs use the token file.

Sessions live in memory: a restart asks for a new login, whose address is printed again. Tokens are compared in
constant time and only their SHA-256 is kept.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections import deque
from pathlib import Path
from typing import Annotated

from fastapi import Depends, HTTPException, Request, Response

from forewarn.core.ports import Actor

COOKIE = "forewarn_session"
SESSION_S = 12 * 3600
TRIES_PER_MINUTE = 10
UNSAFE_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


class Gate:
    """Logins and sessions of one process. Not shared between processes."""

    def __init__(self, token_file: Path | None = None) -> None:
        self._logins: set[str] = set()
        self._sessions: dict[str, tuple[Actor, float]] = {}
        self._tries: deque[float] = deque()
        self._program = _digest(_kept_token(token_file)) if token_file else None

    def new_login(self) -> str:
        """A token that opens one session, once."""
        token = secrets.token_urlsafe(24)
        self._logins.add(_digest(token))
        return token

    def login(self, token: str, response: Response) -> Actor:
        """Open a session. Refuses with 401, and with 429 after too many tries in a minute."""
        self._count_try()
        digest = _digest(token)
        if digest not in self._logins:
            raise HTTPException(401, "This login is not valid, or it was used before. The server prints a new one.")
        self._logins.discard(digest)
        actor = Actor("planner", "planner")
        session = secrets.token_urlsafe(32)
        self._sessions[_digest(session)] = (actor, time.monotonic() + SESSION_S)
        response.set_cookie(COOKIE, session, max_age=SESSION_S, httponly=True, samesite="strict")
        return actor

    def logout(self, request: Request, response: Response) -> None:
        """End the session of this browser."""
        self._sessions.pop(_digest(request.cookies.get(COOKIE, "")), None)
        response.delete_cookie(COOKIE)

    def actor(self, request: Request) -> Actor:
        """Who asks. 401 when nobody is known, 403 when another site's page asks to change something."""
        header = request.headers.get("authorization", "")
        if header.startswith("Bearer ") and self._program:
            if hmac.compare_digest(_digest(header.removeprefix("Bearer ")), self._program):
                return Actor("program", "planner")
            raise HTTPException(401, "This token is not valid")
        known = self._sessions.get(_digest(request.cookies.get(COOKIE, "")))
        if known is None or known[1] < time.monotonic():
            raise HTTPException(401, "Please log in")
        if request.method in UNSAFE_METHODS and request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
            raise HTTPException(403, "Requests from other sites are refused")
        return known[0]

    def _count_try(self) -> None:
        now = time.monotonic()
        while self._tries and now - self._tries[0] > 60:
            self._tries.popleft()
        if len(self._tries) >= TRIES_PER_MINUTE:
            raise HTTPException(429, "Too many logins in a minute; wait one", {"Retry-After": "60"})
        self._tries.append(now)


def _kept_token(file: Path) -> str:
    """The token for programs, made on first use, readable by the owner only. An empty file is no token."""
    kept = file.read_text().strip() if file.exists() else ""
    if kept:
        return kept
    token = secrets.token_urlsafe(32)
    file.touch(0o600)
    file.chmod(0o600)
    file.write_text(token + "\n")
    return token


def require_actor(request: Request) -> Actor:
    """Dependency of every route that shows or changes anything."""
    gate: Gate = request.app.state.gate
    return gate.actor(request)


Caller = Annotated[Actor, Depends(require_actor)]
