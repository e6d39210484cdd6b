"""Messages: written with what causes them, claimed once, settled by what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

from sqlmodel import Session

from longwave.domain.duration import Duration
from longwave.domain.errors import LongwaveError
from longwave.domain.lifecycle import AssessmentStatus, Channel, FollowUp, MessageState, StudyMode
from longwave.domain.lifecycle.participant import takes_data
from longwave.domain.messages import Kind, policy_of, reasons
from longwave.domain.messages.kinds import priority_of
from longwave.domain.messages.reasons import Reason
from longwave.domain.protocol.model import Protocol
from longwave.domain.schedule import instant, outside_quiet_hours
from longwave.keys import KeyRing
from longwave.notify import Delivery, Letter, Outcome
from longwave.services import audit, bounces, expiry, letters
from longwave.services.study import current_protocol
from longwave.storage import message as messages
from longwave.storage import participant as participants
from longwave.storage.message import Due
from longwave.storage.tables import Assessment, Attempt, Message, Participant, Staff
from longwave.storage.tables.base import key

LEASE = timedelta(minutes=10)
"""How long a sender may be silent; longer than one conversation with a slow server takes."""

MOST_ATTEMPTS = 48
"""About two days, after which a message that could not be sent is given up."""

_BACK_OFF = timedelta(minutes=2)
_LONGEST_BACK_OFF = timedelta(hours=1)
_REST = timedelta(hours=24)
"""The least time between two messages about one assessment, when one of them was late.

It is less where the protocol plans them closer to one another.
"""

_LOOK_AT = 5
_INVITATION = Kind.INVITATION
_REMINDER = Kind.REMINDER
_UNDER_WAY = (MessageState.PENDING, MessageState.SENDING)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that this worker has taken on, ready for a transport."""

    message_id: int
    attempt: int
    mail: Letter
    trial_run: bool


@dataclass(frozen=True, slots=True)
class Look:
    """One look into the outbox: how many messages were due, and the one that was taken on."""

    due: int
    claimed: Claimed | None


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
    channel = _channel(session, participant)
    invitation = _message(participant, assessment, _INVITATION, now, now, channel, at_once=at_once)
    session.add(invitation)
    opens_wall = assessment.opens_at.astimezone(ZoneInfo(assessment.zone)).replace(tzinfo=None)
    for number, span in enumerate(_reminders(protocol, assessment), start=1):
        at = max(instant(span.after(opens_wall), assessment.zone), now)
        if at < assessment.closes_at:
            step = f"{_REMINDER}-{number}"
            session.add(_message(participant, assessment, _REMINDER, at, now, channel, step=step))


def queue_link_again(
    session: Session,
    participant: Participant,
    assessment: Assessment,
    *,
    now: datetime,
    step: str | None = None,
) -> None:
    """Queue the link of an open assessment once more, unless it was sent again today.

    With a ``step``, only a message of the same step before it counts.
    """
    step = step or f"again-{now.date().isoformat()}"
    message = _message(
        participant,
        assessment,
        _INVITATION,
        now,
        now,
        _channel(session, participant),
        step=step,
        at_once=True,
    )
    if not messages.is_queued(session, message):
        session.add(message)


def queue_consent_copy(
    session: Session, participant: Participant, version: str, *, now: datetime
) -> None:
    """Queue a copy of what a participant has just signed."""
    queue_answer(session, participant, Kind.CONSENT_COPY, letters.consent_step(version), now=now)


def queue_answer(
    session: Session,
    participant: Participant,
    kind: Kind,
    step: str,
    *,
    now: datetime,
    channel: str = Channel.EMAIL,
) -> None:
    """Queue a message that answers what a participant has just done."""
    session.add(
        Message(
            study_id=participant.study_id,
            participant_id=key(participant),
            kind=kind,
            step=step,
            channel=channel,
            mail_id=_mail_id(),
            priority=priority_of(kind, at_once=True),
            at_once=True,
            due_at=now,
            planned_at=now,
            queued_at=now,
        )
    )


