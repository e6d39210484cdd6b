"""One answer, saved as it is given."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from longwave.domain.errors import InvalidInputError, NotFoundError
from longwave.domain.instrument import Item
from longwave.i18n import Translator, translator
from longwave.services import assessment as assessments
from longwave.services import safety
from longwave.services.assessment import AnswersChangedError, Questionnaire
from longwave.web.edge import AtEdge
from longwave.web.errors import error_body
from longwave.web.forms import Posted
from longwave.web.participant.frame import in_language, language_for
from longwave.web.participant.questions import complaints
from longwave.web.participant.support import SUPPORT
from longwave.web.participant.survey.given import read_one, whole_number
from longwave.web.participant.survey.rendering import told_conflict
from longwave.web.participant.survey.sheet import current, wants_json

router = APIRouter()


@router.post("/survey/{instrument_id}/{item_id}")
def save_one(
    instrument_id: str, item_id: str, request: Request, form: Posted, edge: AtEdge
) -> Response:
    """Save one answer as it is given."""
    now = edge.now
    try:
        with edge.database.writing() as session:
            sheet = current(session, request, edge)
            item = _item(sheet, instrument_id, item_id)
            revision = assessments.save_item(
                session,
                sheet.assessment,
                instrument_id,
                item_id,
                read_one(form, item),
                revision=whole_number(form.get("revision")),
                now=now,
            )
            shows_help = safety.has_raised(session, sheet.assessment, now=now)
    except (InvalidInputError, AnswersChangedError) as error:
        if not wants_json(request):
            raise
        language = language_for(request, sheet.protocol, sheet.participant.language)
        return _refusal(error, item, translator(language))
    if not wants_json(request):
        return Response(status_code=204)
    told = {"show": in_language(request, SUPPORT)} if shows_help else {}
    return JSONResponse({"revision": revision, **told})


def _refusal(
    error: InvalidInputError | AnswersChangedError, item: Item, say: Translator
) -> Response:
    """Tell a page's script, in its reader's language, why an answer was not saved."""
    if isinstance(error, AnswersChangedError):
        told = told_conflict(item, error.conflicts[item.id], say)
        return JSONResponse({"conflict": told}, status_code=409)
    fields = complaints(error.fields, say)
    return JSONResponse(error_body(error.message, error.remedy, fields), status_code=422)


def _item(sheet: Questionnaire, instrument_id: str, item_id: str) -> Item:
    for instrument in sheet.instruments:
        for item in instrument.asked:
            if (instrument.id, item.id) == (instrument_id, item_id):
                return item
    raise NotFoundError("There is no such question.", "Load the page again.")
