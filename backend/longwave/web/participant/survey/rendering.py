"""A page of questions, filled in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from fastapi import Request, Response

from longwave.domain.instrument import Item
from longwave.domain.texts.piping import in_words
from longwave.i18n import Translator, translator
from longwave.services.assessment import Answers, Conflict, Questionnaire
from longwave.storage.assessment import GivenAnswer
from longwave.web.participant.frame import frame_of, in_language, language_for, with_language
from longwave.web.participant.questions import (
    Question,
    as_sent,
    complaints,
    given_answers,
    instrument_questions,
)
from longwave.web.participant.survey.given import REVISION, SHEET, choice_field
from longwave.web.participant.survey.stops import (
    Stop,
    following,
    minutes_left,
    preceding,
    with_edits,
)
from longwave.web.rendering import page


@dataclass(frozen=True, slots=True)
class Dispute:
    """An answer given here, and another one that was saved meanwhile, both in words.

    ``field`` takes the choice; ``values`` are what was given here, as a form sends it.
    """

    field: str
    here: str
    there: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """What was entered and could not be saved, by field, and why; ``revision`` as it was sent."""

    entered: Mapping[str, str]
    revision: int | None
    faults: Mapping[str, str] = field(default_factory=dict)
    conflicts: Mapping[str, Conflict] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class View:
    """A page to be shown, and all that it is made of; ``mark`` names its assessment in the form."""

    sheet: Questionnaire
    here: Stop
    way: Sequence[Stop]
    answers: Answers
    mark: str
    helps: bool = False
    edits: bool = False
    draft: Draft | None = None


def questions_page(request: Request, view: View) -> Response:
    """Return a page of questions."""
    sheet, here, draft = view.sheet, view.here, view.draft
    language = language_for(request, sheet.protocol, sheet.participant.language)
    say = translator(language)
    instrument = here.instrument
    progress = sheet.progress(instrument.id, view.answers)
    questions = _questions(view, say)
    faults = complaints(draft.faults, say) if draft else {}
    disputes = _disputes(view, say)
    troubles = faults | dict.fromkeys(disputes, say("Which answer counts?"))
    lefts = [
        say.plural("about {n} minute left", "about {n} minutes left", minutes)
        for minutes in minutes_left(sheet, here, view.answers)
    ]
    revision = sheet.assessment.revision
    path = with_edits(here.path, edits=view.edits)
    frame = frame_of(request, sheet.study, sheet.protocol)
    return page(
        "participant/questions.html",
        language,
        status=_status(draft),
        frame=frame,
        slug=sheet.study.slug,
        action=in_language(request, path),
        actions={code: with_language(path, code) for code in frame.languages},
        instrument=instrument,
        is_placeholder=language in instrument.placeholder,
        instruction=say.pick(instrument.instruction),
        signposting=say.pick(instrument.signposting),
        questions=questions,
        given=given_answers(view.answers, instrument.id) | dict(draft.entered if draft else {}),
        faults=faults,
        texts={question.id: question.text for question in questions},
        troubles=troubles,
        first_trouble=next((one.id for one in questions if one.id in troubles), ""),
        disputes=disputes,
        revision_field=REVISION,
        sheet_field=SHEET,
        mark=view.mark,
        revision=revision,
        shown_at=draft.revision if draft and draft.revision is not None else revision,
        part=progress.page,
        parts=progress.pages,
        count=say.plural("{n} question", "{n} questions", len(here.asked)),
        numbers={item.id: here.before + place for place, item in enumerate(here.asked, start=1)},
        numbered=_numbered(here, say),
        lefts=lefts,
        helps=view.helps,
        edits=view.edits,
        is_first=preceding(view.way, here) is None and not view.edits,
        is_last=_is_last(view),
    )


def answer_in_words(item: Item, answer: GivenAnswer, say: Translator) -> str:
    """Return an answer as its participant reads it again; "" where there is none."""
    if answer.value is None:
        return say("I prefer not to answer") if answer.missing_reason == "refused" else ""
    if item.kind == "consent":
        return say("I agree")
    words = in_words(item, answer.value, answer.other, say.language, day=say.day)
    return f"{words} {say.pick(item.units) or item.unit or ''}".strip()


def told_conflict(item: Item, conflict: Conflict, say: Translator) -> dict[str, object]:
    """Return two answers to one question as a page's script needs them."""
    stored = as_sent(conflict.stored)
    return {
        "value": stored,
        "values": stored.split(" ") if item.kind == "choices" else [stored],
        "other": conflict.stored.other or "",
        "there": answer_in_words(item, conflict.stored, say) or say("No answer"),
        "here": answer_in_words(item, conflict.offered, say) or say("No answer"),
        "revision": conflict.stored.revision,
    }


def _status(draft: Draft | None) -> int:
    if draft is None:
        return 200
    return 409 if draft.conflicts else 422


def _questions(view: View, say: Translator) -> tuple[Question, ...]:
    """Return the questions of a page, with earlier answers in their texts."""
    sheet, instrument = view.sheet, view.here.instrument
    prepared = instrument_questions(sheet.protocol, instrument, say.language)
    return tuple(
        replace(
            prepared[item.id],
            text=sheet.text_of(instrument.id, item, view.answers, say.language, day=say.day),
        )
        for item in view.here.items
    )


def _disputes(view: View, say: Translator) -> dict[str, Dispute]:
    conflicts = view.draft.conflicts if view.draft else {}
    found: dict[str, Dispute] = {}
    for name, conflict in conflicts.items():
        item = view.here.instrument.item(name)
        sent = as_sent(conflict.offered)
        found[name] = Dispute(
            choice_field(name),
            answer_in_words(item, conflict.offered, say) or say("No answer"),
            answer_in_words(item, conflict.stored, say) or say("No answer"),
            tuple(sent.split(" ")) if item.kind == "choices" else (sent,),
        )
    return found


def _numbered(here: Stop, say: Translator) -> str:
    """Return how a question is numbered; the page's script puts its number in."""
    text = (
        say("question {number} of {total}")
        if here.is_certain
        else say("question {number} of at most {total}")
    )
    return text.format(number="{number}", total=here.total)


def _is_last(view: View) -> bool:
    """Whether the assessment is complete with this page, whatever is answered on it."""
    may_follow = view.edits or view.sheet.wave.review or following(view.way, view.here) is not None
    return not may_follow and view.way[-1].is_at(view.here.instrument.id, view.here.number)
