"""Who is signed in, and what surrounds the pages that staff see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fastapi import Request, Response
from sqlmodel import Session

from longwave.domain.blinding import Viewer
from longwave.i18n import Translator
from longwave.services.caught_mail import may_read_caught_mail
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
        has_mail=_has_mail(edge, viewer),
        has_report=(edge.settings.analysis_directory / "report.html").is_file(),
        **values,
    )


def _has_mail(edge: Edge, viewer: Viewer) -> bool:
    if edge.settings.mail_directory is None:
        return False
    with edge.database.reading() as session:
        return may_read_caught_mail(session, viewer)


def age(say: Translator, now: datetime, then: datetime | None) -> str | None:
    """Return how long ago something was, in words; None if it never was."""
    if then is None:
        return None
    seconds = max(int((now - then).total_seconds()), 0)
    if seconds < 60:
        return say.plural("{n} second", "{n} seconds", seconds)
    if seconds < 3_600:
        return say.plural("{n} minute", "{n} minutes", seconds // 60)
    if seconds < 86_400:
        return say.plural("{n} hour", "{n} hours", seconds // 3_600)
    return say.plural("{n} day", "{n} days", seconds // 86_400)
