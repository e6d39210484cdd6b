"""Messages turned into mail or SMS at the moment of sending: to whom, and what they say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from sqlmodel import Session

from longwave.domain.calendar import CONTENT_TYPE
from longwave.domain.codes import CodePurpose, as_code
from longwave.domain.consent import document_hash
from longwave.domain.errors import NotFoundError
from longwave.domain.lifecycle import Channel, StudyMode
from longwave.domain.messages import Kind
from longwave.domain.protocol.model import ConsentPlan, Protocol
from longwave.domain.schedule import closing
from longwave.keys import KeyRing, Purpose
from longwave.notify import Attachment, Letter, Mail, Sms
from longwave.services import calendar, texts
from longwave.services.study import current_protocol, protocol_of
from longwave.services.texts import Facts, MessageText
from longwave.storage import alert as alerts
from longwave.storage import code as code_rows
from longwave.storage import consent as consents
from longwave.storage import study as studies
from longwave.storage import unblinding as unblindings
from longwave.storage.message import Due
from longwave.storage.tables import Assessment, Code, Consent, Contact, Participant
from longwave.storage.tables.base import key

_CONSENT = "consent:"
_UNBLINDING = "unblinding:"
_ALERT = ":alert:"
_CODE = "code:"


def consent_step(version: str) -> str:
    """Return the step of the message that copies a signature."""
    return f"{_CONSENT}{version}"


def unblinding_step(unblinding_id: int) -> str:
    """Return the step of the message that tells of an unblinding."""
    return f"{_UNBLINDING}{unblinding_id}"


def code_step(code: Code, kind: Kind) -> str:
    """Return the step of a message about a code."""
    return f"{_CODE}{code.id}:{kind}"


def code_digits(keys: KeyRing, code: Code) -> str:
    """Return the digits of a code, which are stored nowhere."""
    at = code.asked_at.astimezone(UTC).isoformat()
    return as_code(keys.mac(Purpose.CODE, f"digits:{code.id}:{code.participant_id}:{at}"))


class AlertPlace(NamedTuple):
    """Which alert of which assessment it is, by its number from 1."""

    wave: str
    public_id: str
    occurrence: int
    number: int


def alert_step(wave: str, public_id: str, occurrence: int, number: int, reminder: int) -> str:
    """Return the step of the notice of an alert, or of a reminder of it (from 1).

    It begins with the wave, as those of all messages about a wave do: so it is kept from the
    blinded where the wave is.
    """
    return f"{wave}{_ALERT}{public_id}.{occurrence}.{number}:{reminder}"


def alert_place(step: str) -> tuple[AlertPlace, int]:
    """Return of which alert a step tells, and which reminder it is."""
    wave, _, rest = step.partition(_ALERT)
    place, _, reminder = rest.partition(":")
    public_id, occurrence, number = place.rsplit(".", 2)
    return AlertPlace(wave, public_id, int(occurrence), int(number)), int(reminder)


def compose(session: Session, due: Due, *, keys: KeyRing, base_url: str, now: datetime) -> Letter:
    """Write a mail or an SMS to whom it goes, by the channel of its message.

    Raises
    ------
    NotFoundError
        If there is nobody to go to any more, no number to send an SMS to, or nothing to tell.
    ConfigurationError
        If an address cannot be decrypted.
    """
    if due.message.kind == Kind.UNBLINDING_NOTICE:
        return _mail(due, _address_of_staff(due), _unblinding_notice(session, due), now)
    if due.message.kind == Kind.SAFETY_ALERT:
        return _mail(due, _address_of_staff(due), _safety_notice(session, due, base_url), now)
    if due.participant is None or due.contact is None:
        raise NotFoundError(f"Message {due.message.id} has nobody to go to.")
    if due.message.kind in _ABOUT_CODES:
        return _about_code(session, due, due.participant, due.contact, keys, now)
    if due.message.kind == Kind.CONSENT_COPY:
        recipient = _opened(keys, due.contact.email, due.participant)
        text = _consent_copy(session, due, due.participant, due.contact, keys)
        planned = _planned(session, due, due.participant, keys, now)
        return _mail(due, recipient, text, now, calendar_file=planned)
    if due.assessment is None:
        raise NotFoundError(f"Message {due.message.id} is about no assessment.")
    asked = _Asked(due, due.participant, due.contact, due.assessment, now)
    link = f"{base_url}/l/{keys.link_token(due.assessment.uid)}"
    return _about(asked, current_protocol(session, due.study), keys, link)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A message about a questionnaire, and to whom it goes."""

    due: Due
    participant: Participant
    contact: Contact
    assessment: Assessment
    now: datetime

    @property
    def kind(self) -> str:
        return self.due.message.kind


