"""The last pages of an assessment: thanks, and until next time."""

from __future__ import annotations

from dataclasses import replace

from fastapi import APIRouter, Request, Response

from longwave.domain.errors import NotFoundError
from longwave.services import safety
from longwave.services.study import protocol_of
from longwave.storage import assessment as assessment_rows
from longwave.storage import occasion as occasions
from longwave.storage import participant as participants
from longwave.storage import study as studies
from longwave.web import cookies
from longwave.web.edge import AtEdge, Edge
from longwave.web.participant.frame import frame_of, language_for
from longwave.web.participant.support import help_in
from longwave.web.participant.survey.sheet import COMPLETE, STOPPED, THANKS
from longwave.web.rendering import page

router = APIRouter()


@router.get(THANKS)
def thanks(request: Request, edge: AtEdge) -> Response:
    """Say thank you, and what comes next."""
    return _closing(request, edge, "participant/thanks.html")


@router.get(COMPLETE)
def complete(request: Request, edge: AtEdge) -> Response:
    """Say that the questionnaire was complete already, when a page of it is sent again."""
    return _closing(request, edge, "participant/thanks.html", again=True)


@router.get(STOPPED)
def stopped(request: Request, edge: AtEdge) -> Response:
    """Say how to come back."""
    return _closing(request, edge, "participant/stopped.html")


def _closing(request: Request, edge: Edge, template: str, *, again: bool = False) -> Response:
    """Show the last page at this device, and forget whose it was: the next one is another's."""
    row = cookies.read(request, edge, "longwave")
    with edge.database.reading() as session:
        assessment = assessment_rows.by_id(session, row) if row else None
        if assessment is None:
            raise NotFoundError(
                "No questionnaire is open here.", "Open the link from your message."
            )
        protocol = protocol_of(session, assessment.protocol_version_id)
        participant = participants.by_id(session, assessment.participant_id)
        study = studies.by_id(session, assessment.study_id)
        later = occasions.has_next(session, assessment.participant_id)
        found = safety.help_of(session, assessment, participant, protocol, now=edge.now)
    language = language_for(request, protocol, participant.language)
    response = page(
        template,
        language,
        help=help_in(language, found) if found.is_asked_for else None,
        # Another language could not be chosen here: the page is gone when it is loaded again.
        frame=replace(frame_of(request, study, protocol), languages=()),
        slug=study.slug,
        token=edge.keys.link_token(assessment.uid),
        again=again,
        closes_at=assessment.expires_at,
        zone=participant.zone_at(edge.now),
        comes_more=later,
    )
    cookies.forget(response, edge, "longwave")
    return response
