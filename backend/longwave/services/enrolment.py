"""From the first visit to enrolment: screening, then consent."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from longwave.domain.consent import (
    ConsentForm,
    check_consent,
    language_read,
    normal_email,
    reached_by,
)
from longwave.domain.eligibility import FULL, Verdict, cap_name, judge
from longwave.domain.errors import InvalidInputError, NotFoundError, RefusedTransitionError
from longwave.domain.items import AnswerError, check_value, without_value
from longwave.domain.lifecycle import Channel, Stage, StudyState
from longwave.domain.lifecycle import participant as lifecycle
from longwave.domain.phone import normal_phone
from longwave.domain.protocol.model import Cap, Eligibility
from longwave.domain.public_id import SPACE, public_id
from longwave.domain.schedule import Below
from longwave.keys import KeyRing, Purpose
from longwave.services import caps, consent, planning, timeline
from longwave.services import language as languages
from longwave.services.participant import hold, move, person_of, record
from longwave.services.study import current_protocol
from longwave.storage import occasion as occasions
from longwave.storage import participant as participants
from longwave.storage import screening as register
from longwave.storage import study as studies
from longwave.storage.tables import Contact, Participant, Study
from longwave.storage.tables.base import key

DUPLICATE = "duplicate"
"""The reason of an exclusion because the address takes part already."""

_PARTICIPANT = "participant"
_PATIENCE = timedelta(days=1)
_UNANSWERED = "Please answer this question."

Answers = dict[str, str | float | None]

__all__ = ["ConsentForm", "Enrolment", "forget_screening", "give_consent", "screen"]


class Enrolment(StrEnum):
    """How a signature ended. A ``duplicate`` must look to its writer as if ``enrolled``."""

    ENROLLED = "enrolled"
    DUPLICATE = "duplicate"
    FULL = "full"


def screen(
    session: Session,
    study: Study,
    *,
    site: str,
    language: str,
    answers: Mapping[str, str],
    now: datetime,
    below: Below = secrets.randbelow,
) -> Participant:
    """Judge the answers to the eligibility questions, and look whether there is room.

    Of a person who is not eligible, or for whom there is no room, nothing is kept but the
    reason, and when. The public id is drawn from ``below``: from the operating system's chance,
    except in a rehearsal.

    Raises
    ------
    InvalidInputError
        Naming each question whose answer is missing or not one of those offered.
    NotFoundError
        If the study has no such site.
    """
    _require_enrolling(session, study)
    protocol = current_protocol(session, study)
    if site not in protocol.sites:
        raise NotFoundError("This enrolment link is not known.", "Please ask the study team.")
    values = _read(protocol.eligibility, answers)
    judgement = judge(protocol.eligibility, values)
    if judgement.verdict is Verdict.UNKNOWN:
        open_items = {name: _UNANSWERED for name, value in values.items() if value is None}
        raise InvalidInputError("Some answers are missing.", "See the marked places.", open_items)
    reason = judgement.reason
    if reason is None and caps.full_cap(session, study, site=site, answers=values) is not None:
        reason = FULL
    participant = Participant(
        study_id=key(study),
        public_id=_free_public_id(session, key(study), below),
        site=site,
        language=language if language in protocol.study.languages else protocol.study.languages[0],
        zone=protocol.study.timezone,
        stage=Stage.SCREENED if reason is None else Stage.INELIGIBLE,
        screening=values if reason is None else None,
        ineligible_reason=reason,
        screened_at=now,
    )
    session.add(participant)
    session.flush()
    payload = {"eligible": reason is None, "site": site}
    if reason is not None:
        payload["reason"] = reason
    record(session, participant, "participant.screened", payload, actor=_PARTICIPANT, now=now)
    return participant


def give_consent(
    session: Session, participant: Participant, form: ConsentForm, *, keys: KeyRing, now: datetime
) -> Enrolment:
    """Sign the consent document; enrolment is this instant, study day 0.

    An address that takes part already changes nothing, and is not told so: whoever types an
    address must not learn whether its owner is in the study. Where there is no room any more
    nobody is enrolled, whatever the address.

    Raises
    ------
    InvalidInputError
        If a required statement, the name or the address is missing.
    RefusedTransitionError
        If this person has consented before, was not eligible, or the study does not enrol.
    """
    participant = hold(session, participant)
    study = studies.by_id(session, participant.study_id)
    if participant.screening is None and participant.stage == Stage.SCREENED:
        raise RefusedTransitionError(
            "Too much time has passed since the first questions.", "Please start again."
        )
    lifecycle.enrol(person_of(participant))
    _require_enrolling(session, study)
    protocol = current_protocol(session, study)
    channels = protocol.messages.channels
    own = consent.language_of(protocol, participant)
    language = language_read(protocol.consent, form, own)
    check_consent(protocol.consent, form, language, channels=channels)
    form = _without_unused(form, channels)
    digest = keys.mac(
        Purpose.DUPLICATES, normal_email(form.email) if form.email else normal_phone(form.phone)
    )
    participant.zone = form.zone or participant.zone
    known = participants.contact_by_digest(session, key(study), digest)
    # People are locked before the study, as everywhere.
    first = participants.lock(session, known.participant_id) if known else None
    cap = _full_cap(session, study, participant)
    if cap is not None:
        _exclude(session, participant, FULL, "participant.full", {"cap": cap_name(cap)}, now)
        return Enrolment.FULL
    if first is not None:
        timeline.send_open_link_again(session, first, now=now)
    elif _store_contact(session, participant, form, channels, digest, keys):
        _enrol(session, study, participant, form, digest, keys, now)
        return Enrolment.ENROLLED
    first = first or _just_enrolled(session, study, digest)
    participant.duplicate_of = key(first)
    _exclude(session, participant, DUPLICATE, "participant.duplicate", {"of": first.public_id}, now)
    return Enrolment.DUPLICATE


def forget_screening(session: Session, *, now: datetime) -> int:
    """Erase the screening answers of people who did not go on to consent within a day."""
    return participants.forget_screening(session, now - _PATIENCE)


def _read(plan: Eligibility, answers: Mapping[str, str]) -> Answers:
    values: Answers = {}
    faults: dict[str, str] = {}
    for item in plan.items:
        given = answers.get(item.id, "").strip()
        if without_value(given):
            values[item.id] = None
            if item.required:
                faults[item.id] = _UNANSWERED
            continue
        try:
            values[item.id] = check_value(item, given)
        except AnswerError as error:
            faults[item.id] = error.complaint
    if faults:
        raise InvalidInputError("Some answers are missing.", "See the marked places.", faults)
    return values


def _require_enrolling(session: Session, study: Study) -> None:
    """Let pass only a study that enrols; it goes on to until the transaction ends."""
    if studies.hold_state(session, key(study)) != StudyState.OPEN:
        raise RefusedTransitionError(
            "This study does not take new participants at the moment.",
            "Please ask the study team.",
        )


def _full_cap(session: Session, study: Study, participant: Participant) -> Cap | None:
    """Look for room once more, under the study's lock if anything limits it."""
    if not current_protocol(session, study).eligibility.caps:
        return None
    studies.lock(session, key(study))
    answers = participant.screening or {}
    return caps.full_cap(session, study, site=participant.site, answers=answers)


