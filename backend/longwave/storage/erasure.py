"""Personal values, deleted."""

from __future__ import annotations

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from longwave.storage.tables import Answer, Assessment, Contact


def delete_answers(session: Session, participant_id: int) -> int:
    """Delete a participant's answers and the salts of their digests; return how many answers."""
    theirs = select(Assessment.id).where(col(Assessment.participant_id) == participant_id)
    connection = session.connection()
    deleted = connection.execute(delete(Answer).where(col(Answer.assessment_id).in_(theirs)))
    connection.execute(
        update(Assessment).where(col(Assessment.participant_id) == participant_id).values(salt=None)
    )
    return deleted.rowcount


def delete_contact(session: Session, participant_id: int) -> None:
    """Delete a participant's name and address."""
    session.execute(delete(Contact).where(col(Contact.participant_id) == participant_id))