def queue_notice(
    session: Session, member: Staff, kind: Kind, step: str, study_id: int, *, now: datetime
) -> None:
    """Queue a notice to a member of staff."""
    session.add(
        Message(
            study_id=study_id,
            staff_id=key(member),
            kind=kind,
            step=step,
            mail_id=_mail_id(),
            priority=priority_of(kind, at_once=True),
            at_once=True,
            due_at=now,
            planned_at=now,
            queued_at=now,
        )
    )


def forget_assessment(session: Session, assessment: Assessment, *, now: datetime) -> None:
    """Cancel what is still to be said about an assessment that is over."""
    why = reasons.of_ending(assessment.status)
    messages.cancel_of_assessment(session, key(assessment), now, why)


def forget_participant(session: Session, participant: Participant, *, now: datetime) -> None:
    """Cancel what is still to be said to a participant who is no longer followed."""
    why = reasons.of_leaving(participant.follow_up)
    messages.cancel_pending(session, key(participant), now, why)


def claim(session: Session, *, keys: KeyRing, base_url: str, now: datetime) -> Look:
    """Take on the first message that is due, wanted and may be sent at this hour.

    Those that are no longer wanted are cancelled on the way; those that must wait are moved.
    """
    due = messages.due(session, now, _LOOK_AT)
    for found in due:
        claimed = _consider(session, found, keys, base_url, now)
        if claimed is not None:
            session.flush()
            return Look(len(due), claimed)
    session.flush()
    return Look(len(due), None)


def recover_stalled(session: Session, *, now: datetime) -> None:
    """Decide about messages whose sender died: it may have sent them, or not.

    A second invitation or copy does less harm than none, so those go out again, under the same
    Message-ID; a reminder stays uncertain.
    """
    for message in messages.stalled(session, now):
        detail = "The sender stopped before it could say what happened."
        messages.finish_attempt(
            session, key(message), message.attempts, Outcome.UNCERTAIN, detail, now
        )
        message.lease_until = None
        if message.kind != _REMINDER and message.attempts < MOST_ATTEMPTS:
            message.state = MessageState.PENDING
        else:
            _finish(session, message, MessageState.UNCERTAIN, now)
    session.flush()


def settle(
    session: Session, claimed: Claimed, delivery: Delivery, *, now: datetime
) -> MessageState:
    """Note what became of an attempt, and decide what becomes of its message."""
    message = messages.by_id(session, claimed.message_id)
    messages.finish_attempt(
        session,
        claimed.message_id,
        claimed.attempt,
        delivery.outcome,
        delivery.detail,
        now,
        segments=delivery.segments,
    )
    if message.state != MessageState.SENDING or message.attempts != claimed.attempt:
        return MessageState(message.state)
    message.lease_until = None
    if delivery.outcome is Outcome.RETRY and message.attempts < MOST_ATTEMPTS:
        message.state = MessageState.PENDING
        message.due_at = now + min(_BACK_OFF * 2 ** min(message.attempts, 9), _LONGEST_BACK_OFF)
        return MessageState.PENDING
    _finish(session, message, _FINAL[delivery.outcome], now)
    if message.state == MessageState.SENT and message.kind == _INVITATION and message.assessment_id:
        expiry.invited(session, message.assessment_id, now=now)
    if delivery.bounce is not None:
        bounces.refused(session, message, delivery.bounce, now=now)
    return MessageState(message.state)


_FINAL = {
    Outcome.SENT: MessageState.SENT,
    Outcome.REFUSED: MessageState.FAILED,
    Outcome.RETRY: MessageState.FAILED,
    Outcome.UNCERTAIN: MessageState.UNCERTAIN,
}


def _message(
    participant: Participant,
    assessment: Assessment,
    kind: str,
    due_at: datetime,
    now: datetime,
    channel: str,
    *,
    step: str | None = None,
    at_once: bool = False,
) -> Message:
    return Message(
        study_id=participant.study_id,
        participant_id=key(participant),
        assessment_id=key(assessment),
        kind=kind,
        step=f"{assessment.wave}:{step or kind}",
        occurrence=assessment.occurrence,
        channel=channel,
        mail_id=_mail_id(),
        priority=priority_of(kind, at_once=at_once),
        at_once=at_once,
        due_at=due_at,
        planned_at=due_at,
        queued_at=now,
    )


def _channel(session: Session, participant: Participant) -> str:
    """Return by what a participant wants to hear of questionnaires."""
    contact = participants.contact(session, key(participant))
    return contact.channel if contact is not None else Channel.EMAIL


