"""Answers of many people that come at the same moment: saved in one transaction.

What costs the most about an answer, the way to the database and the disk's confirmation, is then
paid once for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session

from longwave.domain.errors import LongwaveError, NotFoundError
from longwave.domain.instrument import Item
from longwave.services.assessment.finding import answers_of, hold, load, load_together
from longwave.services.assessment.given import Given
from longwave.services.assessment.questionnaire import Answers, Questionnaire
from longwave.services.assessment.saving import (
    Change,
    item_of,
    read_alone,
    require_unchanged,
    write,
)
from longwave.storage import assessment as assessments


@dataclass(frozen=True, slots=True)
class Offered:
    """An answer to one item, as it came.

    Attributes
    ----------
    read
        Reads what was sent, once it is known which item it is for.
    revision
        As `save_item` takes it.
    """

    assessment_id: int
    instrument_id: str
    item_id: str
    read: Callable[[Item], Given]
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an answer.

    Attributes
    ----------
    sheet
        The questionnaire; None if it cannot be answered.
    error
        Why the answer was not saved; None if it was.
    raised
        Whether the answer raised an alert.
    """

    sheet: Questionnaire | None
    error: LongwaveError | None = None
    raised: bool = False


def save_together(
    session: Session, offered: Sequence[Offered], *, now: datetime
) -> list[Outcome | None]:
    """Save one answer for each of several assessments, as `save_item` does.

    One that is refused keeps no other from being saved. None stands for those that were left out,
    because somebody else is writing for their participant just now, or there is no such
    assessment: see `save_alone`.
    """
    ids = [one.assessment_id for one in offered]
    if len(set(ids)) < len(ids):
        raise ValueError("Each assessment can be saved to once at a time.")
    sheets = load_together(session, ids, now=now)
    before = assessments.answers_of_several(session, sheets)
    outcomes: dict[int, Outcome] = {}
    changes: dict[int, Change] = {}
    for one in offered:
        sheet = sheets.get(one.assessment_id)
        if isinstance(sheet, LongwaveError):
            outcomes[one.assessment_id] = Outcome(None, sheet)
        elif sheet is not None:
            try:
                change = _change(sheet, before[one.assessment_id], one)
            except LongwaveError as error:
                outcomes[one.assessment_id] = Outcome(sheet, error)
            else:
                outcomes[one.assessment_id] = Outcome(sheet)
                changes[one.assessment_id] = change
    raised = write(session, list(changes.values()), now)
    for assessment_id, has_raised in zip(changes, raised, strict=True):
        outcomes[assessment_id] = replace(outcomes[assessment_id], raised=has_raised)
    return [outcomes.get(assessment_id) for assessment_id in ids]


def save_alone(session: Session, offered: Offered, *, now: datetime) -> Outcome:
    """Save one answer as `save_together` does; wait for whoever is writing for its participant."""
    try:
        sheet = load(session, offered.assessment_id, now=now)
        hold(session, sheet.assessment, now)
    except LongwaveError as error:
        return Outcome(None, error)
    try:
        change = _change(sheet, answers_of(session, sheet.assessment), offered)
    except LongwaveError as error:
        return Outcome(sheet, error)
    return Outcome(sheet, raised=write(session, [change], now)[0])


def _change(sheet: Questionnaire, before: Answers, offered: Offered) -> Change:
    instrument = next((one for one in sheet.instruments if one.id == offered.instrument_id), None)
    if instrument is None:
        raise NotFoundError("There is no such page.", "Open the link from the message again.")
    item = item_of(instrument, offered.item_id)
    taken = {instrument.id: {item.id: read_alone(item, offered.read(item))}}
    require_unchanged(before, taken, offered.revision)
    return Change(sheet.assessment, before, taken)
