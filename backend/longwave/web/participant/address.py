"""How a participant is reached: address, number, language and time zone, changed by herself."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter, Request, Response
from sqlmodel import Session

from longwave.domain.codes import CodePurpose, Tried
from longwave.domain.errors import InvalidInputError, NotFoundError
from longwave.domain.lifecycle import Channel
from longwave.domain.zones import zones_by_region
from longwave.i18n import own_name, translator
from longwave.services import address, travel
from longwave.services import language as languages
from longwave.storage import participant as participants
from longwave.storage.tables.base import key
from longwave.web.chosen import forget
from longwave.web.edge import AtEdge, Edge
from longwave.web.forms import Posted
from longwave.web.participant.coded import CODE, Refused, ask, form_of
from longwave.web.participant.frame import (
    frame_of,
    is_reread,
    language_for,
    offered_languages,
    onward,
)
from longwave.web.participant.here import here
from longwave.web.rendering import page

router = APIRouter()
_PAGE = "/place/contact"
_PARTICIPANT = "participant"
_FACTS = (CodePurpose.EMAIL, CodePurpose.PHONE)


@router.get(_PAGE)
def contact(request: Request, edge: AtEdge) -> Response:
    """Show how its reader is reached, and what can be changed."""
    return _page(request, edge)


@router.post(f"{_PAGE}/channel")
def channel(request: Request, form: Posted, edge: AtEdge) -> Response:
    """Let messages go by another channel."""
    wanted = form.get("channel")
    if wanted not in list(Channel):
        return _page(request, edge, faults={"channel": _("Please choose one of the two.")})
    try:
        with edge.database.writing() as session:
            participant = here(session, request, edge).participant
            address.choose_channel(session, participant, Channel(wanted), now=edge.now)
    except InvalidInputError as error:
        return _page(request, edge, faults=error.fields)
    return onward(request, _PAGE)


@router.post(f"{_PAGE}/language")
def language(request: Request, form: Posted, edge: AtEdge) -> Response:
    """Let messages and questionnaires come in another language."""
    try:
        with edge.database.writing() as session:
            participant = here(session, request, edge).participant
            languages.change_language(session, participant, form.get("language"), now=edge.now)
    except InvalidInputError as error:
        return _page(request, edge, faults=error.fields)
    response = Response(status_code=303, headers={"location": _PAGE})
    forget(response)
    return response


@router.post(f"{_PAGE}/zone")
def zone(request: Request, form: Posted, edge: AtEdge) -> Response:
    """Let questionnaires come by the clock of another place."""
    try:
        with edge.database.writing() as session:
            participant = here(session, request, edge).participant
            if form.get("zone") != participant.zone_at(edge.now):
                travel.change_zone(
                    session, participant, form.get("zone"), actor=_PARTICIPANT, now=edge.now
                )
    except InvalidInputError:
        return _page(request, edge, faults={"zone": "Please choose your time zone."})
    return onward(request, _PAGE)


@router.post(f"{_PAGE}/{{fact}}")
def change(fact: str, request: Request, form: Posted, edge: AtEdge) -> Response:
    """Send a code to a new address or number."""
    purpose = _purpose(fact)
    typed = form.get(fact)
    if is_reread(form):
        return _page(request, edge, typed={fact: typed})

    def asking(session: Session) -> None:
        participant = here(session, request, edge).participant
        address.ask_for_change(session, participant, purpose, typed, keys=edge.keys, now=edge.now)

    try:
        refused = ask(edge, asking)
    except InvalidInputError as error:
        return _page(request, edge, faults=error.fields, typed={fact: typed})
    if refused is not None:
        return _page(request, edge, refused={purpose: refused})
    return onward(request, _PAGE)


@router.post(f"{_PAGE}/{{fact}}/code")
def confirm(fact: str, request: Request, form: Posted, edge: AtEdge) -> Response:
    """Let a new address or number count, if the code was typed that was sent there."""
    purpose = _purpose(fact)
    if is_reread(form):
        return _page(request, edge, typed={f"{fact}-code": form.get(CODE)})
    try:
        with edge.database.writing() as session:
            participant = here(session, request, edge).participant
            tried = address.confirm_change(
                session, participant, purpose, form.get(CODE), keys=edge.keys, now=edge.now
            )
    except InvalidInputError as error:
        return _page(request, edge, faults=error.fields)
    if tried is not Tried.RIGHT:
        return _page(request, edge, tried={purpose: tried})
    return onward(request, _PAGE)


@router.get(f"{_PAGE}/{{fact}}")
@router.get(f"{_PAGE}/{{fact}}/code")
def back(fact: str, request: Request) -> Response:
    """Lead back from where a form was sent to, for instance in another language."""
    _purpose(fact)
    return onward(request, _PAGE)


def _(text: str) -> str:
    """Mark a text for the catalogues; it is translated where it is shown."""
    return text


def _purpose(fact: str) -> CodePurpose:
    if fact not in _FACTS:
        raise NotFoundError("There is no such page.", "Open the link from your message again.")
    return CodePurpose(fact)


def _page(
    request: Request,
    edge: Edge,
    *,
    faults: dict[str, str] | None = None,
    typed: dict[str, str] | None = None,
    refused: dict[CodePurpose, Refused] | None = None,
    tried: dict[CodePurpose, Tried] | None = None,
) -> Response:
    now = edge.now
    with edge.database.reading() as session:
        participant, study, protocol = here(session, request, edge)
        own = participants.contact(session, key(participant))
        if own is None:
            raise NotFoundError("It is not known any more how to reach you.")
        shown_language = language_for(request, protocol, participant.language)
        say = translator(shown_language)
        codes = {
            fact: form_of(
                session,
                participant,
                fact,
                say,
                now=now,
                tried=(tried or {}).get(fact),
                refused=(refused or {}).get(fact),
                typed=(typed or {}).get(f"{fact}-code", ""),
            )
            for fact in _FACTS
        }
    masked = partial(address.masked, edge.keys, participant=participant)
    zone_now = participant.zone_at(now)
    status = 429 if refused else 422 if faults or tried else 200
    return page(
        "participant/contact.html",
        shown_language,
        status=status,
        frame=frame_of(request, study, protocol),
        channels=[str(each) for each in protocol.messages.channels],
        channel=own.channel,
        known={"email": masked(own.email), "phone": masked(own.phone)},
        suppressed={
            "email": own.email_suppressed_at is not None,
            "phone": own.phone_suppressed_at is not None,
        },
        codes={str(fact): form for fact, form in codes.items()},
        faults={name: say(text) for name, text in (faults or {}).items()},
        typed=typed or {},
        languages=[(code, own_name(code)) for code in offered_languages(protocol)],
        own_language=participant.language,
        zones=zones_by_region(),
        zone=zone_now,
        clock=say.time(now, zone_now),
    )
