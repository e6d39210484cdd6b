"""All answers once more before they are handed in, where the protocol asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from longwave.domain.errors import LinkUsedError
from longwave.i18n import translator
from longwave.services import assessment as assessments
from longwave.services import safety
from longwave.services.assessment import Answers, Questionnaire
from longwave.storage.tables.base import key
from longwave.web.edge import AtEdge
from longwave.web.forms import Posted
from longwave.web.participant.frame import frame_of, in_language, language_for
from longwave.web.participant.survey.given import SHEET
from longwave.web.participant.survey.rendering import answer_in_words
from longwave.web.participant.survey.sheet import (
    COMPLETE,
    REVIEW,
    STOPPED,
    THANKS,
    current,
    first_page,
    lead,
    mark_of,
)
from longwave.web.participant.survey.stops import Stop, address, first_open, stops
from longwave.web.rendering import page

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Given:
    """One question and what was answered, in words; "" where it was skipped."""

    text: str
    answer: str
    change: str


@router.get(REVIEW)
def review(request: Request, edge: AtEdge) -> Response:
    """Show all answers; where one is missing, its question."""
    with edge.database.reading() as session:
        sheet = current(session, request, edge)
        answers = assessments.answers_of(session, sheet.assessment)
        helps = safety.has_raised(session, sheet.assessment)
    way = stops(sheet, answers)
    if first_open(way, answers) or not sheet.wave.review:
        return lead(request, first_page(sheet, answers))
    language = language_for(request, sheet.protocol, sheet.participant.language)
    return page(
        "participant/review.html",
        language,
        frame=frame_of(request, sheet.study, sheet.protocol),
        slug=sheet.study.slug,
        action=in_language(request, REVIEW),
        sheet_field=SHEET,
        mark=mark_of(key(sheet.assessment), edge),
        given=_given(request, sheet, way, answers, language),
        helps=helps,
    )


@router.post(REVIEW)
def hand_in(request: Request, form: Posted, edge: AtEdge) -> Response:
    """Complete the assessment."""
    try:
        with edge.database.writing() as session:
            sheet = current(session, request, edge, form)
            if form.get("go") == "stop":
                return lead(request, STOPPED)
            answers = assessments.answers_of(session, sheet.assessment)
            if first_open(stops(sheet, answers), answers):
                return lead(request, first_page(sheet, answers))
            assessments.submit(session, sheet.assessment, keys=edge.keys, now=edge.now)
    except LinkUsedError:
        return lead(request, COMPLETE)
    return lead(request, THANKS)


def _given(
    request: Request, sheet: Questionnaire, way: Sequence[Stop], answers: Answers, language: str
) -> list[Given]:
    """Return what was answered, of all that is shown."""
    say = translator(language)
    return [
        Given(
            sheet.text_of(stop.instrument.id, item, answers, say.language, day=say.day),
            answer_in_words(item, answers[stop.instrument.id, item.id], say),
            in_language(request, address(stop, item, edits=True)),
        )
        for stop in way
        for item in stop.asked
    ]
