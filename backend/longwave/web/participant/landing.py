"""Behind a personal link: what awaits, and the button that starts it.

Mail scanners open links and may press nothing: GET never changes a thing. The link itself
is exchanged for a cookie, so that no later address holds it.
"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from longwave.domain.errors import LinkExpiredError, LinkUsedError, LongwaveError, NotFoundError
from longwave.domain.lifecycle import AssessmentStatus
from longwave.keys import token_hash
from longwave.services import assessment as assessments
from longwave.services import withdrawal
from longwave.services.study import protocol_of
from longwave.storage import assessment as assessment_rows
from longwave.storage import participant as participants
from longwave.web import cookies
from longwave.web.edge import AtEdge, Edge
from longwave.web.errors import status_of
from longwave.web.participant.frame import frame_of, language_for, onward
from longwave.web.participant.survey import first_page
from longwave.web.rendering import page

router = APIRouter()


@router.get("/l/{token}")
def landing(token: str, request: Request, edge: AtEdge) -> Response:
    """Show what awaits behind a link; change nothing."""
    return _landing(token, request, edge)


@router.post("/l/{token}")
def start(token: str, request: Request, edge: AtEdge) -> Response:
    """Exchange the link for a cookie and go to the first open page."""
    try:
        with edge.database.writing() as session:
            assessment = assessments.begin(session, token, keys=edge.keys, now=edge.now)
            first = first_page(
                assessments.questionnaire(session, assessment),
                assessments.answers_of(session, assessment),
            )
    except (LinkExpiredError, LinkUsedError):
        return _landing(token, request, edge)
    response = onward(request, first)
    cookies.give(response, edge, "longwave", assessment.id or 0)
    return response


@router.post("/l/{token}/leave")
def to_leave(token: str, request: Request, edge: AtEdge) -> Response:
    """Go to where one can pause messages or leave; with every link, also an old one."""
    with edge.database.reading() as session:
        assessment = assessment_rows.by_token(session, token_hash(token))
    if assessment is None:
        raise NotFoundError("This link is not known.")
    response = onward(request, "/leave")
    cookies.give(response, edge, "longwave", assessment.id or 0)
    return response


@router.post("/l/{token}/unsubscribe")
def unsubscribe(token: str, edge: AtEdge) -> Response:
    """Pause messages at one click in a mail program (RFC 8058): no cookie, no redirect."""
    with edge.database.writing() as session:
        assessment = assessment_rows.by_token(session, token_hash(token))
        if assessment is None:
            raise NotFoundError("This link is not known.")
        participant = participants.by_id(session, assessment.participant_id)
        withdrawal.pause_messages(session, participant, now=edge.now)
    return Response(status_code=200)


def _landing(token: str, request: Request, edge: Edge) -> Response:
    with edge.database.reading() as session:
        assessment, failure = assessments.look_behind(session, token, now=edge.now)
        participant, study = assessment_rows.owner(session, assessment)
        protocol = protocol_of(session, assessment.protocol_version_id)
    wave = protocol.wave(assessment.wave)
    return page(
        "participant/landing.html",
        language_for(request, protocol, participant.language),
        status=status_of(failure) if failure else 200,
        frame=frame_of(request, study, protocol),
        state=_state(assessment.status, failure),
        token=token,
        wave=wave,
        minutes=protocol.minutes(wave),
        parts=len(wave.instruments),
        closes_at=assessment.expires_at,
        zone=participant.zone_at(edge.now),
    )


def _state(status: str, failure: LongwaveError | None) -> str:
    """Return ``used``, ``early``, ``over``, ``started`` or ``ready``."""
    if isinstance(failure, LinkUsedError):
        return "used"
    if failure is not None:
        return "early" if status == AssessmentStatus.SCHEDULED else "over"
    return "started" if status == AssessmentStatus.STARTED else "ready"
