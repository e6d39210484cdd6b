"""The outbox: what is due, what else was said, and what is cancelled."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, bindparam, case, or_, select, update
from sqlmodel import Session, col

from longwave.domain.lifecycle import Channel, MessageState
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


_AS_IT_IS_NOW = {"populate_existing": True}


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


def due(
    session: Session,
    now: datetime,
    limit: int,
    *,
    channels: Collection[str],
    priorities: Iterable[int],
) -> list[Due]:
    """Return pending messages that are due and that nobody else is claiming.

    Those of the first priority come first, and among them the earliest. Their rows are locked
    until the transaction ends. Each priority is a range of an index, so that nothing is read but
    what is due.
    """
    found: list[Due] = []
    for priority in priorities:
        left = limit - len(found)
        if left <= 0:
            break
        parameters = {"now": now, "priority": priority, "most": left, "channels": list(channels)}
        rows = session.execute(_DUE, parameters, execution_options=_AS_IT_IS_NOW)
        found += [Due(*row) for row in rows]
    return found


_DUE = (
    select(Message, Study, Participant, Assessment, Contact, Staff)
    .join(Study, col(Study.id) == col(Message.study_id))
    .outerjoin(Participant, col(Participant.id) == col(Message.participant_id))
    .outerjoin(Assessment, col(Assessment.id) == col(Message.assessment_id))
    .outerjoin(Contact, col(Contact.participant_id) == col(Message.participant_id))
    .outerjoin(Staff, col(Staff.id) == col(Message.staff_id))
    .where(
        col(Message.state) == MessageState.PENDING,
        col(Message.priority) == bindparam("priority"),
        col(Message.due_at) <= bindparam("now"),
        col(Message.channel).in_(bindparam("channels", expanding=True)),
    )
    .order_by(col(Message.due_at), col(Message.id))
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True, of=Message)
)


def of_assessment(session: Session, assessment_id: int) -> list[Message]:
    """Return the messages about an assessment."""
    statement = select(Message).where(col(Message.assessment_id) == assessment_id)
    return list(session.execute(statement).scalars())


class Said(NamedTuple):
    """Another message about the same assessment, and what became of it."""

    id: int
    assessment_id: int
    kind: str
    state: str
    planned_at: datetime
    settled_at: datetime | None


def about(session: Session, assessment_ids: Collection[int]) -> list[Said]:
    """Return all messages about some assessments."""
    if not assessment_ids:
        return []
    rows = session.connection().execute(_ABOUT, {"ids": list(assessment_ids)})
    return list(map(Said._make, rows))


_ABOUT = select(
    col(Message.id),
    col(Message.assessment_id),
    col(Message.kind),
    col(Message.state),
    col(Message.planned_at),
    col(Message.settled_at),
).where(col(Message.assessment_id).in_(bindparam("ids", expanding=True)))


class Contacted(NamedTuple):
    """A message that somebody received or may have received, or receives now (no ``at``)."""

    participant_id: int
    kind: str
    at: datetime | None


def contacted(
    session: Session, participant_ids: Collection[int], kinds: Collection[str], since: datetime
) -> list[Contacted]:
    """Return what some participants were sent of some kinds since an instant."""
    parameters = {"ids": list(participant_ids), "kinds": list(kinds), "since": since}
    return list(map(Contacted._make, session.connection().execute(_CONTACTED, parameters)))


_CONTACTED = select(col(Message.participant_id), col(Message.kind), col(Message.settled_at)).where(
    col(Message.participant_id).in_(bindparam("ids", expanding=True)),
    col(Message.kind).in_(bindparam("kinds", expanding=True)),
    or_(col(Message.settled_at).is_(None), col(Message.settled_at) > bindparam("since")),
    col(Message.state).in_((MessageState.SENDING, MessageState.SENT, MessageState.UNCERTAIN)),
)


def cancel_pending(session: Session, participant_id: int, now: datetime, reason: str) -> int:
    """Cancel all that is pending for a participant; return how many."""
    return _cancel(session, col(Message.participant_id) == participant_id, now, reason)


def cancel_of_assessment(session: Session, assessment_id: int, now: datetime, reason: str) -> int:
    """Cancel all that is pending about an assessment; return how many."""
    return _cancel(session, col(Message.assessment_id) == assessment_id, now, reason)


def cancel(session: Session, message_ids: Collection[int], now: datetime, reason: str) -> None:
    """Cancel some pending messages."""
    _cancel(session, col(Message.id).in_(message_ids), now, reason)


def _cancel(session: Session, which: ColumnElement[bool], now: datetime, reason: str) -> int:
    result = session.connection().execute(
        update(Message)
        .where(which, col(Message.state) == MessageState.PENDING)
        .values(state=MessageState.CANCELLED, settled_at=now, reason=reason)
    )
    return result.rowcount


def move(session: Session, moved: Sequence[tuple[int, datetime, str | None]]) -> None:
    """Let pending messages wait: each (id, until when, why) of them."""
    if moved:
        rows = [{"which": number, "at": at, "why": why} for number, at, why in moved]
        session.connection().execute(_MOVE, rows)


_MOVE = (
    update(Message)
    .where(col(Message.id) == bindparam("which"), col(Message.state) == MessageState.PENDING)
    .values(due_at=bindparam("at"), reason=bindparam("why"))
)


def release(
    session: Session,
    participant_id: int,
    reason: Reason,
    now: datetime,
    *,
    channels: Collection[str] = tuple(Channel),
) -> None:
    """Let messages wait no longer that were held for a participant for a reason.

    What was due in the meantime is due now; the rest when it would have been.
    """
    session.connection().execute(
        update(Message)
        .where(
            col(Message.participant_id) == participant_id,
            col(Message.state) == MessageState.PENDING,
            col(Message.reason) == reason,
            col(Message.channel).in_(channels),
        )
        .values(
            due_at=case((col(Message.planned_at) <= now, now), else_=col(Message.due_at)),
            reason=None,
        )
    )


def is_queued(session: Session, message: Message) -> bool:
    """Whether there is or was a message for the same step already."""
    statement = select(col(Message.id)).where(
        col(Message.participant_id) == message.participant_id,
        col(Message.staff_id) == message.staff_id,
        col(Message.step) == message.step,
        col(Message.occurrence) == message.occurrence,
        col(Message.channel) == message.channel,
    )
    return session.execute(statement).first() is not None


def forget_details(session: Session, participant_id: int) -> None:
    """Erase what mail servers said when a participant was written to."""
    theirs = select(col(Message.id)).where(col(Message.participant_id) == participant_id)
    session.connection().execute(
        update(Attempt).where(col(Attempt.message_id).in_(theirs)).values(detail=None)
    )