_ABOUT_CODES = (Kind.CODE, Kind.NEW_ADDRESS_CODE, Kind.OLD_ADDRESS_NOTICE)


def _about_code(
    session: Session,
    due: Due,
    participant: Participant,
    contact: Contact,
    keys: KeyRing,
    now: datetime,
) -> Letter:
    """Write a code to where it was asked for, or tell an old address that it is one."""
    code = code_rows.by_id(session, int(due.message.step.split(":")[1]))
    channel = due.message.channel
    known = contact.email if channel == Channel.EMAIL else contact.phone
    recipient = known if code is None or due.message.kind == Kind.CODE else code.address
    if code is None or recipient is None:
        raise NotFoundError(f"Message {due.message.id} is about a code that was forgotten.")
    zone, told = participant.zone_at(now), Kind(due.message.kind)
    if told == Kind.OLD_ADDRESS_NOTICE:
        reach = current_protocol(session, due.study).study.contact
        text = texts.address_changed(
            participant.language, reach, code.used_at or now, zone, trial_run=_is_trial_run(due)
        )
    elif code.used_at is not None or code.expires_at <= now:
        raise NotFoundError(f"Message {due.message.id} holds a code that is good for nothing.")
    else:
        text = texts.code(
            participant.language,
            code_digits(keys, code),
            CodePurpose(code.purpose),
            code.expires_at,
            zone,
            trial_run=_is_trial_run(due),
        )
    address = _opened(keys, recipient, participant)
    if channel == Channel.SMS:
        return Sms(address, text.sms or "", due.message.mail_id)
    return _mail(due, address, text, now)


def _about(asked: _Asked, protocol: Protocol, keys: KeyRing, link: str) -> Letter:
    """Write an invitation or a reminder, in the words of the protocol that is in force."""
    now = asked.now
    closes_at = _closes_at(asked.assessment, protocol, now)
    text = _questionnaire(asked, protocol, keys, link, closes_at)
    if asked.due.message.channel == Channel.SMS:
        return _sms(asked, keys, text)
    entry: bytes | None = None
    if asked.kind == Kind.INVITATION and asked.assessment.wave in protocol.messages.calendar:
        entry = calendar.of_assessment(
            asked.assessment, closes_at, asked.participant, keys=keys, now=now
        )
    recipient = _opened(keys, asked.contact.email, asked.participant)
    stop = f"{link}/unsubscribe"
    return _mail(asked.due, recipient, text, now, unsubscribe=stop, calendar_file=entry)


def _closes_at(assessment: Assessment, protocol: Protocol, now: datetime) -> datetime:
    """Return until when it can be answered by somebody who is told of it now."""
    return closing(
        protocol.wave(assessment.wave).expires,
        assessment.closes_at,
        assessment.zone,
        invited_at=assessment.invited_at or now,
        opened_at=assessment.opened_at,
        saved_at=assessment.saved_at,
    ).at


def _questionnaire(
    asked: _Asked, protocol: Protocol, keys: KeyRing, link: str, closes_at: datetime
) -> MessageText:
    assessment, participant = asked.assessment, asked.participant
    wave = protocol.wave(assessment.wave)
    reminder = _reminder_number(asked.due.message.step)
    own = protocol.messages.texts.of(wave.id, reminder)
    wording = texts.wording(asked.kind, own, participant.language)
    facts = Facts(
        link=link,
        name=_opened(keys, asked.contact.name, participant) if wording.needs("name") else "",
        opens_at=assessment.opens_at,
        closes_at=closes_at,
        zone=participant.zone_at(asked.now),
        minutes=protocol.minutes(wave),
        occurrence=assessment.occurrence,
        occurrences=wave.occurrences,
        reminder=reminder or 0,
        contact=protocol.study.contact,
    )
    return texts.questionnaire(wording, facts, trial_run=_is_trial_run(asked.due))


def _reminder_number(step: str) -> int | None:
    """Return which reminder the step of a message is, from 1; None if it is none."""
    found = _REMINDER.search(step)
    return None if found is None else int(found[1])


_REMINDER = re.compile(rf":{Kind.REMINDER}-([0-9]+)$")


