"""Messages that came back, and what that means for those still to go."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, func, select, update
from sqlmodel import Session, col

from longwave.domain.lifecycle import BounceKind, MessageState
from longwave.domain.messages.reasons import Reason
from longwave.storage.tables import Bounce, Event, Message

_CHANGED = "contact.changed"


def sent_as(session: Session, mail_ids: Sequence[str]) -> Message | None:
    """Return the message with the first of these Message-IDs that is one of ours."""
    found = session.execute(select(Message).where(col(Message.mail_id).in_(mail_ids)))
    by_id = {message.mail_id: message for message in found.scalars()}
    return next((by_id[mail_id] for mail_id in mail_ids if mail_id in by_id), None)


def is_known(session: Session, message_id: int, kind: BounceKind) -> bool:
    """Whether a message is known to have bounced in this way."""
    statement = select(col(Bounce.id)).where(
        col(Bounce.message_id) == message_id, col(Bounce.kind) == kind
    )
    return session.execute(statement).first() is not None


def soft_in_a_row(
    session: Session, message: Message, upto: datetime, since: datetime | None
) -> int:
    """Return how many of the last messages before one bounced softly, without one between.

    Counted are those that went to the same participant by the same channel, settled in
    (``since``, ``upto``].
    """
    statement = (
        select(col(Message.id), col(Bounce.id))
        .outerjoin(
            Bounce,
            (col(Bounce.message_id) == col(Message.id)) & (col(Bounce.kind) == BounceKind.SOFT),
        )
        .where(
            col(Message.participant_id) == message.participant_id,
            col(Message.channel) == message.channel,
            col(Message.id) != message.id,
            col(Message.state).in_((MessageState.SENT, MessageState.FAILED)),
            col(Message.settled_at) <= upto,
            *([col(Message.settled_at) > since] if since else []),
        )
        .order_by(col(Message.settled_at).desc(), col(Message.id).desc())
        .limit(10)
    )
    count = 0
    for _, bounced in session.execute(statement):
        if bounced is None:
            break
        count += 1
    return count


def address_changed_at(session: Session, participant_id: int, fact: str) -> datetime | None:
    """Return when a participant's ``email`` or ``phone`` was last changed by the team."""
    statement = (
        select(col(Event.at), col(Event.payload))
        .where(col(Event.participant_id) == participant_id, col(Event.kind) == _CHANGED)
        .order_by(col(Event.id).desc())
    )
    changes = session.execute(statement)
    return next((at for at, payload in changes if fact in payload["fields"]), None)


def times_changed(session: Session, participant_id: int) -> int:
    """Return how often the team changed how a participant is reached."""
    statement = select(func.count()).where(
        col(Event.participant_id) == participant_id, col(Event.kind) == _CHANGED
    )
    count: int = session.execute(statement).scalar_one()
    return count


def hold_pending(session: Session, participant_id: int, channel: str) -> None:
    """Hold all that is pending for a participant on a channel, until it is released."""
    session.connection().execute(
        update(Message).where(*_of(participant_id, channel)).values(reason=Reason.SUPPRESSED)
    )


def put_off(session: Session, participant_id: int, channel: str, until: datetime) -> None:
    """Let nothing go to a participant on a channel before an instant."""
    session.connection().execute(
        update(Message)
        .where(*_of(participant_id, channel), col(Message.due_at) < until)
        .values(due_at=until)
    )


def move_pending(session: Session, participant_id: int, channel: str) -> None:
    """Let what is pending about a participant's waves go by another channel."""
    session.connection().execute(
        update(Message)
        .where(
            col(Message.participant_id) == participant_id,
            col(Message.state) == MessageState.PENDING,
            col(Message.assessment_id).is_not(None),
        )
        .values(channel=channel)
    )


def _of(participant_id: int, channel: str) -> tuple[ColumnElement[bool], ...]:
    return (
        col(Message.participant_id) == participant_id,
        col(Message.channel) == channel,
        col(Message.state) == MessageState.PENDING,
    )
