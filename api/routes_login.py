"""Login, logout, who am I."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from forewarn.api.auth import Caller, Gate
from forewarn.api.schemas import LoginIn, Me

router = APIRouter(prefix="/api")


@router.post("/login")
def post_login(login: LoginIn, request: Request, response: Response) -> Me:
    """Open a browser session with the one-time token that the server printed."""
    gate: Gate = request.app.state.gate
    actor = gate.login(login.token, response)
    return Me(name=actor.name, role=actor.role)


@router.post("/logout")
def post_logout(request: Request, response: Response, _: Caller) -> dict[str, bool]:
    """End this browser's session."""
    gate: Gate = request.app.state.gate
    gate.logout(request, response)
    return {"ok": True}


@router.get("/me")
def get_me(caller: Caller) -> Me:
    """Who is logged in; 401 when nobody is."""
    return Me(name=caller.name, role=caller.role)
