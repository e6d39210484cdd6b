"""The outbox, read and written."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, bindparam, or_, update
from sqlalchemy import select as sqlalchemy_select
from sqlmodel import Session, col, select

from longwave.domain.lifecycle import Messages, MessageState
from longwave.domain.messages.kinds import WHILE_PAUSED
from longwave.domain.messages.reasons import Reason
from longwave.storage.tables import (
    Assessment,
    Attempt,
    Contact,
    Message,
    Participant,
    Staff,
    Study,
)


def by_id(session: Session, message_id: int) -> Message:
    """Return a message that is known to exist."""
    return session.get_one(Message, message_id)


class Due(NamedTuple):
    """A message that is due, with all that it is about.

    It goes to a participant, whose ``contact`` may have been erased, or to a member of staff;
    and it is about an assessment, or not.
    """

    message: Message
    study: Study
    participant: Participant | None
    assessment: Assessment | None
    contact: Contact | None
    staff: Staff | None


def due(session: Session, now: datetime, limit: int) -> list[Due]:
    """Return pending messages that are due, the earliest first, that nobody else is claiming.

    Their rows are locked until the transaction ends. Those of participants who paused
    messages, or whom no message reaches, stay where they are, but for what they asked for since.
    """
    return [Due(*row) for row in session.execute(_DUE, {"now": now, "most": limit})]


_DUE = (
    sqlalchemy_select(Message, Study, Participant, Assessment, Contact, Staff)
    .join(Study, col(Study.id) == col(Message.study_id))
    .outerjoin(Participant, col(Participant.id) == col(Message.participant_id))
    .outerjoin(Assessment, col(Assessment.id) == col(Message.assessment_id))
    .outerjoin(Contact, col(Contact.participant_id) == col(Message.participant_id))
    .outerjoin(Staff, col(Staff.id) == col(Message.staff_id))
    .where(
        col(Message.state) == MessageState.PENDING,
        col(Message.due_at) <= bindparam("now"),
        or_(col(Message.reason).is_(None), col(Message.reason) != Reason.SUPPRESSED),
        or_(
            col(Message.participant_id).is_(None),
            col(Participant.messages) == Messages.ON,
            col(Message.kind).in_(WHILE_PAUSED),
        ),
    )
    .order_by(col(Message.due_at), col(Message.id))
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True, of=Message)
)


def stalled(session: Session, now: datetime) -> list[Message]:
    """Return messages whose sender took a lease and was not heard of again.

    There are never many: a worker has one message in hand at a time.
    """
    return list(session.exec(_STALLED, params={"now": now}))


_STALLED = (
    select(Message)
    .where(col(Message.state) == MessageState.SENDING, col(Message.lease_until) < bindparam("now"))
    .with_for_update(skip_locked=True)
)


def cancel_pending(session: Session, participant_id: int, now: datetime, reason: str) -> int:
    """Cancel all that is pending for a participant; return how many."""
    return _cancel(session, col(Message.participant_id) == participant_id, now, reason)


def cancel_of_assessment(session: Session, assessment_id: int, now: datetime, reason: str) -> int:
    """Cancel all that is pending about an assessment; return how many."""
    return _cancel(session, col(Message.assessment_id) == assessment_id, now, reason)


def _cancel(session: Session, which: ColumnElement[bool], now: datetime, reason: str) -> int:
    result = session.connection().execute(
        update(Message)
        .where(which, col(Message.state) == MessageState.PENDING)
        .values(state=MessageState.CANCELLED, settled_at=now, reason=reason)
    )
    return result.rowcount


def is_queued(session: Session, message: Message) -> bool:
    """Whether there is or was a message for the same step already."""
    statement = select(Message.id).where(
        Message.participant_id == message.participant_id,
        Message.staff_id == message.staff_id,
        Message.step == message.step,
        Message.occurrence == message.occurrence,
        Message.channel == message.channel,
    )
    return session.exec(statement).first() is not None


def of_assessment(session: Session, assessment_id: int | None) -> list[Message]:
    """Return the messages about an assessment."""
    return list(session.exec(_OF_ASSESSMENT, params={"assessment_id": assessment_id}))


_OF_ASSESSMENT = select(Message).where(col(Message.assessment_id) == bindparam("assessment_id"))


def forget_details(session: Session, participant_id: int) -> None:
    """Erase what mail servers said when a participant was written to."""
    theirs = select(Message.id).where(col(Message.participant_id) == participant_id)
    session.connection().execute(
        update(Attempt).where(col(Attempt.message_id).in_(theirs)).values(detail=None)
    )


def finish_attempt(
    session: Session,
    message_id: int,
    number: int,
    outcome: str,
    detail: str,
    now: datetime,
    *,
    segments: int | None = None,
) -> None:
    """Note what became of an attempt."""
    session.connection().execute(
        _FINISH_ATTEMPT,
        {
            "of_message": message_id,
            "of_number": number,
            "finished_at": now,
            "outcome": outcome,
            "detail": detail,
            "segments": segments,
        },
    )


_FINISH_ATTEMPT = (
    update(Attempt)
    .where(
        col(Attempt.message_id) == bindparam("of_message"),
        col(Attempt.number) == bindparam("of_number"),
    )
    .values(
        finished_at=bindparam("finished_at"),
        outcome=bindparam("outcome"),
        detail=bindparam("detail"),
        segments=bindparam("segments"),
    )
)
