"""Messages: written with what causes them, claimed once, settled by what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

from sqlmodel import Session

from longwave.domain.errors import LongwaveError
from longwave.domain.lifecycle import AssessmentStatus, FollowUp, Messages, MessageState
from longwave.domain.protocol.model import Protocol
from longwave.domain.schedule import instant, outside_quiet_hours
from longwave.keys import KeyRing, Purpose
from longwave.notify import Delivery, Mail, Outcome
from longwave.services import audit, texts
from longwave.storage import assessment as assessments
from longwave.storage import message as messages
from longwave.storage import participant as participants
from longwave.storage import study as studies
from longwave.storage.tables import Assessment, Attempt, Message, Participant
from longwave.storage.tables.base import key

LEASE = timedelta(minutes=10)
"""How long a sender may be silent; longer than a batch takes with a slow server."""

MOST_ATTEMPTS = 48
"""About two days, after which a message that could not be sent is given up."""

_BACK_OFF = timedelta(minutes=2)
_LONGEST_BACK_OFF = timedelta(hours=1)
_INVITATION = "invitation"
_REMINDER = "reminder"


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that this worker has taken on, ready for a transport."""

    message_id: int
    attempt: int
    mail: Mail
    local_only: bool


@dataclass(frozen=True, slots=True)
class Claims:
    """What one look into the outbox found due, and what of it was taken on."""

    found: int
    claimed: list[Claimed]


def queue_invitation(
    session: Session,
    participant: Participant,
    assessment: Assessment,
    protocol: Protocol,
    *,
    now: datetime,
    at_once: bool,
) -> None:
    """Queue the invitation to an assessment, and the reminders that may follow it."""
    quiet = None if at_once else protocol.messages.quiet_hours
    first = outside_quiet_hours(now, participant.zone, quiet)
    _queue(session, participant, assessment, _INVITATION, _INVITATION, first, now)
    opens_wall = assessment.opens_at.astimezone(ZoneInfo(assessment.zone)).replace(tzinfo=None)
    for number, span in enumerate(protocol.messages.reminders, start=1):
        at = max(instant(span.after(opens_wall), assessment.zone), now)
        at = outside_quiet_hours(at, participant.zone, protocol.messages.quiet_hours)
        if at < assessment.closes_at:
            _queue(session, participant, assessment, _REMINDER, f"{_REMINDER}-{number}", at, now)


def claim(session: Session, *, keys: KeyRing, base_url: str, now: datetime, limit: int) -> Claims:
    """Take on messages that are due; what is no longer wanted is cancelled instead."""
    _recover_stalled(session, now, limit)
    claimed = []
    due = messages.due(session, now, limit)
    for message in due:
        if not _is_wanted(session, message, now):
            message.state = MessageState.CANCELLED
            message.settled_at = now
        elif messages.take_lease(session, key(message), now + LEASE):
            session.refresh(message)
            session.add(Attempt(message_id=key(message), number=message.attempts, started_at=now))
            claimed.append(_claimed(session, message, keys, base_url, now))
    session.flush()
    return Claims(len(due), claimed)


def settle(
    session: Session, claimed: Claimed, delivery: Delivery, *, now: datetime
) -> MessageState:
    """Note what became of an attempt, and decide what becomes of its message."""
    message = messages.by_id(session, claimed.message_id)
    attempt = messages.attempt(session, claimed.message_id, claimed.attempt)
    attempt.finished_at = now
    attempt.outcome = delivery.outcome
    attempt.detail = delivery.detail
    if message.state != MessageState.SENDING or message.attempts != claimed.attempt:
        return MessageState(message.state)
    message.lease_until = None
    if delivery.outcome is Outcome.RETRY and message.attempts < MOST_ATTEMPTS:
        message.state = MessageState.PENDING
        message.due_at = now + min(_BACK_OFF * 2 ** min(message.attempts, 9), _LONGEST_BACK_OFF)
        return MessageState.PENDING
    message.state = _FINAL[delivery.outcome]
    message.settled_at = now
    audit.record(
        session,
        studies.by_id(session, message.study_id),
        f"message.{message.state}",
        {"step": message.step, "attempts": message.attempts},
        actor="dispatch",
        now=now,
        participant=participants.by_id(session, message.participant_id),
    )
    return MessageState(message.state)


_FINAL = {
    Outcome.SENT: MessageState.SENT,
    Outcome.REFUSED: MessageState.FAILED,
    Outcome.RETRY: MessageState.FAILED,
    Outcome.UNCERTAIN: MessageState.UNCERTAIN,
}


def _queue(
    session: Session,
    participant: Participant,
    assessment: Assessment,
    kind: str,
    step: str,
    due_at: datetime,
    now: datetime,
) -> None:
    session.add(
        Message(
            study_id=participant.study_id,
            participant_id=key(participant),
            assessment_id=key(assessment),
            kind=kind,
            step=f"{assessment.wave}:{step}",
            occurrence=assessment.occurrence,
            mail_id=f"{uuid4().hex}@longwave",
            due_at=due_at,
            queued_at=now,
        )
    )


def _recover_stalled(session: Session, now: datetime, limit: int) -> None:
    """Decide about messages whose sender died: it may have sent them, or not.

    A second invitation does less harm than none, so those go out again, under the same
    Message-ID; a reminder stays uncertain.
    """
    for message in messages.stalled(session, now, limit):
        attempt = messages.attempt(session, key(message), message.attempts)
        attempt.finished_at = now
        attempt.outcome = Outcome.UNCERTAIN
        attempt.detail = "The sender stopped before it could say what happened."
        message.lease_until = None
        if message.kind == _INVITATION and message.attempts < MOST_ATTEMPTS:
            message.state = MessageState.PENDING
        else:
            message.state = MessageState.UNCERTAIN
            message.settled_at = now
    session.flush()


def _is_wanted(session: Session, message: Message, now: datetime) -> bool:
    participant = participants.by_id(session, message.participant_id)
    if participant.follow_up != FollowUp.ACTIVE or participant.messages != Messages.ON:
        return False
    if message.assessment_id is None:
        return True
    assessment = assessments.by_id(session, message.assessment_id)
    return (
        assessment is not None
        and assessment.status in (AssessmentStatus.OPEN, AssessmentStatus.STARTED)
        and now < assessment.closes_at
    )


def _claimed(
    session: Session, message: Message, keys: KeyRing, base_url: str, now: datetime
) -> Claimed:
    participant = participants.by_id(session, message.participant_id)
    study = studies.by_id(session, message.study_id)
    contact = participants.contact(session, message.participant_id)
    assessment = assessments.by_id(session, message.assessment_id or 0)
    if contact is None or assessment is None:
        raise LongwaveError(f"Message {message.id} has nobody to go to.", "Cancel it.")
    address = keys.decrypt(Purpose.CONTACT, contact.email, participant.public_id).decode()
    link = f"{base_url}/l/{keys.link_token(assessment.uid)}"
    text = texts.compose(
        message.kind,
        language=participant.language,
        link=link,
        closes_at=assessment.closes_at,
        zone=participant.zone,
        trial_run=study.mode == "trial_run",
    )
    mail = Mail(
        recipient=address,
        subject=text.subject,
        body=text.body,
        message_id=message.mail_id,
        date=now,
        unsubscribe=f"{link}/unsubscribe",
    )
    return Claimed(key(message), message.attempts, mail, local_only=study.mode == "trial_run")
