"""Emergency unblindings, read."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import select as sqlalchemy_select
from sqlmodel import Session, col

from longwave.storage.tables import Participant, Staff, Unblinding


class WithPeople(NamedTuple):
    """An unblinding, whose arm it was about, and who asked."""

    unblinding: Unblinding
    participant: Participant
    staff: Staff


def find(session: Session, unblinding_id: int) -> Unblinding | None:
    """Return an unblinding, if there is one."""
    return session.get(Unblinding, unblinding_id)


def refresh(session: Session, unblinding: Unblinding) -> None:
    """Read an unblinding again, once its participant is locked."""
    session.refresh(unblinding)


def with_people(session: Session, unblinding_id: int) -> WithPeople | None:
    """Return an unblinding with the people it concerns."""
    statement = (
        sqlalchemy_select(Unblinding, Participant, Staff)
        .join(Participant, col(Participant.id) == col(Unblinding.participant_id))
        .join(Staff, col(Staff.id) == col(Unblinding.staff_id))
        .where(col(Unblinding.id) == unblinding_id)
    )
    row = session.execute(statement).one_or_none()
    return WithPeople(*row) if row else None
