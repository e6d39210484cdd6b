"""What moves with a participant besides assessments, read."""

from __future__ import annotations

from sqlmodel import Session, col, select

from longwave.domain.lifecycle import MessageState
from longwave.storage.tables import Assessment, Message

_REMINDER = "reminder"


def pending_reminders(session: Session, participant_id: int) -> list[tuple[Message, str]]:
    """Return the reminders that a participant is still to be sent, each with its planned zone.

    Their rows are locked: nobody sends them meanwhile.
    """
    statement = (
        select(Message, Assessment.zone)
        .join(Assessment, col(Assessment.id) == col(Message.assessment_id))
        .where(
            Message.participant_id == participant_id,
            Message.kind == _REMINDER,
            Message.state == MessageState.PENDING,
        )
        .with_for_update(of=Message)
    )
    return list(session.exec(statement))
