"""A participant's own place: what is done and next, and what she can decide."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from longwave.domain.calendar import CONTENT_TYPE
from longwave.domain.errors import NotFoundError
from longwave.domain.lifecycle import FollowUp, Messages
from longwave.domain.zones import place_of
from longwave.i18n import translator
from longwave.keys import token_hash
from longwave.services import assessment as assessments
from longwave.services import calendar, courses, erasure, outlook
from longwave.storage import assessment as assessment_rows
from longwave.storage import occasion as occasions
from longwave.storage.tables.base import key
from longwave.web import cookies
from longwave.web.edge import AtEdge
from longwave.web.participant.frame import frame_of, language_for, onward
from longwave.web.participant.here import here
from longwave.web.participant.outlook import shown
from longwave.web.rendering import page

router = APIRouter()
PLACE = "/place"


@router.post("/l/{token}/place")
def enter(token: str, request: Request, edge: AtEdge) -> Response:
    """Exchange a link, also an old one, for a cookie, and go to its owner's place."""
    with edge.database.reading() as session:
        assessment = assessment_rows.by_token(session, token_hash(token))
    if assessment is None:
        raise NotFoundError("This link is not known.")
    response = onward(request, PLACE)
    cookies.give(response, edge, "longwave", key(assessment))
    return response


@router.get(PLACE)
def place(request: Request, edge: AtEdge) -> Response:
    """Show what lies behind and before, and the ways to all that can be decided."""
    now = edge.now
    with edge.database.reading() as session:
        participant, study, protocol = here(session, request, edge)
        steps = outlook.of_participant(session, participant, now=now)
        has_programme = courses.has_programme(session, participant)
        erasure_asked = erasure.requested_at(session, participant)
    language = language_for(request, protocol, participant.language)
    say = translator(language)
    zone = participant.zone_at(now)
    return page(
        "participant/place.html",
        language,
        frame=frame_of(request, study, protocol),
        slug=study.slug,
        outlook=shown(say, protocol, steps, zone),
        zone=zone,
        place=place_of(zone),
        paused=participant.messages == Messages.PAUSED,
        withdrawn=participant.follow_up == FollowUp.WITHDRAWN,
        completed=participant.follow_up == FollowUp.COMPLETED,
        erased=participant.erased_at is not None,
        erasure_asked=erasure_asked,
        has_programme=has_programme,
        public_id=participant.public_id,
    )


@router.post(f"{PLACE}/open/{{wave}}/{{occurrence}}")
def open_now(wave: str, occurrence: int, request: Request, edge: AtEdge) -> Response:
    """Go to a questionnaire that is open, as its own link would."""
    with edge.database.writing() as session:
        participant = here(session, request, edge).participant
        found = [
            each
            for each in occasions.of_waves(session, key(participant), [wave])
            if each.occurrence == occurrence
        ]
        if not found:
            raise NotFoundError("There is no such questionnaire.", "Load your page again.")
        token = edge.keys.link_token(found[0].uid)
        assessment = assessments.begin(session, token, keys=edge.keys, now=edge.now)
    response = onward(request, "/survey")
    cookies.give(response, edge, "longwave", key(assessment))
    return response


@router.get(f"{PLACE}/calendar")
def own_calendar(request: Request, edge: AtEdge) -> Response:
    """Send a file for a calendar, with all that has a date."""
    with edge.database.reading() as session:
        participant = here(session, request, edge).participant
        content = calendar.of_participant(session, participant, keys=edge.keys, now=edge.now)
    if content is None:
        raise NotFoundError("Nothing is planned at the moment.", "Load your page again.")
    return calendar_response(content)


def calendar_response(content: bytes) -> Response:
    """Return a calendar file to be kept."""
    headers = {"content-disposition": 'attachment; filename="questionnaires.ics"'}
    return Response(content, media_type=f"{CONTENT_TYPE}; charset=utf-8", headers=headers)