def _mail_id() -> str:
    return f"{uuid4().hex}@longwave"


def _finish(session: Session, message: Message, state: MessageState, now: datetime) -> None:
    message.state = state
    message.settled_at = now
    audit.note(
        session,
        f"message.{state}",
        {"step": message.step, "attempts": message.attempts},
        study_id=message.study_id,
        participant_id=message.participant_id,
        actor="dispatch",
        now=now,
    )


def _consider(
    session: Session, due: Due, keys: KeyRing, base_url: str, now: datetime
) -> Claimed | None:
    """Take a message on, or cancel it, move it, or give it up."""
    message = due.message
    if not _is_wanted(session, due, now):
        message.state = MessageState.CANCELLED
        message.settled_at = now
        return None
    later = _not_before(session, due, now)
    if later > now:
        message.due_at = later
        return None
    if _is_suppressed(due):
        message.reason = Reason.SUPPRESSED
        return None
    try:
        mail = letters.compose(session, due, keys=keys, base_url=base_url, now=now)
    except LongwaveError:
        _finish(session, message, MessageState.FAILED, now)
        return None
    message.state = MessageState.SENDING
    message.lease_until = now + LEASE
    message.attempts += 1
    session.add(Attempt(message_id=key(message), number=message.attempts, started_at=now))
    return Claimed(key(message), message.attempts, mail, due.study.mode == StudyMode.TRIAL_RUN)


def _is_suppressed(due: Due) -> bool:
    if due.contact is None or policy_of(due.message.kind).elsewhere:
        return False
    return bounces.suppressed_at(due.contact, due.message.channel) is not None


def _is_wanted(session: Session, due: Due, now: datetime) -> bool:
    """Whether there is still something to say, and somebody to say it to."""
    if due.staff is not None:
        return due.staff.removed_at is None
    if due.participant is None or due.participant.erased_at is not None:
        return False
    if due.assessment is None:
        return due.participant.follow_up != FollowUp.DECEASED
    return due.participant.follow_up == FollowUp.ACTIVE and _is_still_asked(
        session, due, due.assessment, now
    )


def _is_still_asked(session: Session, due: Due, assessment: Assessment, now: datetime) -> bool:
    """Whether an assessment can be answered now; of reminders that pile up only the last is."""
    message = due.message
    if now >= assessment.expires_at or not takes_data(due.study.state):
        return False
    if assessment.status not in (AssessmentStatus.OPEN, AssessmentStatus.STARTED):
        return False
    return message.kind != _REMINDER or not any(
        other.kind == _REMINDER
        and other.state == MessageState.PENDING
        and key(other) > key(message)
        and other.due_at <= now
        for other in messages.of_assessment(session, key(assessment))
    )


def _not_before(session: Session, due: Due, now: datetime) -> datetime:
    """Return when a message may go out: not in quiet hours, and no reminder hard on another."""
    message, at = due.message, now
    if message.kind == _REMINDER:
        rest = _rest(session, due)
        others = messages.of_assessment(session, message.assessment_id)
        spoken = [other.settled_at for other in others if other.state == MessageState.SENT]
        at = max([now, *(sent + rest for sent in spoken if sent is not None)])
        if any(o.kind == _INVITATION and o.state in _UNDER_WAY for o in others):
            at = max(at, now + rest)
    if message.at_once and message.attempts == 0:
        return at
    if due.participant is None:
        return at
    quiet = current_protocol(session, due.study).messages.quiet_hours
    return outside_quiet_hours(at, due.participant.zone_at(now), quiet)


def _rest(session: Session, due: Due) -> timedelta:
    """Return the least time before this reminder, since the last message about its assessment."""
    if due.assessment is None:
        return _REST
    protocol = current_protocol(session, due.study)
    days = [0.0, *(span.nominal_days() for span in _reminders(protocol, due.assessment))]
    number = int(due.message.step.rpartition("-")[2])
    return min(_REST, timedelta(days=days[number] - days[number - 1])) if days[number:] else _REST


def _reminders(protocol: Protocol, assessment: Assessment) -> tuple[Duration, ...]:
    return protocol.reminders_of(protocol.wave(assessment.wave))
