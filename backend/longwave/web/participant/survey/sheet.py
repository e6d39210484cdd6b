"""Which questionnaire a browser may answer, and where its pages are."""

from __future__ import annotations

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from sqlmodel import Session

from longwave.domain.errors import NotFoundError, RefusedTransitionError
from longwave.keys import Purpose
from longwave.services import assessment as assessments
from longwave.services.assessment import Answers, Questionnaire
from longwave.web import cookies
from longwave.web.edge import Edge
from longwave.web.forms import Form
from longwave.web.participant.frame import in_language, onward
from longwave.web.participant.survey.given import SHEET
from longwave.web.participant.survey.stops import address, first_open, stops

REVIEW = "/survey/check-answers"
THANKS = "/survey/thanks"
COMPLETE = f"{THANKS}/complete"
STOPPED = "/survey/stopped"


def current(
    session: Session, request: Request, edge: Edge, form: Form | None = None
) -> Questionnaire:
    """Return the questionnaire that this browser may answer."""
    return assessments.load(session, may_answer(request, edge, form), now=edge.now)


def may_answer(request: Request, edge: Edge, form: Form | None = None) -> int:
    """Return the id of the assessment that this browser may answer, also with a ``form``.

    Another link may have been opened in another tab since a form was made: its answers belong
    to an assessment of their own.
    """
    row = cookies.read(request, edge, "longwave")
    if row is None:
        raise NotFoundError("No questionnaire is open here.", "Open the link from your message.")
    if form is not None and form.get(SHEET) not in ("", mark_of(row, edge)):
        raise RefusedTransitionError(
            "Not saved: another questionnaire was opened in this browser. "
            "Please open the link from your message again."
        )
    return row


def mark_of(row: int, edge: Edge) -> str:
    """Return by what a form names its assessment: it says nothing, and only we can tell it."""
    return edge.keys.mac(Purpose.PAGE, str(row))[:16]


def first_page(sheet: Questionnaire, answers: Answers) -> str:
    """Return the address of the first open question; if none is, of what comes after all."""
    way = stops(sheet, answers)
    found = first_open(way, answers)
    if found is not None:
        return address(*found)
    return REVIEW if sheet.wave.review or not way else way[-1].path


def wants_json(request: Request) -> bool:
    """Whether a script asks, and would be told where to go rather than sent there."""
    return "application/json" in request.headers.get("accept", "")


def lead(request: Request, path: str) -> Response:
    """Send a browser on, in the language that was chosen, or tell its script where to go."""
    if wants_json(request):
        return JSONResponse({"go": in_language(request, path)})
    return onward(request, path)
