"""Asking for erasure: messages stop at once, a code proves who asks, the team does the rest."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from sqlmodel import Session

from longwave.domain.codes import CodePurpose, Tried
from longwave.domain.lifecycle import Messages
from longwave.i18n import translator
from longwave.services import codes, erasure
from longwave.web.edge import AtEdge, Edge
from longwave.web.forms import Posted
from longwave.web.participant.coded import CODE, Refused, ask, form_of
from longwave.web.participant.frame import frame_of, is_reread, language_for, onward, span
from longwave.web.participant.here import here
from longwave.web.rendering import page

router = APIRouter()
_PAGE = "/leave/erase"


@router.get(_PAGE)
def explain(request: Request, edge: AtEdge) -> Response:
    """Say what is erased, what stays and why, and who does it."""
    return _page(request, edge)


@router.get(f"{_PAGE}/code")
def back(request: Request) -> Response:
    """Lead back from where a form was sent to, for instance in another language."""
    return onward(request, _PAGE)


@router.post(f"{_PAGE}/code")
def send_code(request: Request, edge: AtEdge) -> Response:
    """Stop messages, and send the code with which erasure is asked for."""
    with edge.database.writing() as session:
        erasure.prepare(session, here(session, request, edge).participant, now=edge.now)

    def asking(session: Session) -> None:
        participant = here(session, request, edge).participant
        codes.ask(session, participant, CodePurpose.ERASURE, keys=edge.keys, now=edge.now)

    refused = ask(edge, asking)
    return onward(request, _PAGE) if refused is None else _page(request, edge, refused=refused)


@router.post(_PAGE)
def request_erasure(request: Request, form: Posted, edge: AtEdge) -> Response:
    """Put before the team that the data are to be erased, if the code was typed."""
    if is_reread(form):
        return _page(request, edge, typed=form.get(CODE))
    with edge.database.writing() as session:
        participant = here(session, request, edge).participant
        tried = erasure.request(session, participant, form.get(CODE), keys=edge.keys, now=edge.now)
    return onward(request, _PAGE) if tried is Tried.RIGHT else _page(request, edge, tried=tried)


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
        say = translator(language)
        form = form_of(
            session,
            participant,
            CodePurpose.ERASURE,
            say,
            now=edge.now,
            tried=tried,
            refused=refused,
            typed=typed,
        )
        asked_at = erasure.requested_at(session, participant)
    return page(
        "participant/erase.html",
        language,
        status=429 if refused else form.status,
        frame=frame_of(request, study, protocol),
        form=form,
        asked_at=asked_at,
        erased=participant.erased_at is not None,
        paused=participant.messages == Messages.PAUSED,
        zone=participant.zone_at(edge.now),
        policy=say.pick(protocol.data_protection.erasure),
        keeps=span(say, protocol.data_protection.retention_answers),
    )
