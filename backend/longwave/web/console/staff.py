"""Who is signed in, and what surrounds the pages that staff see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fastapi import Request, Response
from sqlmodel import Session

from longwave.domain.blinding import Viewer
from longwave.domain.errors import NotAllowedError
from longwave.domain.permissions import Action
from longwave.i18n import Translator
from longwave.services.caught_mail import may_read_caught_mail
from longwave.services.downloads import has_report
from longwave.services.staff import Who, authenticate, study_for, viewer_everywhere
from longwave.storage.tables import Study
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


def who_is(request: Request, edge: Edge, session: Session) -> Who:
    """Return who is signed in.

    Raises
    ------
    SignInNeededError
        If nobody is.
    """
    token = cookies.read_staff(request, edge)
    who = authenticate(session, token, now=edge.now) if token else None
    if who is None:
        raise SignInNeededError
    return who


def viewer_of_study(
    request: Request, edge: Edge, session: Session, slug: str
) -> tuple[Study, Viewer]:
    """Return a study, and what whoever is signed in may see and do in it."""
    return study_for(session, who_is(request, edge, session), slug)


def viewer_of_all(request: Request, edge: Edge, session: Session) -> Viewer:
    """Return what whoever is signed in may see of what belongs to no single study."""
    return viewer_everywhere(session, who_is(request, edge, session))


def staff_page(
    request: Request,
    edge: Edge,
    template: str,
    viewer: Viewer | Who,
    place: Place,
    **values: object,
) -> Response:
    """Return a page of the console; outside of studies it is shown to somebody with no role."""
    return page(
        template,
        reader_language(request),
        status=200,
        viewer=viewer,
        place=place,
        has_participants=_may(viewer, Action.SEE_PARTICIPANTS),
        has_alerts=_may(viewer, Action.SEE_ALERTS),
        has_data=_may(viewer, Action.EXPORT),
        **_entries(request, edge),
        **values,
    )


def _may(viewer: Viewer | Who, action: Action) -> bool:
    return isinstance(viewer, Viewer) and viewer.may(action)


def _entries(request: Request, edge: Edge) -> dict[str, bool]:
    """Say which pages that belong to no single study the menu offers."""
    with edge.database.reading() as session:
        try:
            viewer = viewer_of_all(request, edge, session)
        except NotAllowedError:
            return {"has_mail": False, "has_report": False}
        has_mail = edge.settings.mail_directory is not None
        return {
            "has_mail": has_mail and may_read_caught_mail(session, viewer),
            "has_report": has_report(edge.settings.analysis_directory, viewer=viewer),
        }


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
