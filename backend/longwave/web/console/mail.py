"""The mail that a folder caught, where no mail server is."""

from __future__ import annotations

import email
import email.policy
import re
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

from fastapi import APIRouter, Query, Request, Response
from markupsafe import Markup, escape

from longwave.domain.blinding import Viewer
from longwave.domain.errors import NotFoundError
from longwave.services.caught_mail import require_caught_mail
from longwave.web.console.staff import Place, staff_page, viewer_of_all
from longwave.web.edge import AtEdge, Edge

router = APIRouter(prefix="/console")
_PAGE = 50
_MOST_BYTES = 1_000_000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]*\.eml")
_LINK = re.compile(r"https?://[^\s<>\"']+")


@dataclass(frozen=True, slots=True)
class CaughtMail:
    """One mail. ``body`` is its plain part with clickable links, otherwise escaped."""

    name: str
    date: str
    recipient: str
    subject: str
    body: Markup


@router.get("/mail")
def mails(
    request: Request,
    edge: AtEdge,
    page: int = Query(default=1, ge=1, le=1_000_000),
) -> Response:
    """List the caught mail, the newest first."""
    viewer = _reader(request, edge)
    found = _newest_first(_directory(edge))
    start = (page - 1) * _PAGE
    return staff_page(
        request,
        edge,
        "console/mails.html",
        viewer,
        Place("mail"),
        mails=[_read(path) for path in found[start : start + _PAGE]],
        total=len(found),
        before=page - 1 if page > 1 else None,
        after=page + 1 if start + _PAGE < len(found) else None,
    )


@router.get("/mail/{name}")
def mail(name: str, request: Request, edge: AtEdge) -> Response:
    """Show one mail."""
    viewer = _reader(request, edge)
    path = _directory(edge) / name
    if _NAME.fullmatch(name) is None or not path.is_file():
        raise NotFoundError("There is no such mail.", "See the list of caught mail.")
    return staff_page(request, edge, "console/mail.html", viewer, Place("mail"), mail=_read(path))


def _reader(request: Request, edge: Edge) -> Viewer:
    with edge.database.reading() as session:
        viewer = viewer_of_all(request, edge, session)
        require_caught_mail(session, viewer)
    return viewer


def _directory(edge: Edge) -> Path:
    directory = edge.settings.mail_directory
    if directory is None:
        raise NotFoundError(
            "Mail is not caught here.", "It is sent by the server that LONGWAVE_SMTP_URL names."
        )
    return directory


def _newest_first(directory: Path) -> list[Path]:
    found = [path for path in directory.glob("*.eml") if _NAME.fullmatch(path.name)]
    return sorted(found, key=lambda path: (path.stat().st_mtime_ns, path.name), reverse=True)


def _read(path: Path) -> CaughtMail:
    with path.open("rb") as file:
        parsed = email.message_from_bytes(file.read(_MOST_BYTES), policy=email.policy.default)
    return CaughtMail(
        name=path.name,
        date=str(parsed.get("Date", "")),
        recipient=str(parsed.get("To", "")),
        subject=str(parsed.get("Subject", "")),
        body=_with_links(_plain(parsed)),
    )


def _plain(parsed: EmailMessage) -> str:
    part = parsed.get_body(("plain",))
    if part is None:
        return ""
    try:
        return str(part.get_content())
    except (LookupError, UnicodeError):
        return str(part.get_payload())


def _with_links(text: str) -> Markup:
    pieces, end = [], 0
    for match in _LINK.finditer(text):
        pieces.append(escape(text[end : match.start()]))
        address = match.group().rstrip(".,;:!?)")
        pieces.append(Markup('<a href="{0}">{0}</a>').format(address))  # escapes its arguments
        end = match.start() + len(address)
    pieces.append(escape(text[end:]))
    return Markup("").join(pieces)
