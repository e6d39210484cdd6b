"""A participant's copy of all that she gave: answers beside the questions, and what she signed.

It is nobody else's: it needs a code that was sent to the known address a moment ago.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from longwave.domain.codes import CodePurpose, Tried
from longwave.domain.instrument import Item
from longwave.domain.protocol.model import Protocol
from longwave.domain.texts.piping import in_words
from longwave.i18n import Translator, translator
from longwave.keys import KeyRing, Purpose
from longwave.services import assessment as questionnaires
from longwave.services import codes, letters
from longwave.services.participant import record
from longwave.services.study import current_protocol
from longwave.storage import assessment as assessments
from longwave.storage import consent as consents
from longwave.storage import course
from longwave.storage import participant as participants
from longwave.storage import study as studies
from longwave.storage.assessment import GivenAnswer
from longwave.storage.tables import Assessment, Consent, Participant
from longwave.storage.tables.base import key

_PARTICIPANT = "participant"


@dataclass(frozen=True, slots=True)
class OwnAnswer:
    """One question as it was asked, and the answer: in words, and as it is stored.

    ``value`` is None where there is none; ``missing`` says why.
    """

    instrument: str
    item: str
    question: str
    answer: str
    value: str | None
    missing: str | None


@dataclass(frozen=True, slots=True)
class OwnAssessment:
    """One questionnaire, as far as it was answered."""

    label: str
    wave: str
    occurrence: int
    of: int
    status: str
    submitted_at: datetime | None
    answers: tuple[OwnAnswer, ...]


@dataclass(frozen=True, slots=True)
class OwnSignature:
    """A document as it was signed, and what was ticked under it."""

    version: str
    language: str
    document: str
    document_hash: str
    statements: tuple[tuple[str, bool], ...]
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class OwnPractice:
    """A session or a day's practice that was done; ``minutes`` as they were entered."""

    programme: str
    number: int
    planned_at: datetime
    done_at: datetime
    minutes: float | None


@dataclass(frozen=True, slots=True)
class OwnCopy:
    """Everything that a participant gave, in her language where the study speaks it."""

    made_at: datetime
    study: str
    controller: str
    contact: str
    trial_run: bool
    public_id: str
    site: str
    language: str
    zone: str
    enrolled_at: datetime | None
    facts: Mapping[str, str]
    screening: tuple[OwnAnswer, ...]
    signatures: tuple[OwnSignature, ...]
    choices: tuple[tuple[str, bool], ...]
    assessments: tuple[OwnAssessment, ...]
    practice: tuple[OwnPractice, ...]


def take(
    session: Session,
    participant: Participant,
    typed: str,
    language: str,
    *,
    keys: KeyRing,
    now: datetime,
) -> tuple[Tried, OwnCopy | None]:
    """Return a participant's copy if the code was typed; the trail notes that it was taken.

    The caller commits whatever comes of it: a wrong code is counted.
    """
    tried, code = codes.try_code(
        session, participant, CodePurpose.DOWNLOAD, typed, keys=keys, now=now
    )
    if code is None:
        return tried, None
    record(session, participant, "participant.downloaded", {}, actor=_PARTICIPANT, now=now)
    return tried, _collect(session, participant, translator(language), keys, now)


def _collect(
    session: Session, participant: Participant, say: Translator, keys: KeyRing, now: datetime
) -> OwnCopy:
    study = studies.by_id(session, participant.study_id)
    protocol = current_protocol(session, study)
    return OwnCopy(
        made_at=now,
        study=say.pick(protocol.study.title),
        controller=protocol.data_protection.controller,
        contact=protocol.study.contact,
        trial_run=study.mode == "trial_run",
        public_id=participant.public_id,
        site=say.pick(protocol.sites[participant.site].label),
        language=participant.language,
        zone=participant.zone_at(now),
        enrolled_at=participant.enrolled_at,
        facts=_facts(session, participant, keys),
        screening=_screening(protocol, participant, say),
        signatures=tuple(
            _signature(session, signature, participant, say)
            for signature in consents.of_participant(session, key(participant))
        ),
        choices=_choices(session, protocol, participant, say),
        assessments=tuple(
            own
            for found in assessments.of_participant(session, key(participant))
            if (own := _assessment(session, found, say)).answers
        ),
        practice=_practice(session, protocol, participant, say),
    )


