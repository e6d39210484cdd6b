"""Messages turned into mail at the moment of sending: to whom, and what they say."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from longwave.domain.consent import document_hash
from longwave.domain.errors import NotFoundError
from longwave.domain.lifecycle import StudyMode
from longwave.domain.messages import Kind
from longwave.domain.protocol.model import ConsentPlan
from longwave.keys import KeyRing, Purpose
from longwave.notify import Mail
from longwave.services import texts
from longwave.services.study import protocol_of
from longwave.services.texts import MessageText
from longwave.storage import consent as consents
from longwave.storage import study as studies
from longwave.storage import unblinding as unblindings
from longwave.storage.message import Due
from longwave.storage.tables import Consent, Contact, Participant
from longwave.storage.tables.base import key

_CONSENT = "consent:"
_UNBLINDING = "unblinding:"


def consent_step(version: str) -> str:
    """Return the step of the message that copies a signature."""
    return f"{_CONSENT}{version}"


def unblinding_step(unblinding_id: int) -> str:
    """Return the step of the message that tells of an unblinding."""
    return f"{_UNBLINDING}{unblinding_id}"


def compose(session: Session, due: Due, *, keys: KeyRing, base_url: str, now: datetime) -> Mail:
    """Write a mail to whom it goes.

    Raises
    ------
    NotFoundError
        If there is nobody to go to any more, or nothing to tell.
    ConfigurationError
        If an address cannot be decrypted.
    """
    if due.message.kind == Kind.UNBLINDING_NOTICE:
        return _mail(due, _address_of_staff(due), _unblinding_notice(session, due), now)
    if due.participant is None or due.contact is None:
        raise NotFoundError(f"Message {due.message.id} has nobody to go to.")
    recipient = _opened(keys, due.contact.email, due.participant)
    if due.message.kind == Kind.CONSENT_COPY:
        text = _consent_copy(session, due, due.participant, due.contact, keys)
        return _mail(due, recipient, text, now)
    if due.assessment is None:
        raise NotFoundError(f"Message {due.message.id} is about no assessment.")
    link = f"{base_url}/l/{keys.link_token(due.assessment.uid)}"
    text = texts.questionnaire(
        due.message.kind,
        language=due.participant.language,
        link=link,
        closes_at=due.assessment.closes_at,
        zone=due.participant.zone,
        trial_run=_is_trial_run(due),
    )
    return _mail(due, recipient, text, now, unsubscribe=f"{link}/unsubscribe")


def _mail(
    due: Due, recipient: str, text: MessageText, now: datetime, unsubscribe: str | None = None
) -> Mail:
    return Mail(
        recipient=recipient,
        subject=text.subject,
        body=text.body,
        message_id=due.message.mail_id,
        date=now,
        unsubscribe=unsubscribe,
    )


def _consent_copy(
    session: Session, due: Due, participant: Participant, contact: Contact, keys: KeyRing
) -> MessageText:
    version = due.message.step.removeprefix(_CONSENT)
    signature = consents.of_version(session, key(participant), version)
    if signature is None:
        raise NotFoundError(f"Message {due.message.id} copies what nobody signed.")
    plan = _plan_signed(session, signature, participant)
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
        zone=participant.zone,
        version=signature.version,
        document_hash=signature.document_hash,
        trial_run=_is_trial_run(due),
    )


def _plan_signed(session: Session, signature: Consent, participant: Participant) -> ConsentPlan:
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


def _address_of_staff(due: Due) -> str:
    if due.staff is None:
        raise NotFoundError(f"Message {due.message.id} has nobody to go to.")
    return due.staff.email


def _opened(keys: KeyRing, sealed: bytes, participant: Participant) -> str:
    return keys.decrypt(Purpose.CONTACT, sealed, participant.public_id).decode()


def _is_trial_run(due: Due) -> bool:
    return due.study.mode == StudyMode.TRIAL_RUN
