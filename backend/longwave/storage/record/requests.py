"""What participants asked of the team, a range of ids at a time."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import select
from sqlmodel import Session, col

from longwave.domain.tasks import TaskKind
from longwave.storage import raw
from longwave.storage.record.common import rows
from longwave.storage.record.people import Range
from longwave.storage.tables import Task


class StoredErasureRequest(NamedTuple):
    """A row of a task by which a participant asked to be erased."""

    participant_id: int
    asked_at: str


def erasure_requests(session: Session, within: Range) -> list[StoredErasureRequest]:
    """Return requests for erasure, done or not, in the order in which they were written."""
    statement = (
        select(
            col(Task.participant_id),
            raw.instant(session.get_bind().dialect.name, col(Task.added_at)),
        )
        .where(
            within.holds(col(Task.participant_id)),
            col(Task.kind) == TaskKind.ERASURE_REQUESTED,
        )
        .order_by(col(Task.id))
    )
    return rows(session, statement, StoredErasureRequest._make)
