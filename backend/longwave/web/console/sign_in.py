"""Signing in with a staff token, and out again."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from longwave.domain.errors import NotFoundError
from longwave.services.staff import authenticate
from longwave.web import cookies
from longwave.web.edge import AtEdge
from longwave.web.errors import reader_language
from longwave.web.forms import Posted
from longwave.web.rendering import page

router = APIRouter(prefix="/console")
_HOME = "/console"


@router.get("/sign-in")
def form(request: Request) -> Response:
    """Ask for the token."""
    return _page(request, _inside(request.query_params.get("next", "")))


@router.post("/sign-in")
def sign_in(request: Request, form: Posted, edge: AtEdge) -> Response:
    """Check the token and keep it in an encrypted cookie."""
    token = form.get("token").strip()
    target = _inside(form.get("next"))
    with edge.database.reading() as session:
        who = authenticate(session, token, now=edge.now) if token else None
    if who is None:
        return _page(request, target, refused=True)
    response = RedirectResponse(target, 303)
    cookies.give_staff(response, edge, token)
    return response


@router.post("/demo")
def sign_in_to_demo(form: Posted, edge: AtEdge) -> Response:
    """Sign in to a demonstration, which hands out its own token."""
    if edge.settings.demo_token is None:
        raise NotFoundError("This is no demonstration.")
    response = RedirectResponse(_inside(form.get("next")), 303)
    cookies.give_staff(response, edge, edge.settings.demo_token.get_secret_value())
    return response


@router.post("/sign-out")
def sign_out(edge: AtEdge) -> Response:
    """Forget the token."""
    response = RedirectResponse("/console/sign-in", 303)
    cookies.forget(response, edge, "longwave-staff")
    return response


def _page(request: Request, target: str, *, refused: bool = False) -> Response:
    return page(
        "console/sign_in.html",
        reader_language(request),
        status=401 if refused else 200,
        target=target,
        refused=refused,
    )


def _inside(target: str) -> str:
    """Return ``target`` if it is a page of the console, else its home; never another site."""
    safe = quote(target, safe="/-._~@")
    return safe if safe == _HOME or safe.startswith(f"{_HOME}/") else _HOME
