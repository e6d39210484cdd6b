"""Pausing messages and leaving the study: two different things, each a button of its own."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from sqlmodel import Session

from longwave.domain.errors import NotFoundError
from longwave.domain.lifecycle import FollowUp, Messages
from longwave.domain.protocol.model import Protocol
from longwave.services import withdrawal
from longwave.services.study import protocol_of
from longwave.storage import assessment as assessment_rows
from longwave.storage import participant as participants
from longwave.storage import study as studies
from longwave.storage.tables import Participant, Study
from longwave.web import cookies
from longwave.web.edge import AtEdge, Edge
from longwave.web.participant.frame import frame_of, language_for, onward
from longwave.web.rendering import page

router = APIRouter()


@router.get("/leave")
def leave(request: Request, edge: AtEdge) -> Response:
    """Explain what can be stopped, and what then happens to the data."""
    with edge.database.reading() as session:
        participant, study, protocol = _here(session, request, edge)
    return page(
        "participant/leave.html",
        language_for(request, protocol, participant.language),
        frame=frame_of(request, study, protocol),
        paused=participant.messages == Messages.PAUSED,
        withdrawn=participant.follow_up == FollowUp.WITHDRAWN,
        erasure=protocol.data_protection.erasure,
    )


@router.post("/leave/pause")
def pause(request: Request, edge: AtEdge) -> Response:
    """Pause messages."""
    with edge.database.writing() as session:
        participant, _, _ = _here(session, request, edge)
        withdrawal.pause_messages(session, participant, now=edge.now)
    return onward(request, "/leave")


@router.post("/leave/resume")
def resume(request: Request, edge: AtEdge) -> Response:
    """Send messages again."""
    with edge.database.writing() as session:
        participant, _, _ = _here(session, request, edge)
        withdrawal.resume_messages(session, participant, now=edge.now)
    return onward(request, "/leave")


@router.post("/leave/withdraw")
def withdraw(request: Request, edge: AtEdge) -> Response:
    """Leave the study; what was answered is kept."""
    with edge.database.writing() as session:
        participant, _, _ = _here(session, request, edge)
        withdrawal.withdraw(session, participant, now=edge.now)
    return onward(request, "/leave")


def _here(session: Session, request: Request, edge: Edge) -> tuple[Participant, Study, Protocol]:
    """Return the participant whose link this browser followed."""
    row = cookies.read(request, edge, "longwave")
    assessment = assessment_rows.by_id(session, row) if row else None
    if assessment is None:
        raise NotFoundError("Nobody is known here.", "Open the link from your message.")
    return (
        participants.by_id(session, assessment.participant_id),
        studies.by_id(session, assessment.study_id),
        protocol_of(session, assessment.protocol_version_id),
    )
