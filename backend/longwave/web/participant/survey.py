"""An assessment's pages: one for each instrument, saved when it is left, or answer by answer."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from sqlmodel import Session

from longwave.domain.errors import InvalidInputError, LinkUsedError, NotFoundError
from longwave.domain.instrument import Instrument
from longwave.i18n import translator
from longwave.services import assessment as assessments
from longwave.services import safety
from longwave.services.assessment import Answers, Questionnaire
from longwave.services.study import protocol_of
from longwave.storage import assessment as assessment_rows
from longwave.storage import occasion as occasions
from longwave.storage import participant as participants
from longwave.storage import study as studies
from longwave.storage.tables import Assessment
from longwave.web import cookies
from longwave.web.edge import AtEdge, Edge
from longwave.web.forms import Posted
from longwave.web.participant.frame import chosen_query, frame_of, language_for, onward
from longwave.web.participant.questions import complaints, given_answers, instrument_questions
from longwave.web.participant.support import SUPPORT, help_in
from longwave.web.rendering import page

router = APIRouter()
_THANKS = "/survey/thanks"
_COMPLETE = f"{_THANKS}/complete"
_STOPPED = "/survey/stopped"


@dataclass(frozen=True, slots=True)
class _Draft:
    """What was just entered, and what is wrong with it."""

    values: dict[str, str]
    error: InvalidInputError


def first_page(sheet: Questionnaire, answers: Answers) -> str:
    """Return the address of the first page with open questions, else of the last."""
    instrument = sheet.first_open(answers) or sheet.instruments[-1]
    return f"/survey/{instrument.id}"


@router.get("/survey")
def resume(request: Request, edge: AtEdge) -> Response:
    """Go to where the participant left off."""
    with edge.database.reading() as session:
        sheet = _current(session, request, edge)
        return onward(request, first_page(sheet, assessments.answers_of(session, sheet.assessment)))


@router.get(_THANKS)
def thanks(request: Request, edge: AtEdge) -> Response:
    """Say thank you, and what comes next."""
    return _closing(request, edge, "participant/thanks.html")


@router.get(_COMPLETE)
def complete(request: Request, edge: AtEdge) -> Response:
    """Say that the questionnaire was complete already, when a page of it is sent again."""
    return _closing(request, edge, "participant/thanks.html", again=True)


@router.get(_STOPPED)
def stopped(request: Request, edge: AtEdge) -> Response:
    """Say how to come back."""
    return _closing(request, edge, "participant/stopped.html")


@router.get("/survey/{instrument_id}")
def show(instrument_id: str, request: Request, edge: AtEdge) -> Response:
    """Show an instrument's questions."""
    with edge.database.reading() as session:
        sheet = _current(session, request, edge)
        answers = assessments.answers_of(session, sheet.assessment)
        helps = safety.has_raised(session, sheet.assessment)
    instrument = _instrument(sheet, instrument_id)
    return _questions_page(request, sheet, instrument, answers, helps=helps)


@router.post("/survey/{instrument_id}")
def save(instrument_id: str, request: Request, form: Posted, edge: AtEdge) -> Response:
    """Save a page and go on; the last page completes the assessment."""
    try:
        with edge.database.writing() as session:
            sheet = _current(session, request, edge)
            assessment = sheet.assessment
            instrument = _instrument(sheet, instrument_id)
            values = form.unknown(["go"])
            now = edge.now
            if form.get("go") in ("back", "stop"):
                _save_given(session, assessment, instrument, values, edge)
                if form.get("go") == "stop":
                    safety.look(session, assessment, at_the_end=True, now=now)
                return onward(request, _aside(sheet, instrument, form.get("go")))
            given = assessments.save_page(session, assessment, instrument_id, values, now=now)
            # On the last page: one may have been passed over by its address, and comes first.
            following = sheet.after(instrument_id) or sheet.first_open(given)
            if following is None:
                assessments.submit(session, assessment, keys=edge.keys, now=now)
            elif safety.has_raised(session, assessment, now=now):
                return onward(request, SUPPORT)
    except InvalidInputError as error:
        with edge.database.reading() as session:
            answers = assessments.answers_of(session, assessment)
        return _questions_page(request, sheet, instrument, answers, _Draft(values, error))
    except LinkUsedError:  # the button was pressed twice, or in another tab
        return onward(request, _COMPLETE)
    return onward(request, f"/survey/{following.id}" if following else _THANKS)


@router.post("/survey/{instrument_id}/{item_id}")
def save_one(
    instrument_id: str, item_id: str, request: Request, form: Posted, edge: AtEdge
) -> Response:
    """Save one answer as it is given."""
    now = edge.now
    with edge.database.writing() as session:
        sheet = _current(session, request, edge)
        revision = assessments.save_item(
            session, sheet.assessment, instrument_id, item_id, form.get("value"), now=now
        )
        shows_help = safety.has_raised(session, sheet.assessment, now=now)
    if "application/json" in request.headers.get("accept", ""):
        told = {"show": f"{SUPPORT}{chosen_query(request)}"} if shows_help else {}
        return JSONResponse({"revision": revision, **told})
    return Response(status_code=204)


def _current(session: Session, request: Request, edge: Edge) -> Questionnaire:
    """Return the questionnaire that this browser may answer."""
    row = cookies.read(request, edge, "longwave")
    if row is None:
        raise NotFoundError("No questionnaire is open here.", "Open the link from your message.")
    return assessments.load(session, row, now=edge.now)


def _instrument(sheet: Questionnaire, instrument_id: str) -> Instrument:
    for instrument in sheet.instruments:
        if instrument.id == instrument_id:
            return instrument
    raise NotFoundError("There is no such page.", "Open the link from your message again.")


def _save_given(
    session: Session,
    assessment: Assessment,
    instrument: Instrument,
    values: dict[str, str],
    edge: Edge,
) -> None:
    """Save what was answered on a page that is left early; the rest stays open, not skipped."""
    for item in instrument.items:
        value = values.get(item.id, "")
        if value:
            assessments.save_item(session, assessment, instrument.id, item.id, value, now=edge.now)


def _aside(sheet: Questionnaire, instrument: Instrument, where: str) -> str:
    place = sheet.position(instrument.id)
    if where == "stop":
        return _STOPPED
    return f"/survey/{sheet.instruments[max(place - 1, 0)].id}"


def _questions_page(
    request: Request,
    sheet: Questionnaire,
    instrument: Instrument,
    answers: Answers,
    draft: _Draft | None = None,
    *,
    helps: bool = False,
) -> Response:
    language = language_for(request, sheet.protocol, sheet.participant.language)
    say = translator(language)
    given = given_answers(answers, instrument.id)
    place = sheet.position(instrument.id)
    return page(
        "participant/questions.html",
        language,
        status=422 if draft else 200,
        frame=frame_of(request, sheet.study, sheet.protocol),
        slug=sheet.study.slug,
        instrument=instrument,
        is_placeholder=language in instrument.placeholder,
        instruction=say.pick(instrument.instruction),
        signposting=say.pick(instrument.signposting),
        questions=instrument_questions(sheet.protocol, instrument, language),
        given=given | draft.values if draft else given,
        faults=complaints(draft.error.fields, say) if draft else {},
        part=place + 1,
        parts=len(sheet.instruments),
        minutes=sheet.minutes_left(instrument.id),
        helps=helps,
        is_last=place + 1 == len(sheet.instruments),
    )


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
