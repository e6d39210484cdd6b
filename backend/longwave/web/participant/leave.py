"""Pausing messages and leaving the study: two different things, each a button of its own."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from longwave.domain.lifecycle import FollowUp, Messages, ProgrammeState
from longwave.i18n import translator
from longwave.services import consent, programme, withdrawal
from longwave.web.edge import AtEdge, Edge
from longwave.web.participant.frame import frame_of, language_for, onward
from longwave.web.participant.here import here
from longwave.web.rendering import page

router = APIRouter()
_PARTICIPANT = "participant"


@router.get("/leave")
def leave(request: Request, edge: AtEdge) -> Response:
    """Explain what can be stopped, and what then happens to the data."""
    with edge.database.reading() as session:
        participant, study, protocol = here(session, request, edge)
        standing = consent.standing_choices(session, participant)
    language = language_for(request, protocol, participant.language)
    say = translator(language)
    return page(
        "participant/leave.html",
        language,
        frame=frame_of(request, study, protocol),
        uses=[
            (use.id, say.pick(use.label), standing.get(use.id, False))
            for use in protocol.consent.uses
        ],
        paused=participant.messages == Messages.PAUSED,
        withdrawn=participant.follow_up == FollowUp.WITHDRAWN,
        erased=participant.erased_at is not None,
        in_programme=participant.programme == ProgrammeState.ON,
        erasure=say.pick(protocol.data_protection.erasure),
    )


@router.post("/leave/pause")
def pause(request: Request, edge: AtEdge) -> Response:
    """Pause messages."""
    with edge.database.writing() as session:
        participant, _, _ = here(session, request, edge)
        withdrawal.pause_messages(session, participant, now=edge.now)
    return onward(request, "/leave")


@router.post("/leave/resume")
def resume(request: Request, edge: AtEdge) -> Response:
    """Send messages again."""
    with edge.database.writing() as session:
        participant, _, _ = here(session, request, edge)
        withdrawal.resume_messages(session, participant, now=edge.now)
    return onward(request, "/leave")


@router.post("/leave/programme")
def stop_programme(request: Request, edge: AtEdge) -> Response:
    """Leave the programme; the study goes on."""
    with edge.database.writing() as session:
        participant, _, _ = here(session, request, edge)
        programme.stop_own(session, participant, now=edge.now)
    return onward(request, "/leave")


@router.post("/leave/withdraw")
def withdraw(request: Request, edge: AtEdge) -> Response:
    """Leave the study; what was answered is kept."""
    with edge.database.writing() as session:
        participant, _, _ = here(session, request, edge)
        withdrawal.withdraw(session, participant, now=edge.now)
    return onward(request, "/leave")


@router.post("/leave/allow/{use}")
def allow(use: str, request: Request, edge: AtEdge) -> Response:
    """Allow a further use."""
    return _choose(request, edge, use, allowed=True)


@router.post("/leave/revoke/{use}")
def revoke(use: str, request: Request, edge: AtEdge) -> Response:
    """No longer allow a further use."""
    return _choose(request, edge, use, allowed=False)


def _choose(request: Request, edge: Edge, use: str, *, allowed: bool) -> Response:
    with edge.database.writing() as session:
        participant, _, _ = here(session, request, edge)
        consent.choose(session, participant, use, allowed=allowed, actor=_PARTICIPANT, now=edge.now)
    return onward(request, "/leave")
