"""One answer, saved as it is given."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from longwave.domain.errors import InvalidInputError, LongwaveError
from longwave.i18n import translator
from longwave.services.assessment import AnswersChangedError, Offered, Questionnaire
from longwave.web.edge import AtEdge
from longwave.web.errors import error_body
from longwave.web.forms import Posted
from longwave.web.participant.frame import in_language, language_for
from longwave.web.participant.questions import complaints
from longwave.web.participant.support import SUPPORT
from longwave.web.participant.survey.given import read_one, whole_number
from longwave.web.participant.survey.rendering import told_conflict
from longwave.web.participant.survey.sheet import may_answer, wants_json

router = APIRouter()


@router.post("/survey/{instrument_id}/{item_id}")
async def save_one(
    instrument_id: str, item_id: str, request: Request, form: Posted, edge: AtEdge
) -> Response:
    """Save one answer as it is given."""
    outcome = await edge.answers.ask(
        Offered(
            may_answer(request, edge, form),
            instrument_id,
            item_id,
            read=lambda item: read_one(form, item),
            revision=whole_number(form.get("revision")),
        )
    )
    if outcome.error is not None:
        return _refusal(outcome.error, outcome.sheet, (instrument_id, item_id), request)
    if not wants_json(request):
        return Response(status_code=204)
    told = {"show": in_language(request, SUPPORT)} if outcome.raised else {}
    assert outcome.sheet is not None
    return JSONResponse({"revision": outcome.sheet.assessment.revision, **told})


def _refusal(
    error: LongwaveError, sheet: Questionnaire | None, place: tuple[str, str], request: Request
) -> Response:
    """Tell a page's script, in its reader's language, why an answer was not saved."""
    if sheet is None or not wants_json(request):
        raise error
    say = translator(language_for(request, sheet.protocol, sheet.participant.language))
    if isinstance(error, AnswersChangedError):
        instrument_id, item_id = place
        item = sheet.protocol.instruments[instrument_id].item(item_id)
        told = told_conflict(item, error.conflicts[item_id], say)
        return JSONResponse({"conflict": told}, status_code=409)
    if isinstance(error, InvalidInputError):
        fields = complaints(error.fields, say)
        return JSONResponse(error_body(error.message, error.remedy, fields), status_code=422)
    raise error
