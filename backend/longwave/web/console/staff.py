"""Who is signed in, and what surrounds the pages that staff see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import Request, Response
from sqlmodel import Session

from longwave.domain.blinding import Viewer
from longwave.services.staff import authenticate
from longwave.web import cookies
from longwave.web.edge import Edge
from longwave.web.errors import SignInNeededError, reader_language
from longwave.web.rendering import page


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the console a page stands. ``slug`` is empty outside of studies."""

    here: str
    slug: str = ""
    title: str = ""
    trial_run: bool = False


def viewer_of(request: Request, edge: Edge, session: Session) -> Viewer:
    """Return who is signed in.

    Raises
    ------
    SignInNeededError
        If nobody is.
    """
    token = cookies.read_staff(request, edge)
    viewer = authenticate(session, token, now=edge.now) if token else None
    if viewer is None:
        raise SignInNeededError
    return viewer


def staff_page(
    request: Request,
    edge: Edge,
    template: str,
    viewer: Viewer,
    place: Place,
    **values: object,
) -> Response:
    """Return a page of the console."""
    return page(
        template,
        reader_language(request),
        status=200,
        viewer=viewer,
        place=place,
        has_mail=edge.settings.mail_directory is not None,
        has_report=(edge.settings.analysis_directory / "report.html").is_file(),
        **values,
    )


def age(now: datetime, then: datetime | None) -> tuple[str, int] | None:
    """Return how long ago something was, as a unit and a number; None if it never was."""
    if then is None:
        return None
    passed = max(now - then, timedelta())
    for unit, length in _UNITS:
        if passed >= length:
            return unit, int(passed / length)
    return "second", int(passed.total_seconds())


_UNITS = (
    ("day", timedelta(days=1)),
    ("hour", timedelta(hours=1)),
    ("minute", timedelta(minutes=1)),
)
