"""The outbox, read and written."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col, select

from longwave.domain.lifecycle import Messages, MessageState
from longwave.storage.tables import Attempt, Message, Participant


def by_id(session: Session, message_id: int) -> Message:
    """Return a message that is known to exist."""
    return session.get_one(Message, message_id)


def due(session: Session, now: datetime, limit: int) -> list[Message]:
    """Return pending messages that are due, the earliest first, that nobody else is claiming.

    Those of participants who paused messages stay where they are.
    """
    statement = (
        select(Message)
        .join(Participant, col(Participant.id) == col(Message.participant_id))
        .where(
            Message.state == MessageState.PENDING,
            Message.due_at <= now,
            Participant.messages == Messages.ON,
        )
        .order_by(col(Message.due_at), col(Message.id))
        .limit(limit)
        .with_for_update(skip_locked=True, of=Message)
    )
    return list(session.exec(statement))


def stalled(session: Session, now: datetime) -> list[Message]:
    """Return messages whose sender took a lease and was not heard of again.

    There are never many: a worker has one message in hand at a time.
    """
    statement = (
        select(Message)
        .where(Message.state == MessageState.SENDING, col(Message.lease_until) < now)
        .with_for_update(skip_locked=True)
    )
    return list(session.exec(statement))


def take_lease(session: Session, message_id: int, until: datetime) -> bool:
    """Move one message from pending to sending; False if somebody else was quicker."""
    result = session.connection().execute(
        update(Message)
        .where(col(Message.id) == message_id, col(Message.state) == MessageState.PENDING)
        .values(state=MessageState.SENDING, lease_until=until, attempts=Message.attempts + 1)
    )
    return result.rowcount == 1


def cancel_pending(session: Session, participant_id: int, now: datetime) -> int:
    """Cancel all that is pending for a participant; return how many."""
    result = session.connection().execute(
        update(Message)
        .where(
            col(Message.participant_id) == participant_id,
            col(Message.state) == MessageState.PENDING,
        )
        .values(state=MessageState.CANCELLED, settled_at=now)
    )
    return result.rowcount


def cancel_of_assessment(session: Session, assessment_id: int, now: datetime) -> int:
    """Cancel all that is pending about an assessment; return how many."""
    result = session.connection().execute(
        update(Message)
        .where(
            col(Message.assessment_id) == assessment_id,
            col(Message.state) == MessageState.PENDING,
        )
        .values(state=MessageState.CANCELLED, settled_at=now)
    )
    return result.rowcount


def is_queued(session: Session, message: Message) -> bool:
    """Whether there is or was a message for the same step already."""
    statement = select(Message.id).where(
        Message.participant_id == message.participant_id,
        Message.step == message.step,
        Message.occurrence == message.occurrence,
        Message.channel == message.channel,
    )
    return session.exec(statement).first() is not None


def of_assessment(session: Session, assessment_id: int) -> list[Message]:
    """Return the messages about an assessment."""
    return list(session.exec(select(Message).where(Message.assessment_id == assessment_id)))


def attempt(session: Session, message_id: int, number: int) -> Attempt:
    """Return one attempt."""
    statement = select(Attempt).where(Attempt.message_id == message_id, Attempt.number == number)
    return session.exec(statement).one()
