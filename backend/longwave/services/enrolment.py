"""From the first visit to enrolment: screening, then consent."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from longwave.domain.consent import ConsentForm, check_consent, document_hash, normal_email
from longwave.domain.eligibility import Verdict, judge
from longwave.domain.errors import InvalidInputError, NotFoundError, RefusedTransitionError
from longwave.domain.items import check_value, without_value
from longwave.domain.lifecycle import Stage
from longwave.domain.public_id import SPACE, public_id
from longwave.keys import KeyRing, Purpose
from longwave.services import audit, timeline
from longwave.services.study import current_protocol
from longwave.storage import assessment as assessments
from longwave.storage import participant as participants
from longwave.storage import study as studies
from longwave.storage.tables import Consent, Contact, Participant, Study
from longwave.storage.tables.base import key

_PARTICIPANT = "participant"
_PATIENCE = timedelta(days=1)
_UNANSWERED = "Please answer this question."

__all__ = ["ConsentForm", "forget_screening", "give_consent", "screen"]


def screen(
    session: Session,
    study: Study,
    *,
    site: str,
    language: str,
    answers: Mapping[str, str],
    now: datetime,
) -> Participant:
    """Judge the answers to the eligibility questions.

    Of a person who is not eligible nothing is kept but that, and when.

    Raises
    ------
    InvalidInputError
        Naming each question whose answer is missing or not one of those offered.
    NotFoundError
        If the study has no such site.
    """
    protocol = current_protocol(session, study)
    if site not in protocol.sites:
        raise NotFoundError("This enrolment link is not known.", "Please ask the study team.")
    values: dict[str, str | float | None] = {}
    faults: dict[str, str] = {}
    for item in protocol.eligibility.items:
        given = answers.get(item.id, "").strip()
        if without_value(given):
            values[item.id] = None
            if item.required:
                faults[item.id] = _UNANSWERED
            continue
        try:
            values[item.id] = check_value(item, given)
        except ValueError as error:
            faults[item.id] = str(error)
    if faults:
        raise InvalidInputError("Some answers are missing.", "See the marked places.", faults)
    verdict = judge(protocol.eligibility, values)
    if verdict is Verdict.UNKNOWN:
        open_items = {name: _UNANSWERED for name, value in values.items() if value is None}
        raise InvalidInputError("Some answers are missing.", "See the marked places.", open_items)
    eligible = verdict is Verdict.ELIGIBLE
    participant = Participant(
        study_id=key(study),
        public_id=_free_public_id(session, key(study)),
        site=site,
        language=language if language in protocol.study.languages else protocol.study.languages[0],
        zone=protocol.study.timezone,
        stage=Stage.SCREENED if eligible else Stage.INELIGIBLE,
        screening=values if eligible else None,
        ineligible_reason=None if eligible else "eligibility rule",
        screened_at=now,
    )
    session.add(participant)
    session.flush()
    audit.record(
        session,
        study,
        "participant.screened",
        {"eligible": eligible, "site": site},
        actor=_PARTICIPANT,
        now=now,
        participant=participant,
    )
    return participant


def give_consent(
    session: Session, participant: Participant, form: ConsentForm, *, keys: KeyRing, now: datetime
) -> None:
    """Sign the consent document; enrolment is this instant, study day 0.

    An address that takes part already changes nothing, and is not told so: whoever types an
    address must not learn whether its owner is in the study.

    Raises
    ------
    InvalidInputError
        If a required statement, the name or the address is missing.
    RefusedTransitionError
        If this person has consented before or was not eligible.
    """
    participant = participants.lock(session, key(participant))
    study = studies.by_id(session, participant.study_id)
    if participant.screening is None and participant.stage == Stage.SCREENED:
        raise RefusedTransitionError(
            "Too much time has passed since the first questions.", "Please start again."
        )
    if participant.stage != Stage.SCREENED:
        raise RefusedTransitionError(
            "Consent was given already.", "Follow the link in the message that we sent you."
        )
    protocol = current_protocol(session, study)
    check_consent(protocol.consent, form)
    digest = keys.mac(Purpose.DUPLICATES, normal_email(form.email))
    if not _store_contact(session, participant, form, digest, keys):
        _remind_who_takes_part(session, study, participant, digest, now)
        return
    document = protocol.consent.documents[participant.language]
    session.add(
        Consent(
            participant_id=key(participant),
            version=protocol.consent.version,
            language=participant.language,
            document_hash=document_hash(document),
            statements={
                statement.id: statement.id in form.ticked
                for statement in protocol.consent.statements
            },
            signed_at=now,
        )
    )
    participant.stage = Stage.ENROLLED
    participant.enrolled_at = now
    audit.record(
        session,
        study,
        "participant.enrolled",
        {"consent": protocol.consent.version, "document": document_hash(document)},
        actor=_PARTICIPANT,
        now=now,
        participant=participant,
    )
    timeline.plan_from(session, participant, "enrolment", now, keys=keys)
    for assessment in assessments.of_participant(session, key(participant)):
        if assessment.opens_at <= now:
            timeline.open_assessment(session, study, participant, assessment, now=now, at_once=True)
    session.flush()


def _store_contact(
    session: Session, participant: Participant, form: ConsentForm, digest: str, keys: KeyRing
) -> bool:
    """Store how to reach a participant; False if the address takes part already."""

    def sealed(value: str) -> bytes:
        return keys.encrypt(Purpose.CONTACT, value.strip().encode(), participant.public_id)

    contact = Contact(
        participant_id=key(participant),
        study_id=participant.study_id,
        name=sealed(form.name),
        email=sealed(form.email),
        digest=digest,
    )
    try:
        with session.begin_nested():
            session.add(contact)
    except IntegrityError:
        return False
    return True


def _remind_who_takes_part(
    session: Session, study: Study, newcomer: Participant, digest: str, now: datetime
) -> None:
    """Count a second enrolment of an address as excluded, and send its owner the open link."""
    newcomer.stage = Stage.INELIGIBLE
    newcomer.ineligible_reason = "takes part already"
    newcomer.screening = None
    first = participants.contact_by_digest(session, key(study), digest)
    if first is not None:
        owner = participants.lock(session, first.participant_id)
        timeline.send_open_link_again(session, owner, now=now)
    audit.record(
        session,
        study,
        "participant.duplicate",
        {},
        actor=_PARTICIPANT,
        now=now,
        participant=newcomer,
    )
    session.flush()


def forget_screening(session: Session, *, now: datetime) -> int:
    """Erase the screening answers of people who did not go on to consent within a day."""
    return participants.forget_screening(session, now - _PATIENCE)


def _free_public_id(session: Session, study_id: int) -> str:
    while True:
        candidate = public_id(secrets.randbelow(SPACE))
        if not participants.public_id_taken(session, study_id, candidate):
            return candidate
