"""How much of the outbox is due and has not gone out."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Select, bindparam, or_, select, union_all
from sqlmodel import Session, col, func

from longwave.domain.lifecycle import Messages, MessageState
from longwave.storage.tables import Message, Participant

_PRIORITIES = range(5)


class Backlog(NamedTuple):
    """How many messages are due, and since when the earliest is."""

    number: int
    since: datetime | None


def due(session: Session, by: datetime, most: int) -> Backlog:
    """Count the messages that were due at an instant and still wait: up to ``most`` and no more.

    Those of participants who paused messages wait for the participant, and do not count.
    """
    number, since = session.execute(_DUE, {"by": by, "most": most}).one()
    return Backlog(min(number, most), since)


def _of_priority(priority: int) -> Select[datetime]:
    """Look at one priority alone, so that the index of the outbox leads straight to its rows."""
    return (
        select(col(Message.due_at))
        .outerjoin(Participant, col(Participant.id) == col(Message.participant_id))
        .where(
            col(Message.state) == MessageState.PENDING,
            col(Message.priority) == priority,
            col(Message.due_at) <= bindparam("by"),
            or_(col(Message.participant_id).is_(None), col(Participant.messages) == Messages.ON),
        )
        .order_by(col(Message.due_at))
        .limit(bindparam("most"))
    )


_EACH = union_all(
    *(select(one.subquery().c.due_at) for one in map(_of_priority, _PRIORITIES))
).subquery()
_DUE = select(func.count(), func.min(_EACH.c.due_at)).select_from(_EACH)
