"""Events of one study, read to be told."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlmodel import Session, col

from longwave.storage.tables import Event, Participant


class ToldEvent(NamedTuple):
    """One event, with the public id and the site of whom it is about."""

    id: int
    at: datetime
    kind: str
    actor: str
    payload: dict[str, Any]
    public_id: str | None
    site: str | None


def after(session: Session, study_id: int, event_id: int, limit: int) -> list[ToldEvent]:
    """Return the events of a study with ids above ``event_id``, by id."""
    statement = (
        select(
            col(Event.id),
            col(Event.at),
            col(Event.kind),
            col(Event.actor),
            col(Event.payload),
            col(Participant.public_id),
            col(Participant.site),
        )
        .outerjoin(Participant, col(Participant.id) == col(Event.participant_id))
        .where(col(Event.study_id) == study_id, col(Event.id) > event_id)
        .order_by(col(Event.id))
        .limit(limit)
    )
    return [ToldEvent(*row) for row in session.execute(statement)]
