"""The life of each message, from its plan to the answer. Reads only."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, or_, select
from sqlmodel import Session, col

from longwave.domain.lifecycle import MessageState
from longwave.storage.tables import Assessment, Attempt, Bounce, Message, Participant


class DeliveryLine(NamedTuple):
    """One message: when each thing happened to it, as far as it did.

    ``claimed_at`` is when it was first taken on, ``segments`` what its last attempt was paid by.
    """

    public_id: str | None
    kind: str
    step: str
    occurrence: int
    channel: str
    state: str
    reason: str | None
    attempts: int
    planned_at: datetime
    due_at: datetime
    settled_at: datetime | None
    opened_at: datetime | None
    answered_at: datetime | None
    claimed_at: datetime | None
    segments: int | None
    bounced_at: datetime | None
    bounce: str | None
    bounce_status: str | None

    @property
    def sent_at(self) -> datetime | None:
        """When a server took it."""
        return self.settled_at if self.state == MessageState.SENT else None


def page(
    session: Session,
    study_id: int,
    *,
    sites: Collection[str] | None,
    kinds: Collection[str] | None,
    hidden_waves: Collection[str],
    participant_id: int | None,
    offset: int,
    limit: int,
) -> tuple[list[DeliveryLine], int]:
    """Return a part of a study's messages in the order in which they were planned, and how many.

    Parameters
    ----------
    sites
        Of participants at these sites; None for all, and for messages to staff too.
    kinds, hidden_waves
        Only of these kinds (None: all), and none about these waves.
    participant_id
        Only those to one participant.
    """
    where = _where(study_id, sites, kinds, hidden_waves, participant_id)
    counted = (
        select(func.count())
        .select_from(Message)
        .outerjoin(Participant, col(Participant.id) == col(Message.participant_id))
        .outerjoin(Assessment, col(Assessment.id) == col(Message.assessment_id))
        .where(*where)
    )
    total = session.execute(counted).scalar_one()
    statement = (
        select(
            col(Message.id),
            col(Participant.public_id),
            col(Message.kind),
            col(Message.step),
            col(Message.occurrence),
            col(Message.channel),
            col(Message.state),
            col(Message.reason),
            col(Message.attempts),
            col(Message.planned_at),
            col(Message.due_at),
            col(Message.settled_at),
            col(Assessment.opened_at),
            col(Assessment.submitted_at),
        )
        .outerjoin(Participant, col(Participant.id) == col(Message.participant_id))
        .outerjoin(Assessment, col(Assessment.id) == col(Message.assessment_id))
        .where(*where)
        .order_by(
            col(Message.planned_at),
            col(Participant.public_id),
            col(Message.step),
            col(Message.occurrence),
            col(Message.id),
        )
        .offset(offset)
        .limit(limit)
    )
    rows = session.execute(statement).all()
    ids = [row[0] for row in rows]
    tried, bounced = _attempts(session, ids), _bounces(session, ids)
    lines = [
        DeliveryLine._make(
            (*row[1:], *tried.get(row[0], (None,) * 2), *bounced.get(row[0], (None,) * 3))
        )
        for row in rows
    ]
    return lines, total


def _where(
    study_id: int,
    sites: Collection[str] | None,
    kinds: Collection[str] | None,
    hidden_waves: Collection[str],
    participant_id: int | None,
) -> list[ColumnElement[bool]]:
    where = [col(Message.study_id) == study_id]
    if sites is not None:
        where.append(col(Participant.site).in_(sites))
    if kinds is not None:
        where.append(col(Message.kind).in_(kinds))
    if hidden_waves:
        wave = col(Assessment.wave)
        where.append(or_(wave.is_(None), wave.not_in(hidden_waves)))
        # Messages to staff are about no assessment; what they are about stands in their step.
        where += [
            ~col(Message.step).startswith(f"{hidden}:", autoescape=True)
            for hidden in sorted(hidden_waves)
        ]
    if participant_id is not None:
        where.append(col(Message.participant_id) == participant_id)
    return where


def _attempts(
    session: Session, ids: Iterable[int]
) -> dict[int, tuple[datetime | None, int | None]]:
    """Return when each message was first taken on, and the segments of its last attempt."""
    statement = (
        select(col(Attempt.message_id), col(Attempt.started_at), col(Attempt.segments))
        .where(col(Attempt.message_id).in_(list(ids)))
        .order_by(col(Attempt.number))
    )
    found: dict[int, tuple[datetime | None, int | None]] = {}
    for message_id, started_at, segments in session.execute(statement):
        first, counted = found.get(message_id, (started_at, None))
        found[message_id] = (first, segments if segments is not None else counted)
    return found


def _bounces(session: Session, ids: Iterable[int]) -> dict[int, tuple[datetime, str, str]]:
    """Return the last bounce of each message: when, how, and with which status."""
    statement = (
        select(Bounce)
        .where(col(Bounce.message_id).in_(list(ids)))
        .order_by(col(Bounce.received_at), col(Bounce.id))
    )
    return {
        found.message_id: (found.received_at, found.kind, found.status)
        for found in session.execute(statement).scalars()
    }
