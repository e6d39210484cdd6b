"""Answers saved: a page, several pages, or one answer as it is given."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlmodel import Session

from longwave.domain.branching import Visibility, visibility
from longwave.domain.errors import InvalidInputError, NotFoundError
from longwave.domain.instrument import Instrument, Item
from longwave.domain.items import AnswerError
from longwave.domain.protocol.model import Protocol
from longwave.services.assessment.finding import answers_of, hold
from longwave.services.assessment.given import Given, read_given
from longwave.services.assessment.questionnaire import Answers, settled
from longwave.services.assessment.saving import (
    Change,
    item_of,
    read_alone,
    require_unchanged,
    write,
)
from longwave.services.study import protocol_of
from longwave.storage.assessment import GivenAnswer
from longwave.storage.tables import Assessment

Page = Mapping[str, str | Given]
"""What a page sent, by item; a text stands for a value and nothing beside it."""


def save_page(
    session: Session,
    assessment: Assessment,
    instrument_id: str,
    values: Page,
    *,
    shown: Collection[str] | None = None,
    revision: int | None = None,
    now: datetime,
) -> Answers:
    """Save one instrument's page. An item that is shown and has no answer counts as skipped.

    What is sent for an item that is hidden by now is kept, and counts nowhere as long as it is.
    An item that shows itself only after what was sent with it stays open. Nothing is saved if any
    answer is not one that the item offers, or if a name in ``values`` is no item of the
    instrument.

    Parameters
    ----------
    shown
        The items that the page showed, where it showed only some of the instrument's: only these
        count as skipped, and a blank takes away what stood there at ``revision``. None for a page
        with all that is shown, of which a blank never takes an answer away.
    revision
        The revision of the assessment at which the page was made; None to write over whatever
        was saved meanwhile.

    Returns
    -------
    Mapping
        All answers of the assessment as they are now, by instrument and item.

    Raises
    ------
    InvalidInputError
        Naming each item at fault, with a `longwave.domain.items.Complaint` for each.
    AnswersChangedError
        If an answer was changed elsewhere since ``revision``.
    """
    hold(session, assessment, now)
    sheet = _Sheet(session, assessment)
    sheet.take(instrument_id, values, shown, revision)
    return _save_taken(session, assessment, sheet, revision, now)


def save_pages(
    session: Session,
    assessment: Assessment,
    pages: Mapping[str, Page],
    *,
    revision: int | None = None,
    now: datetime,
) -> Answers:
    """Do as `save_page` does for several instruments at once: for all of them, or for none.

    They are taken in the order in which they are asked.
    """
    hold(session, assessment, now)
    sheet = _Sheet(session, assessment)
    for instrument_id in pages:
        sheet.instrument(instrument_id)
    for instrument_id in sheet.asked:
        if instrument_id in pages:
            sheet.take(instrument_id, pages[instrument_id])
    return _save_taken(session, assessment, sheet, revision, now)


def _save_taken(
    session: Session, assessment: Assessment, sheet: _Sheet, revision: int | None, now: datetime
) -> Answers:
    if sheet.faults:
        raise InvalidInputError("Some answers need another look.", "See the marks.", sheet.faults)
    require_unchanged(sheet.before, sheet.taken, revision)
    write(session, [Change(assessment, sheet.before, sheet.taken)], now)
    return answers_of(session, assessment)


def save_item(
    session: Session,
    assessment: Assessment,
    instrument_id: str,
    item_id: str,
    value: str | Given,
    *,
    revision: int | None = None,
    now: datetime,
) -> int:
    """Save one answer as it is given.

    Parameters
    ----------
    revision
        The revision at which the answer was shown: that of the assessment when the page was
        made, or what this function returned when the page last saved this item. None to write
        over whatever was saved meanwhile.

    Returns
    -------
    int
        The new revision of the assessment.

    Raises
    ------
    NotFoundError
        If there is no such question.
    InvalidInputError
        If it is no answer to the question; ``fields`` holds the complaint.
    AnswersChangedError
        If the answer was changed elsewhere since ``revision``.
    """
    hold(session, assessment, now)
    sheet = _Sheet(session, assessment)
    item = item_of(sheet.instrument(instrument_id), item_id)
    taken = {instrument_id: {item_id: read_alone(item, _as_given(value))}}
    require_unchanged(sheet.before, taken, revision)
    write(session, [Change(assessment, sheet.before, taken)], now)
    return assessment.revision


class _Sheet:
    """An assessment's answers before something is saved, and what is taken of it."""

    def __init__(self, session: Session, assessment: Assessment) -> None:
        self.protocol: Protocol = protocol_of(session, assessment.protocol_version_id)
        self.asked = self.protocol.wave(assessment.wave).instruments
        self.before = answers_of(session, assessment)
        self.taken: dict[str, dict[str, GivenAnswer]] = {}
        self.faults: dict[str, str] = {}
        self._now = dict(self.before)

    def instrument(self, instrument_id: str) -> Instrument:
        """Return an instrument that this assessment asks."""
        if instrument_id not in self.asked:
            raise NotFoundError("There is no such page.", "Open the link from the message again.")
        return self.protocol.instruments[instrument_id]

    def take(
        self,
        instrument_id: str,
        values: Page,
        shown: Collection[str] | None = None,
        revision: int | None = None,
    ) -> None:
        """Check what one page sent, and take what is an answer; note in ``faults`` what is not."""
        instrument = self.instrument(instrument_id)
        given = {name: _as_given(value) for name, value in values.items()}
        _check_names(instrument, given)
        shown_before = self._visible()
        found = self.taken.setdefault(instrument_id, {})
        for item in instrument.asked:
            if item.id in given and given[item.id].value.strip():
                self._take_item(instrument, item, given[item.id], found)
        shown_after = self._visible()
        for item in instrument.asked:
            place = (instrument_id, item.id)
            if shown_before[place] is not True or shown_after[place] is not True:
                continue
            is_left_out = place not in self._now and item.id not in self.faults
            if shown is not None:
                is_left_out = item.id in shown and self._is_blank(place, given, revision)
            if is_left_out:
                self._take_item(instrument, item, Given(""), found)

    def _is_blank(
        self, place: tuple[str, str], given: Mapping[str, Given], revision: int | None
    ) -> bool:
        """Whether nothing stands on a page where an item is, and nothing has come there since."""
        value = given.get(place[1], Given("")).value.strip()
        stored = self.before.get(place)
        if stored is None or value:
            return not value
        return revision is not None and stored.revision <= revision

    def _take_item(
        self, instrument: Instrument, item: Item, given: Given, found: dict[str, GivenAnswer]
    ) -> None:
        try:
            found[item.id] = read_given(item, given)
        except AnswerError as error:
            self.faults[item.id] = error.complaint
            return
        self._now[instrument.id, item.id] = found[item.id]

    def _visible(self) -> Visibility:
        return visibility(self.protocol.instruments, self.asked, settled(self._now))


def _as_given(value: str | Given) -> Given:
    return Given(value) if isinstance(value, str) else value


def _check_names(instrument: Instrument, given: Mapping[str, Given]) -> None:
    unknown = sorted(set(given) - {item.id for item in instrument.asked})
    if unknown:
        raise InvalidInputError(
            f"{', '.join(unknown[:3])[:200]}: not a question of this page.", "Load the page again."
        )