def _facts(session: Session, participant: Participant, keys: KeyRing) -> dict[str, str]:
    contact = participants.contact(session, key(participant))
    if contact is None:
        return {}
    sealed = {"name": contact.name, "email": contact.email, "phone": contact.phone}
    return {
        name: keys.decrypt(Purpose.CONTACT, value, participant.public_id).decode()
        for name, value in sealed.items()
        if value is not None
    }


def _screening(
    protocol: Protocol, participant: Participant, say: Translator
) -> tuple[OwnAnswer, ...]:
    given = participant.screening or {}
    return tuple(
        _answer("", item, GivenAnswer(_text(given[item.id]), None), say, say.pick(item.text))
        for item in protocol.eligibility.items
        if given.get(item.id) is not None
    )


def _text(value: str | float | None) -> str | None:
    return f"{value:g}" if isinstance(value, float) else value


def _signature(
    session: Session, signature: Consent, participant: Participant, say: Translator
) -> OwnSignature:
    plan = letters.plan_signed(session, signature, participant)
    return OwnSignature(
        version=signature.version,
        language=signature.language,
        document=plan.documents[signature.language],
        document_hash=signature.document_hash,
        statements=tuple(
            (say.pick(statement.label), signature.statements.get(statement.id, False))
            for statement in plan.statements
        ),
        signed_at=signature.signed_at,
    )


def _choices(
    session: Session, protocol: Protocol, participant: Participant, say: Translator
) -> tuple[tuple[str, bool], ...]:
    labels = {use.id: say.pick(use.label) for use in protocol.consent.uses}
    standing = consents.choices(session, key(participant))
    return tuple((labels.get(use, use), allowed) for use, allowed in standing.items())


def _assessment(session: Session, found: Assessment, say: Translator) -> OwnAssessment:
    sheet = questionnaires.questionnaire(session, found)
    given = questionnaires.answers_of(session, found)
    asked = [
        (instrument.id, item)
        for instrument in sheet.instruments
        for item in sheet.items(instrument.id)
        if (instrument.id, item.id) in given
    ]
    answers = [
        _answer(
            instrument,
            item,
            given[instrument, item.id],
            say,
            sheet.text_of(instrument, item, given, say.language, day=say.day),
        )
        for instrument, item in asked
    ]
    known = {(instrument, item.id) for instrument, item in asked}
    answers += [
        OwnAnswer(*place, place[1], given[place].value or "", *given[place][:2])
        for place in sorted(set(given) - known)
    ]
    return OwnAssessment(
        label=say.pick(sheet.wave.label),
        wave=found.wave,
        occurrence=found.occurrence,
        of=sheet.wave.occurrences,
        status=found.status,
        submitted_at=found.submitted_at,
        answers=tuple(answers),
    )


def _answer(
    instrument: str, item: Item, given: GivenAnswer, say: Translator, question: str
) -> OwnAnswer:
    told = ""
    if given.value is not None:
        told = in_words(item, given.value, given.other, say.language, day=say.day)
        unit = item.units.get(say.language) or item.unit
        told = f"{told} {unit}" if unit else told
    return OwnAnswer(instrument, item.id, question, told, given.value, given.missing_reason)


def _practice(
    session: Session, protocol: Protocol, participant: Participant, say: Translator
) -> tuple[OwnPractice, ...]:
    return tuple(
        OwnPractice(
            say.pick(programme.label), dose.session, dose.planned_at, dose.done_at, dose.minutes
        )
        for programme in protocol.programmes.values()
        for dose in course.doses(session, key(participant), programme.id)
        if dose.done_at is not None
    )
