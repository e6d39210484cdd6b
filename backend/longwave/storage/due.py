"""When something is next due: for a clock that jumps."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ScalarSelect, Select, bindparam, or_, select, union_all
from sqlalchemy.orm import Mapped
from sqlmodel import Session, col, func

from longwave.domain.lifecycle import AssessmentStatus, Messages, MessageState
from longwave.domain.messages.kinds import PRIORITIES
from longwave.storage.tables import Alert, Assessment, Dose, Message, Participant


class NextDue(NamedTuple):
    """When the sweep, and when the outbox, has something to do; None if nothing is to come."""

    sweep: datetime | None
    outbox: datetime | None


def next_due(session: Session, *, after: datetime) -> NextDue:
    """Return the first instants after another at which the clockwork has something to do.

    What was due before was dealt with then, or cannot be, such as the messages of somebody who
    paused them.
    """
    return NextDue(*session.execute(_NEXT, {"after": after}).one())


def _earliest_message(priority: int) -> Select[Any]:
    """Look at one priority alone: then the index of the outbox leads straight to the row."""
    return (
        select(col(Message.due_at))
        .outerjoin(Participant, col(Participant.id) == col(Message.participant_id))
        .where(
            col(Message.state) == MessageState.PENDING,
            col(Message.priority) == priority,
            col(Message.due_at) > bindparam("after"),
            or_(col(Message.participant_id).is_(None), col(Participant.messages) == Messages.ON),
        )
        .order_by(col(Message.due_at))
        .limit(1)
    )


def _earliest_assessment(status: AssessmentStatus, at: Mapped[datetime]) -> Select[Any]:
    return (
        select(at)
        .where(col(Assessment.status) == status, at > bindparam("after"))
        .order_by(at)
        .limit(1)
    )


_CROSSOVER = select(func.min(col(Participant.crossover_due_at))).where(
    col(Participant.crossover_due_at) > bindparam("after")
)
_DOSE = (
    select(col(Dose.planned_at))
    .where(
        col(Dose.released_at).is_(None),
        col(Dose.cancelled_at).is_(None),
        col(Dose.planned_at) > bindparam("after"),
    )
    .order_by(col(Dose.planned_at))
    .limit(1)
)
_PROGRAMME = select(func.min(col(Participant.programme_ends_at))).where(
    col(Participant.programme_ends_at) > bindparam("after")
)
_ALERT = (
    select(col(Alert.escalates_at))
    .where(col(Alert.acknowledged_at).is_(None), col(Alert.escalates_at) > bindparam("after"))
    .order_by(col(Alert.escalates_at))
    .limit(1)
)
_SWEPT: list[Select[Any]] = [
    _earliest_assessment(AssessmentStatus.SCHEDULED, col(Assessment.opens_at)),
    _earliest_assessment(AssessmentStatus.OPEN, col(Assessment.expires_at)),
    _earliest_assessment(AssessmentStatus.STARTED, col(Assessment.expires_at)),
    _CROSSOVER,
    _DOSE,
    _PROGRAMME,
    _ALERT,
]


def _first_of(found: list[Select[Any]]) -> ScalarSelect[Any]:
    instants = union_all(*(select(one.subquery().c[0].label("at")) for one in found)).subquery()
    return select(func.min(instants.c.at)).scalar_subquery()


_NEXT = select(_first_of(_SWEPT), _first_of(list(map(_earliest_message, PRIORITIES))))
