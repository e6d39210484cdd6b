"""What was taken of answers, written; and one answer by itself, taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from longwave.domain.errors import InvalidInputError, NotFoundError
from longwave.domain.instrument import Instrument, Item
from longwave.domain.items import AnswerError
from longwave.domain.lifecycle import AssessmentStatus
from longwave.services import expiry, safety
from longwave.services.assessment.given import (
    AnswersChangedError,
    Conflict,
    Given,
    conflict_of,
    read_given,
)
from longwave.services.assessment.questionnaire import Answers
from longwave.storage import assessment as assessments
from longwave.storage.assessment import AnswerRow, GivenAnswer
from longwave.storage.tables import Assessment
from longwave.storage.tables.base import key

Taken = Mapping[str, Mapping[str, GivenAnswer]]
"""Answers that were checked, by instrument and item."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be written to an assessment, and what stood there before."""

    assessment: Assessment
    before: Answers
    taken: Taken


def item_of(instrument: Instrument, item_id: str) -> Item:
    """Return a question of an instrument.

    Raises
    ------
    NotFoundError
        If it has none of this name.
    """
    found = next((one for one in instrument.asked if one.id == item_id), None)
    if found is None:
        raise NotFoundError("There is no such question.", "Load the page again.")
    return found


def read_alone(item: Item, given: Given) -> GivenAnswer:
    """Return what is to be stored of an answer that comes by itself.

    Raises
    ------
    InvalidInputError
        If it is no answer to the question; ``fields`` holds the complaint.
    """
    try:
        return read_given(item, given)
    except AnswerError as error:
        raise InvalidInputError(
            "This answer needs another look.", str(error), {item.id: error.complaint}
        ) from None


def require_unchanged(before: Answers, taken: Taken, revision: int | None) -> None:
    """Refuse to write over answers that were changed elsewhere since ``revision``.

    Raises
    ------
    AnswersChangedError
        If some were.
    """
    conflicts: dict[str, Conflict] = {}
    for instrument_id, answers in taken.items():
        for item_id, answer in answers.items():
            found = conflict_of(before.get((instrument_id, item_id)), answer, revision)
            if found is not None:
                conflicts[item_id] = found
    if conflicts:
        raise AnswersChangedError(conflicts)


def write(session: Session, changes: Sequence[Change], now: datetime) -> list[bool]:
    """Write changes of different assessments; return for each whether it raised an alert.

    Their participants are held.
    """
    rows: list[AnswerRow] = []
    for change in changes:
        assessment = change.assessment
        assessment.revision += 1
        rows += _rows(change, now)
        if assessment.started_at is None:
            assessment.started_at = now
            assessment.status = AssessmentStatus.STARTED
        expiry.saved(session, assessment, now=now)
    assessments.store(session, rows)
    session.flush()
    return [
        safety.look(session, change.assessment, instruments=frozenset(change.taken), now=now)
        for change in changes
    ]


def _rows(change: Change, now: datetime) -> list[AnswerRow]:
    return [
        row
        for instrument_id, answers in change.taken.items()
        for row in assessments.answer_rows(
            key(change.assessment),
            instrument_id,
            {
                item_id: answer
                for item_id, answer in answers.items()
                if not _stands(change.before.get((instrument_id, item_id)), answer)
            },
            now,
            revision=change.assessment.revision,
        )
    ]


def _stands(stored: GivenAnswer | None, answer: GivenAnswer) -> bool:
    """Whether an answer stands there already, so that its time and revision stay."""
    return stored is not None and stored.says_as(answer) and answer.milliseconds is None
