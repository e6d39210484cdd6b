"""One assessment: found by its link, answered page by page or item by item, submitted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from longwave.domain.errors import (
    InvalidInputError,
    LinkExpiredError,
    LinkUsedError,
    NotFoundError,
)
from longwave.domain.instrument import Instrument, Item
from longwave.domain.items import REFUSED, AnswerError, Complaint, check_value, written
from longwave.domain.lifecycle import AssessmentStatus
from longwave.domain.lifecycle import participant as lifecycle
from longwave.domain.protocol.model import Protocol, Wave
from longwave.keys import KeyRing, token_hash
from longwave.services import audit, expiry, outbox, randomisation, safety, timeline
from longwave.services.consent import require_consent
from longwave.services.participant import record, require_open
from longwave.services.study import protocol_of
from longwave.storage import assessment as assessments
from longwave.storage import participant as participants
from longwave.storage import study as studies
from longwave.storage.assessment import GivenAnswer
from longwave.storage.tables import Assessment, Participant, Study
from longwave.storage.tables.base import key

__all__ = [
    "REFUSED",
    "Answers",
    "Questionnaire",
    "answers_of",
    "begin",
    "follow_link",
    "load",
    "look_behind",
    "questionnaire",
    "save_item",
    "save_page",
    "save_pages",
    "submit",
]

Answers = Mapping[tuple[str, str], GivenAnswer]
"""What was answered in an assessment, by instrument and item."""

_PARTICIPANT = "participant"
_SKIPPED = "skipped"
_REFUSED_REASON = "refused"


@dataclass(frozen=True, slots=True)
class Questionnaire:
    """An assessment with all that its pages need but the answers."""

    assessment: Assessment
    participant: Participant
    study: Study
    protocol: Protocol
    wave: Wave
    instruments: tuple[Instrument, ...]

    def first_open(self, answers: Answers) -> Instrument | None:
        """Return the first instrument that has an item with neither value nor reason."""
        return next(
            (
                found
                for found in self.instruments
                if any((found.id, item.id) not in answers for item in found.items)
            ),
            None,
        )

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


def follow_link(session: Session, token: str, *, now: datetime) -> Assessment:
    """Return the assessment that a link leads to, if it can be answered now; change nothing."""
    return _answerable(assessments.by_token(session, token_hash(token)), now)


def look_behind(
    session: Session, token: str, *, now: datetime
) -> tuple[Assessment, LinkExpiredError | LinkUsedError | None]:
    """Return the assessment that a link leads to, with the reason why it cannot be answered now.

    Raises
    ------
    NotFoundError
        If the link leads nowhere.
    """
    found = assessments.by_token(session, token_hash(token))
    try:
        return _answerable(found, now), None
    except (LinkExpiredError, LinkUsedError) as failure:
        assert found is not None
        return found, failure


def load(session: Session, assessment_id: int, *, now: datetime) -> Questionnaire:
    """Return an assessment by its id with what its pages need, if it can be answered now.

    Raises
    ------
    ConsentNeededError
        If a new version of the consent document has to be signed first.
    """
    found = assessments.with_owner(session, assessment_id)
    assessment = _answerable(found and found[0], now)
    assert found is not None
    lifecycle.require_data_open(found[2].state)
    require_consent(session, found[1])
    return _sheet(session, assessment, found[1], found[2])


def begin(session: Session, token: str, *, keys: KeyRing, now: datetime) -> Assessment:
    """Note that a participant pressed the button behind the link.

    The link went to her address, which is thereby verified.
    """
    assessment = follow_link(session, token, now=now)
    participant = _hold_link(session, assessment, now)
    expiry.opened(session, assessment, now=now)
    _verify_contact(session, participant, keys, now)
    session.flush()
    return assessment


def _verify_contact(
    session: Session, participant: Participant, keys: KeyRing, now: datetime
) -> None:
    contact = participants.contact(session, key(participant))
    if contact is None or contact.verified_at is not None:
        return
    contact.verified_at = now
    record(session, participant, "contact.verified", {}, actor=_PARTICIPANT, now=now)
    study = studies.by_id(session, participant.study_id)
    randomisation.randomise_if_due(session, study, participant, keys=keys, now=now)


def questionnaire(session: Session, assessment: Assessment) -> Questionnaire:
    """Gather what the pages of an assessment need."""
    return _sheet(session, assessment, *assessments.owner(session, assessment))


def answers_of(session: Session, assessment: Assessment) -> Answers:
    """Return what was answered so far, by instrument and item."""
    return assessments.answers(session, key(assessment))


def save_page(
    session: Session,
    assessment: Assessment,
    instrument_id: str,
    values: Mapping[str, str],
    *,
    now: datetime,
) -> Answers:
    """Save one instrument's page. An item without an answer counts as skipped.

    Nothing is saved if any answer is not one that the item offers, or if a name in ``values``
    is no item of the instrument.

    Returns
    -------
    Mapping
        All answers of the assessment as they are now, by instrument and item.

    Raises
    ------
    InvalidInputError
        Naming each item at fault.
    """
    return save_pages(session, assessment, {instrument_id: values}, now=now)


def save_pages(
    session: Session,
    assessment: Assessment,
    pages: Mapping[str, Mapping[str, str]],
    *,
    now: datetime,
) -> Answers:
    """Do as `save_page` does for several instruments at once: for all of them, or for none."""
    _hold(session, assessment, now)
    before = answers_of(session, assessment)
    faults: dict[str, str] = {}
    saved = {
        instrument_id: _checked(
            _instrument(session, assessment, instrument_id), values, before, faults
        )
        for instrument_id, values in pages.items()
    }
    if faults:
        raise InvalidInputError("Some answers need another look.", "See the marks.", faults)
    _save(session, assessment, saved, now)
    return {**before} | {
        (instrument_id, item): answer
        for instrument_id, page in saved.items()
        for item, answer in page.items()
    }


def _checked(
    instrument: Instrument, values: Mapping[str, str], before: Answers, faults: dict[str, str]
) -> dict[str, GivenAnswer]:
    """Return what is to be saved of one page; note in ``faults`` what is no answer."""
    unknown = sorted(set(values) - {item.id for item in instrument.items})
    if unknown:
        raise InvalidInputError(
            f"{', '.join(unknown[:3])}: not a question of this page.", "Load the page again."
        )
    found: dict[str, GivenAnswer] = {}
    for item in instrument.items:
        given = values.get(item.id, "").strip()
        if not given and (instrument.id, item.id) in before:
            continue
        try:
            found[item.id] = _answer(item, given)
        except AnswerError as error:
            faults[item.id] = error.complaint
    return found


def save_item(
    session: Session,
    assessment: Assessment,
    instrument_id: str,
    item_id: str,
    value: str,
    *,
    now: datetime,
) -> int:
    """Save one answer as it is given; return the new revision of the draft."""
    _hold(session, assessment, now)
    instrument = _instrument(session, assessment, instrument_id)
    if item_id not in {item.id for item in instrument.items}:
        raise NotFoundError("There is no such question.", "Load the page again.")
    try:
        answer = _answer(instrument.item(item_id), value.strip())
    except AnswerError as error:
        raise InvalidInputError(
            "This answer needs another look.", str(error), {item_id: error.complaint}
        ) from None
    _save(session, assessment, {instrument_id: {item_id: answer}}, now)
    return assessment.revision


def submit(session: Session, assessment: Assessment, *, keys: KeyRing, now: datetime) -> None:
    """Complete an assessment, and let follow what hangs on it."""
    participant = _hold(session, assessment, now)
    study = studies.by_id(session, assessment.study_id)
    answers = answers_of(session, assessment)
    if assessment.started_at is None:
        raise InvalidInputError("Nothing was answered yet.", "Answer the questions first.")
    safety.look(session, assessment, at_the_end=True, now=now)
    assessment.status = AssessmentStatus.COMPLETED
    assessment.submitted_at = now
    assessment.closed_at = now
    audit.record(
        session,
        study,
        "assessment.completed",
        {
            "wave": assessment.wave,
            "occurrence": assessment.occurrence,
            "answered": sum(answer.value is not None for answer in answers.values()),
            "items": len(answers),
            "answers": audit.salted_answers(session, assessment),
        },
        actor=_PARTICIPANT,
        now=now,
        participant=participant,
    )
    session.flush()
    randomisation.randomise_if_due(session, study, participant, keys=keys, now=now)
    outbox.forget_assessment(session, assessment, now=now)
    timeline.wave_is_over(session, study, participant, assessment.wave, keys=keys)
    session.flush()


def _sheet(
    session: Session, assessment: Assessment, participant: Participant, study: Study
) -> Questionnaire:
    protocol = protocol_of(session, assessment.protocol_version_id)
    wave = protocol.wave(assessment.wave)
    return Questionnaire(
        assessment=assessment,
        participant=participant,
        study=study,
        protocol=protocol,
        wave=wave,
        instruments=tuple(protocol.instruments[name] for name in wave.instruments),
    )


def _hold(session: Session, assessment: Assessment, now: datetime) -> Participant:
    """Do as `_hold_link` does, and let nobody answer who has a new document to sign first."""
    participant = _hold_link(session, assessment, now)
    require_consent(session, participant)
    return participant


def _hold_link(session: Session, assessment: Assessment, now: datetime) -> Participant:
    """Keep everybody else from writing for this person, then look again whether it is open."""
    participant = participants.lock(session, assessment.participant_id)
    require_open(session, assessment.study_id)
    assessments.refresh(session, assessment)
    _answerable(assessment, now)
    return participant


def _answerable(assessment: Assessment | None, now: datetime) -> Assessment:
    if assessment is None:
        raise NotFoundError(
            "This link is not known.", "Please open it from the message again, in full."
        )
    if assessment.status == AssessmentStatus.COMPLETED:
        raise LinkUsedError(
            "This questionnaire is complete. Thank you.", "There is nothing more to do."
        )
    if assessment.status not in (AssessmentStatus.OPEN, AssessmentStatus.STARTED) or (
        now >= assessment.expires_at
    ):
        raise LinkExpiredError(
            "This questionnaire cannot be answered now.",
            "If that is a surprise, please ask the study team.",
        )
    return assessment


def _instrument(session: Session, assessment: Assessment, instrument_id: str) -> Instrument:
    protocol = protocol_of(session, assessment.protocol_version_id)
    if instrument_id not in protocol.wave(assessment.wave).instruments:
        raise NotFoundError("There is no such page.", "Open the link from the message again.")
    return protocol.instruments[instrument_id]


def _answer(item: Item, given: str) -> GivenAnswer:
    if given in ("", REFUSED):
        if item.required:
            raise AnswerError(Complaint("Please answer this question."))
        return GivenAnswer(None, _REFUSED_REASON if given else _SKIPPED)
    return GivenAnswer(written(check_value(item, given)), None)


def _save(
    session: Session,
    assessment: Assessment,
    saved: Mapping[str, Mapping[str, GivenAnswer]],
    now: datetime,
) -> None:
    for instrument_id, answers in saved.items():
        assessments.store_answers(session, key(assessment), instrument_id, answers, now)
    if assessment.started_at is None:
        assessment.started_at = now
        assessment.status = AssessmentStatus.STARTED
    assessment.revision += 1
    expiry.saved(session, assessment, now=now)
    session.flush()
    safety.look(session, assessment, instruments=frozenset(saved), now=now)
