"""Questions: shown page by page, saved when a page is left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from sqlmodel import Session

from longwave.domain.errors import InvalidInputError, LinkUsedError
from longwave.services import assessment as assessments
from longwave.services import safety
from longwave.services.assessment import Answers, AnswersChangedError, Given, Questionnaire
from longwave.storage.tables import Assessment
from longwave.storage.tables.base import key
from longwave.web.edge import AtEdge, Edge
from longwave.web.forms import Form, Posted
from longwave.web.participant.support import SUPPORT
from longwave.web.participant.survey.given import (
    REVISION,
    SentPage,
    entered,
    read_page,
    whole_number,
)
from longwave.web.participant.survey.rendering import Draft, View, questions_page
from longwave.web.participant.survey.sheet import (
    COMPLETE,
    REVIEW,
    STOPPED,
    THANKS,
    current,
    first_page,
    lead,
    mark_of,
    wants_json,
)
from longwave.web.participant.survey.stops import (
    Stop,
    address,
    find,
    first_open,
    following,
    preceding,
    stops,
    with_edits,
)

router = APIRouter()


@router.get("/survey")
def resume(request: Request, edge: AtEdge) -> Response:
    """Go to where the participant left off."""
    with edge.database.reading() as session:
        sheet = current(session, request, edge)
        return lead(request, first_page(sheet, assessments.answers_of(session, sheet.assessment)))


@router.get("/survey/{instrument_id}")
def show(instrument_id: str, request: Request, edge: AtEdge) -> Response:
    """Show a page of questions; where there is nothing to see, the first open one."""
    with edge.database.reading() as session:
        sheet = current(session, request, edge)
        answers = assessments.answers_of(session, sheet.assessment)
        helps = safety.has_raised(session, sheet.assessment)
    way = stops(sheet, answers)
    here = find(way, instrument_id, _page_number(request))
    if not here.items:
        return lead(request, first_page(sheet, answers))
    mark = mark_of(key(sheet.assessment), edge)
    view = View(sheet, here, way, answers, mark, helps=helps, edits=_is_edit(request))
    return questions_page(request, view)


@router.post("/survey/{instrument_id}")
def save(instrument_id: str, request: Request, form: Posted, edge: AtEdge) -> Response:
    """Save a page and go on; the last page completes the assessment, unless a review follows."""
    try:
        with edge.database.writing() as session:
            sheet = current(session, request, edge, form)
            before = assessments.answers_of(session, sheet.assessment)
            here = find(stops(sheet, before), instrument_id, _page_number(request))
            leaving = _Leaving(session, sheet, here, edge, edits=_is_edit(request))
            path = leaving.to(form.get("go"), read_page(form, here))
    except (InvalidInputError, AnswersChangedError) as error:
        if wants_json(request):
            raise
        return _again(request, sheet, here, form, edge, error)
    except LinkUsedError:  # the button was pressed twice, or in another tab
        return lead(request, COMPLETE)
    return lead(request, path)


@dataclass(frozen=True, slots=True)
class _Leaving:
    """Somebody leaves a page, whose answers are saved first."""

    session: Session
    sheet: Questionnaire
    here: Stop
    edge: Edge
    edits: bool

    def to(self, where: str, sent: SentPage) -> str:
        """Save a page; return where to go on."""
        if where == "stop":
            self._save(sent, early=True)
            safety.look(self.session, self._row, at_the_end=True, now=self.edge.now)
            return STOPPED
        if where == "stay":  # the page again, in another language
            self._save(sent, early=True)
            return with_edits(self.here.path, edits=self.edits)
        if where == "back":
            answers = self._save(sent, early=True)
            before = preceding(stops(self.sheet, answers), self.here)
            if self.edits or before is None:
                return REVIEW if self.edits else self.here.path
            return address(before, before.items[-1])
        return self._onward(self._save(sent))

    def _save(self, sent: SentPage, *, early: bool = False) -> Answers:
        """Save a page. Of one that is left ``early`` the rest stays open, and is not skipped."""
        shown = frozenset[str]() if early else sent.shown
        answers = self._save_some(sent.answers, shown, sent.revision)
        return self._save_some(sent.insisted, frozenset(), None) if sent.insisted else answers

    def _save_some(
        self, given: Mapping[str, Given], shown: frozenset[str], revision: int | None
    ) -> Answers:
        return assessments.save_page(
            self.session,
            self._row,
            self.here.instrument.id,
            given,
            shown=shown & given.keys(),
            revision=revision,
            now=self.edge.now,
        )

    def _onward(self, answers: Answers) -> str:
        way = stops(self.sheet, answers)
        after = None if self.edits else following(way, self.here)
        opened = first_open(way, answers)
        if after is None and opened is None and not self.sheet.wave.review:
            assessments.submit(self.session, self._row, keys=self.edge.keys, now=self.edge.now)
            return THANKS
        if safety.has_raised(self.session, self._row, now=self.edge.now):
            return SUPPORT
        if after is not None:
            return after.path
        # On the last page: one may have been passed over by its address, and comes first.
        return address(*opened, edits=self.edits) if opened else REVIEW

    @property
    def _row(self) -> Assessment:
        return self.sheet.assessment


def _again(
    request: Request,
    sheet: Questionnaire,
    here: Stop,
    form: Form,
    edge: Edge,
    error: InvalidInputError | AnswersChangedError,
) -> Response:
    """Show a page again with all that was entered, and what is wrong with it."""
    with edge.database.reading() as session:
        answers = assessments.answers_of(session, sheet.assessment)
        helps = safety.has_raised(session, sheet.assessment)
    way = stops(sheet, answers)
    again = find(way, here.instrument.id, here.number)
    if not again.items:  # an answer that was given elsewhere hides them all
        return lead(request, first_page(sheet, answers))
    draft = Draft(
        entered(form, here),
        whole_number(form.get(REVISION)),
        error.fields if isinstance(error, InvalidInputError) else {},
        error.conflicts if isinstance(error, AnswersChangedError) else {},
    )
    mark = mark_of(key(sheet.assessment), edge)
    view = View(sheet, again, way, answers, mark, helps, _is_edit(request), draft)
    return questions_page(request, view)


def _page_number(request: Request) -> int:
    return whole_number(request.query_params.get("page", "1")) or 0


def _is_edit(request: Request) -> bool:
    """Whether the page was opened from the review, and leads back there."""
    return request.query_params.get("edit") == "1"