def _planned(
    session: Session, due: Due, participant: Participant, keys: KeyRing, now: datetime
) -> bytes | None:
    waves = current_protocol(session, due.study).messages.calendar
    if not waves:
        return None
    return calendar.of_participant(session, participant, keys=keys, now=now, waves=waves)


def _mail(
    due: Due,
    recipient: str,
    text: MessageText,
    now: datetime,
    *,
    unsubscribe: str | None = None,
    calendar_file: bytes | None = None,
) -> Mail:
    entry = Attachment("questionnaire.ics", CONTENT_TYPE, calendar_file or b"")
    return Mail(
        recipient=recipient,
        subject=text.subject,
        body=text.body,
        message_id=due.message.mail_id,
        date=now,
        unsubscribe=unsubscribe,
        html=text.html,
        attachments=() if calendar_file is None else (entry,),
    )


def _sms(asked: _Asked, keys: KeyRing, text: MessageText) -> Sms:
    if asked.contact.phone is None or text.sms is None:
        raise NotFoundError(f"Message {asked.due.message.id} has no number to go to.")
    return Sms(
        recipient=_opened(keys, asked.contact.phone, asked.participant),
        body=text.sms,
        message_id=asked.due.message.mail_id,
        opt_out=text.opt_out,
    )


def _consent_copy(
    session: Session, due: Due, participant: Participant, contact: Contact, keys: KeyRing
) -> MessageText:
    version = due.message.step.removeprefix(_CONSENT)
    signature = consents.of_version(session, key(participant), version)
    if signature is None:
        raise NotFoundError(f"Message {due.message.id} copies what nobody signed.")
    plan = plan_signed(session, signature, participant)
    choices = consents.choices(session, key(participant), upto=signature.signed_at)
    return texts.consent_copy(
        language=signature.language,
        document=plan.documents[signature.language],
        statements=[
            (statement.label, signature.statements.get(statement.id, False))
            for statement in plan.statements
        ],
        choices=[(use.label, choices.get(use.id, False)) for use in plan.uses],
        name=_opened(keys, contact.name, participant),
        signed_at=signature.signed_at,
        zone=participant.zone_at(signature.signed_at),
        version=signature.version,
        document_hash=signature.document_hash,
        trial_run=_is_trial_run(due),
    )


def plan_signed(session: Session, signature: Consent, participant: Participant) -> ConsentPlan:
    """Return the consent plan whose document has the hash that was signed."""
    for version_id in studies.version_ids(session, participant.study_id):
        plan = protocol_of(session, version_id).consent
        document = plan.documents.get(signature.language)
        if document is not None and document_hash(document) == signature.document_hash:
            return plan
    raise NotFoundError(f"No protocol version holds the document {signature.document_hash}.")


def _unblinding_notice(session: Session, due: Due) -> MessageText:
    unblinding_id = int(due.message.step.removeprefix(_UNBLINDING))
    found = unblindings.with_people(session, unblinding_id)
    if found is None or found.unblinding.confirmed_at is None:
        raise NotFoundError(f"Message {due.message.id} tells of what never happened.")
    return texts.unblinding_notice(
        public_id=found.participant.public_id,
        who=found.staff.email,
        at=found.unblinding.confirmed_at,
        trial_run=_is_trial_run(due),
    )


def _safety_notice(session: Session, due: Due, base_url: str) -> MessageText:
    place, reminder = alert_place(due.message.step)
    found = alerts.find(session, due.message.study_id, *place)
    if found is None:
        raise NotFoundError(f"Message {due.message.id} tells of an alert that was erased.")
    protocol = current_protocol(session, due.study)
    return texts.safety_notice(
        public_id=found.participant.public_id,
        site=found.participant.site,
        at=found.alert.raised_at,
        zone=protocol.study.timezone,
        reminder=reminder,
        slug=due.study.slug,
        address=f"{base_url}/console/{due.study.slug}/alerts",
        trial_run=_is_trial_run(due),
    )


def _address_of_staff(due: Due) -> str:
    if due.staff is None:
        raise NotFoundError(f"Message {due.message.id} has nobody to go to.")
    return due.staff.email


def _opened(keys: KeyRing, sealed: bytes | None, participant: Participant) -> str:
    if sealed is None:
        raise NotFoundError(f"{participant.public_id} has no address to go to.")
    return keys.decrypt(Purpose.CONTACT, sealed, participant.public_id).decode()


def _is_trial_run(due: Due) -> bool:
    return due.study.mode == StudyMode.TRIAL_RUN
