"""How a participant is reached: an address, a number, the channel. The team corrects it here;
what a participant changes, by `longwave.services.address`, follows the same way."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from longwave.domain.blinding import Viewer
from longwave.domain.consent import is_email, normal_email
from longwave.domain.errors import InvalidInputError, RefusedTransitionError
from longwave.domain.lifecycle import AssessmentStatus, Channel, MessageState
from longwave.domain.messages import Kind, Reason
from longwave.domain.permissions import Action
from longwave.domain.phone import normal_phone
from longwave.domain.tasks import TaskKind
from longwave.keys import KeyRing, Purpose
from longwave.services import bounces, outbox, tasks
from longwave.services.participant import hold_open, record, required_reason
from longwave.storage import assessment as assessments
from longwave.storage import bounce as held
from longwave.storage import message as messages
from longwave.storage import participant as participants
from longwave.storage import task as task_rows
from longwave.storage.tables import Assessment, Contact, Participant
from longwave.storage.tables.base import key

_DONE = "The address was changed."
_SETTLES = {"email": (TaskKind.ADDRESS_BOUNCED,), "phone": (TaskKind.NUMBER_BOUNCED,)}
_CHANNELS = {"email": Channel.EMAIL, "phone": Channel.SMS}
_WRONG = "How to reach this participant cannot be changed so."


def change_contact(
    session: Session,
    participant: Participant,
    *,
    email: str | None = None,
    phone: str | None = None,
    channel: Channel | None = None,
    reason: str,
    viewer: Viewer,
    keys: KeyRing,
    now: datetime,
) -> None:
    """Enter another address or number of a participant, or by what messages go.

    What was held because the old one did not work goes out, and the link of an open assessment
    is sent again; an address is verified when the button behind a link to it is pressed. To enter
    the same address once more is to try it once more. Neither address nor number enter the trail.

    Raises
    ------
    InvalidInputError
        If nothing is to be changed, something is misspelt, the address belongs to somebody else
        in the study, or messages were to go by SMS without a number.
    RefusedTransitionError
        If the study is locked, or nothing is known of how to reach this person.
    """
    viewer.require(Action.CORRECT, site=participant.site)
    reason = required_reason(reason)
    participant, _ = hold_open(session, participant)
    contact = participants.contact(session, key(participant))
    if contact is None:
        raise RefusedTransitionError(
            f"How to reach {participant.public_id} was erased, or never known.",
            "There is nobody to write to.",
        )
    given = {"email": email, "phone": phone, "channel": channel}
    fields = [name for name, value in given.items() if value is not None]
    if not fields:
        raise InvalidInputError("Nothing is to be changed.", "Give an address, number or channel.")
    if email is not None:
        enter_email(session, participant, contact, email, keys)
    if phone is not None:
        enter_phone(session, participant, contact, checked_phone(phone), keys)
    if channel is not None:
        enter_channel(session, participant, contact, channel, now=now)
    payload = {"fields": fields, "reason": reason}
    record(session, participant, "contact.changed", payload, actor=viewer.name, now=now)
    follow(session, participant, contact, fields, actor=viewer.name, now=now)


def follow(
    session: Session,
    participant: Participant,
    contact: Contact,
    fields: Collection[str],
    *,
    actor: str,
    now: datetime,
) -> None:
    """Let go out what was held because the old address did not work, and send the open link."""
    for fact in set(fields) & set(_CHANNELS):
        _try_again(session, participant, contact, fact, actor, now)
    _send_link(session, participant, now)
    session.flush()


def enter_phone(
    session: Session, participant: Participant, contact: Contact, number: str, keys: KeyRing
) -> None:
    """Enter a number that was checked; whoever has no address is found again by it.

    Raises
    ------
    InvalidInputError
        If it is that by which another participant is found.
    """
    if contact.email is None:
        _claim(session, contact, keys.mac(Purpose.DUPLICATES, number), "phone")
    contact.phone = keys.encrypt(Purpose.CONTACT, number.encode(), participant.public_id)
    session.flush()


def enter_channel(
    session: Session,
    participant: Participant,
    contact: Contact,
    channel: Channel,
    *,
    now: datetime,
) -> None:
    """Let messages go by another channel, those too that are pending.

    Raises
    ------
    InvalidInputError
        If there is no address, or no number, for it.
    """
    if channel == Channel.SMS and contact.phone is None:
        fault = {"channel": "There is no number to send an SMS to."}
        raise InvalidInputError(_WRONG, "Enter a number as well.", fault)
    if channel == Channel.EMAIL and contact.email is None:
        fault = {"channel": "There is no address to send mail to."}
        raise InvalidInputError(_WRONG, "Enter an address as well.", fault)
    contact.channel = channel
    messages.release(session, key(participant), Reason.SUPPRESSED, now)
    held.move_pending(session, key(participant), channel)


def enter_email(
    session: Session, participant: Participant, contact: Contact, email: str, keys: KeyRing
) -> None:
    """Enter an address, which is not verified thereby.

    Raises
    ------
    InvalidInputError
        If it is none, or is that of another participant.
    """
    if not is_email(email):
        fault = {"email": "Please type an e-mail address such as name@example.org."}
        raise InvalidInputError(_WRONG, "See the marked place.", fault)
    _claim(session, contact, keys.mac(Purpose.DUPLICATES, normal_email(email)), "email")
    contact.email = keys.encrypt(Purpose.CONTACT, email.strip().encode(), participant.public_id)
    contact.verified_at = None
    session.flush()


def _claim(session: Session, contact: Contact, digest: str, field: str) -> None:
    """Let a participant be found by the keyed hash of an address, which must be nobody else's."""
    taken = InvalidInputError(
        "This address belongs to somebody who takes part already.",
        "Is it the right one? Two participants of a study cannot share an address.",
        {field: "This belongs to another participant."},
    )
    known = participants.contact_by_digest(session, contact.study_id, digest)
    if known is not None and known.participant_id != contact.participant_id:
        raise taken
    try:
        with session.begin_nested():
            contact.digest = digest
            session.flush()
    except IntegrityError:
        raise taken from None


def checked_phone(phone: str) -> str:
    """Return a number in the form in which it is kept, or refuse it as a fault of ``phone``."""
    try:
        return normal_phone(phone)
    except ValueError as error:
        raise InvalidInputError(_WRONG, str(error), {"phone": str(error)}) from None


def _try_again(
    session: Session,
    participant: Participant,
    contact: Contact,
    fact: str,
    actor: str,
    now: datetime,
) -> None:
    bounces.suppress(contact, _CHANNELS[fact], None)
    messages.release(session, key(participant), Reason.SUPPRESSED, now, channels=[_CHANNELS[fact]])
    for task in task_rows.open_about(session, key(participant), _SETTLES[fact]):
        tasks.finish(session, task, note=_DONE, actor=actor, now=now)


def _send_link(session: Session, participant: Participant, now: datetime) -> None:
    """Send the link of an open assessment again, unless its invitation is about to leave."""
    step = f"changed-{held.times_changed(session, key(participant))}"
    for assessment in assessments.of_participant(session, key(participant)):
        if assessment.status in (AssessmentStatus.OPEN, AssessmentStatus.STARTED):
            if not _is_invitation_pending(session, assessment):
                outbox.queue_link_again(session, participant, assessment, step=step, now=now)
            return


def _is_invitation_pending(session: Session, assessment: Assessment) -> bool:
    return any(
        message.kind == Kind.INVITATION and message.state == MessageState.PENDING
        for message in messages.of_assessment(session, key(assessment))
    )
