"""One assessment with all that its pages need: what is shown, in which order and words."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from longwave.domain.branching import Settled, Visibility, visibility
from longwave.domain.instrument import Instrument, Item
from longwave.domain.ordering import in_order
from longwave.domain.progress import Progress, progress
from longwave.domain.protocol.model import Protocol, Wave
from longwave.domain.texts.piping import filled_text, in_words
from longwave.storage.assessment import GivenAnswer
from longwave.storage.tables import Assessment, Participant, Study

Answers = Mapping[tuple[str, str], GivenAnswer]
"""What was answered in an assessment, by instrument and item; also what is hidden by now."""


@dataclass(frozen=True, slots=True)
class Questionnaire:
    """An assessment with all that its pages need but the answers.

    Pages belong to instruments. A page shows `shown_items`, which hang on the answers given so
    far; after each answer that is saved, they may be others.
    """

    assessment: Assessment
    participant: Participant
    study: Study
    protocol: Protocol
    wave: Wave
    instruments: tuple[Instrument, ...]

    def visible(self, answers: Answers) -> Visibility:
        """Decide for each item whether it is shown; see `longwave.domain.branching`."""
        return visibility(self.protocol.instruments, self.wave.instruments, settled(answers))

    def items(self, instrument_id: str) -> tuple[Item, ...]:
        """Return an instrument's items in the order of this assessment, shown or not."""
        instrument = self.instruments[self.position(instrument_id)]
        return in_order(instrument, (self.assessment.item_orders or {}).get(instrument_id))

    def shown_items(self, instrument_id: str, answers: Answers) -> tuple[Item, ...]:
        """Return what the page of an instrument shows now, in order, information included."""
        visible = self.visible(answers)
        return tuple(
            item for item in self.items(instrument_id) if visible[instrument_id, item.id] is True
        )

    def text_of(
        self,
        instrument_id: str,
        item: Item,
        answers: Answers,
        language: str,
        *,
        day: Callable[[date], str] = str,
    ) -> str:
        """Return the text of an item, with earlier answers filled in, as plain text.

        Parameters
        ----------
        day
            How a date is written, such as ``translator(language).day``.
        """
        instrument = self.instruments[self.position(instrument_id)]
        if "{{" not in next(iter(item.text.values()), "") + item.text.get(language, ""):
            return filled_text(instrument, item, language, {})
        said = self._said(instrument_id, answers, language, day)
        return filled_text(instrument, item, language, said)

    def first_open(self, answers: Answers) -> Instrument | None:
        """Return the first instrument that shows an item with neither value nor reason."""
        visible = self.visible(answers)
        return next((one for one in self.instruments if is_open(one, answers, visible)), None)

    def page_after(self, instrument_id: str, answers: Answers) -> Instrument | None:
        """Return whose page follows on that of an instrument, or None on the last one.

        It is the same instrument's as long as that shows an open item, such as one that hangs on
        an answer that was given a moment ago. Pages that would be empty are passed over.
        """
        visible = self.visible(answers)
        place = self.position(instrument_id)
        if is_open(self.instruments[place], answers, visible):
            return self.instruments[place]
        return next((one for one in self.instruments[place + 1 :] if _shows(one, visible)), None)

    def page_before(self, instrument_id: str, answers: Answers) -> Instrument | None:
        """Return whose page comes before that of an instrument, or None on the first one."""
        visible = self.visible(answers)
        before = self.instruments[: self.position(instrument_id)]
        return next((one for one in reversed(before) if _shows(one, visible)), None)

    def progress(self, instrument_id: str, answers: Answers) -> Progress:
        """Return how much is left on the page of an instrument."""
        found = settled(answers)
        return progress(self.instruments, self.visible(answers), found, instrument_id)

    def after(self, instrument_id: str) -> Instrument | None:
        """Return the instrument whose page follows, or None on the last page."""
        place = self.position(instrument_id) + 1
        return self.instruments[place] if place < len(self.instruments) else None

    def position(self, instrument_id: str) -> int:
        """Return the place of an instrument in the wave, from 0."""
        return [found.id for found in self.instruments].index(instrument_id)

    def minutes_left(self, instrument_id: str) -> int:
        """Return about how many minutes it takes from this instrument's page to the end."""
        rest = self.instruments[self.position(instrument_id) :]
        return math.ceil(sum(found.minutes for found in rest))

    def _said(
        self, instrument_id: str, answers: Answers, language: str, day: Callable[[date], str]
    ) -> dict[str, str]:
        visible = self.visible(answers)
        found: dict[str, str] = {}
        for one in self.instruments:
            for item in one.asked:
                answer = answers.get((one.id, item.id))
                if answer is None or answer.value is None or not visible[one.id, item.id]:
                    continue
                words = in_words(item, answer.value, answer.other, language, day=day)
                found[item.id if one.id == instrument_id else f"{one.id}.{item.id}"] = words
        return found


def settled(answers: Answers) -> Settled:
    """Return answers as rules take them: the value, or None where there is a reason instead."""
    return {place: answer.value for place, answer in answers.items()}


def is_open(instrument: Instrument, answers: Answers, visible: Visibility) -> bool:
    """Whether an instrument shows an item that was neither answered nor passed over."""
    return any(
        visible[instrument.id, item.id] is True and (instrument.id, item.id) not in answers
        for item in instrument.asked
    )


def _shows(instrument: Instrument, visible: Visibility) -> bool:
    return any(visible[instrument.id, item.id] is True for item in instrument.items)