def _enrol(
    session: Session,
    study: Study,
    participant: Participant,
    form: ConsentForm,
    digest: str,
    keys: KeyRing,
    now: datetime,
) -> None:
    move(participant, lifecycle.enrol)
    participant.enrolled_at = now
    participant.planned_version = studies.newest_version(session, key(study)).number
    rescreened = register.is_registered(session, key(study), digest)
    more = {
        **({"rescreened": True} if rescreened else {}),
        **({"zone": form.zone} if form.zone else {}),
    }
    consent.sign(session, participant, form, "participant.enrolled", now=now, more=more)
    if form.language is not None:
        languages.change_language(session, participant, form.language, now=now)
    planning.plan_from(session, participant, "enrolment", now, keys=keys)
    for assessment in occasions.scheduled(session, key(participant), opened_by=now):
        timeline.open_assessment(session, study, participant, assessment, now=now, at_once=True)
    session.flush()


def _exclude(
    session: Session,
    participant: Participant,
    reason: str,
    kind: str,
    payload: dict[str, str],
    now: datetime,
) -> None:
    """End an enrolment before it began; of the answers nothing is kept."""
    move(participant, lifecycle.exclude)
    participant.ineligible_reason = reason
    participant.screening = None
    record(session, participant, kind, payload, actor=_PARTICIPANT, now=now)


def _just_enrolled(session: Session, study: Study, digest: str) -> Participant:
    """Return who enrolled with the same address a moment ago, and has the link."""
    found = participants.contact_by_digest(session, key(study), digest)
    assert found is not None
    return participants.by_id(session, found.participant_id)


def _without_unused(form: ConsentForm, channels: Sequence[Channel]) -> ConsentForm:
    """Return a form without the addresses that the study has no use for."""
    return replace(
        form,
        email=form.email.strip() if Channel.EMAIL in channels else "",
        phone=form.phone.strip() if Channel.SMS in channels else "",
    )


def _store_contact(
    session: Session,
    participant: Participant,
    form: ConsentForm,
    channels: Sequence[Channel],
    digest: str,
    keys: KeyRing,
) -> bool:
    """Store how to reach a participant; False if the address takes part already."""

    def sealed(value: str) -> bytes:
        return keys.encrypt(Purpose.CONTACT, value.strip().encode(), participant.public_id)

    contact = Contact(
        participant_id=key(participant),
        study_id=participant.study_id,
        name=sealed(form.name),
        email=sealed(form.email) if form.email else None,
        phone=sealed(normal_phone(form.phone)) if form.phone else None,
        channel=reached_by(form, channels),
        digest=digest,
    )
    try:
        with session.begin_nested():
            session.add(contact)
    except IntegrityError:
        return False
    return True


def _free_public_id(session: Session, study_id: int, below: Below) -> str:
    while True:
        candidate = public_id(below(SPACE))
        if not participants.public_id_taken(session, study_id, candidate):
            return candidate
