"""A participant's copy of what she gave: asked for with a fresh code, sent as one file."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from sqlmodel import Session

from longwave.domain.codes import CodePurpose, Tried
from longwave.i18n import translator
from longwave.services import codes, own_copy
from longwave.services.own_copy import OwnCopy
from longwave.web.edge import AtEdge, Edge
from longwave.web.forms import Posted
from longwave.web.participant.archive import archive
from longwave.web.participant.coded import CODE, Refused, ask, form_of
from longwave.web.participant.frame import frame_of, is_reread, language_for, onward
from longwave.web.participant.here import here
from longwave.web.rendering import page

router = APIRouter()
_PAGE = "/place/download"


@router.get(_PAGE)
def download(request: Request, edge: AtEdge) -> Response:
    """Say what the copy holds, and how one gets it."""
    return _page(request, edge)


@router.get(f"{_PAGE}/code")
def back(request: Request) -> Response:
    """Lead back from where a form was sent to, for instance in another language."""
    return onward(request, _PAGE)


@router.post(f"{_PAGE}/code")
def send_code(request: Request, edge: AtEdge) -> Response:
    """Send the code that a copy needs: a link alone, which may be forwarded, does not suffice."""

    def asking(session: Session) -> None:
        participant = here(session, request, edge).participant
        codes.ask(session, participant, CodePurpose.DOWNLOAD, keys=edge.keys, now=edge.now)

    refused = ask(edge, asking)
    return onward(request, _PAGE) if refused is None else _page(request, edge, refused=refused)


@router.post(_PAGE)
def send_copy(request: Request, form: Posted, edge: AtEdge) -> Response:
    """Send the copy to whoever typed the code."""
    if is_reread(form):
        return _page(request, edge, typed=form.get(CODE))
    copy: OwnCopy | None = None
    with edge.database.writing() as session:
        participant, _, protocol = here(session, request, edge)
        language = language_for(request, protocol, participant.language)
        tried, copy = own_copy.take(
            session, participant, form.get(CODE), language, keys=edge.keys, now=edge.now
        )
    if copy is None:
        return _page(request, edge, tried=tried)
    name = f"my-answers-{edge.now:%Y-%m-%d}.zip"
    headers = {
        "content-disposition": f'attachment; filename="{name}"',
        "cache-control": "no-store",
    }
    return Response(archive(copy, language), media_type="application/zip", headers=headers)


def _page(
    request: Request,
    edge: Edge,
    *,
    tried: Tried | None = None,
    refused: Refused | None = None,
    typed: str = "",
) -> Response:
    with edge.database.reading() as session:
        participant, study, protocol = here(session, request, edge)
        language = language_for(request, protocol, participant.language)
        form = form_of(
            session,
            participant,
            CodePurpose.DOWNLOAD,
            translator(language),
            now=edge.now,
            tried=tried,
            refused=refused,
            typed=typed,
        )
    return page(
        "participant/download.html",
        language,
        status=429 if refused else form.status,
        frame=frame_of(request, study, protocol),
        form=form,
        zone=participant.zone_at(edge.now),
        erased=participant.erased_at is not None,
    )
