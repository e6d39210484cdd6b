"""What a rehearsal left in its scratch database, read in bulk. Reads only."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Table, select
from sqlmodel import Session, SQLModel, col, func

from longwave.storage.tables import Assessment, Message, Participant, Task


class RehearsedMessage(NamedTuple):
    """One message; ``participant_id`` is None for one to staff."""

    participant_id: int | None
    assessment_id: int | None
    kind: str
    step: str
    channel: str
    state: str
    reason: str | None
    at_once: bool
    planned_at: datetime
    settled_at: datetime | None


class RehearsedWindow(NamedTuple):
    """One assessment as it was planned, and how it closed."""

    id: int
    participant_id: int
    wave: str
    occurrence: int
    status: str
    zone: str
    due_wall: str
    opens_at: datetime
    due_at: datetime
    closes_at: datetime
    opened_at: datetime | None
    closed_at: datetime | None
    closing_reason: str | None


def messages(session: Session, study_id: int) -> list[RehearsedMessage]:
    """Return every message of a study, in the order in which they were queued."""
    columns = [getattr(Message, name) for name in RehearsedMessage._fields]
    rows = session.execute(
        select(*columns).where(col(Message.study_id) == study_id).order_by(col(Message.id))
    )
    return [RehearsedMessage(*row) for row in rows]


def windows(session: Session, study_id: int) -> list[RehearsedWindow]:
    """Return every assessment of a study, in the order in which they were planned."""
    columns = [getattr(Assessment, name) for name in RehearsedWindow._fields]
    rows = session.execute(
        select(*columns).where(col(Assessment.study_id) == study_id).order_by(col(Assessment.id))
    )
    return [RehearsedWindow(*row) for row in rows]


def turned_away(session: Session, study_id: int) -> dict[str, int]:
    """Return how many never enrolled, by the reason."""
    rows = session.execute(
        select(col(Participant.ineligible_reason), func.count())
        .where(
            col(Participant.study_id) == study_id,
            col(Participant.ineligible_reason).is_not(None),
        )
        .group_by(col(Participant.ineligible_reason))
    )
    return {str(reason): number for reason, number in rows}


def tasks(session: Session, study_id: int) -> dict[str, int]:
    """Return how many tasks of each kind there are for the team."""
    rows = session.execute(
        select(col(Task.kind), func.count())
        .where(col(Task.study_id) == study_id)
        .group_by(col(Task.kind))
    )
    return {str(kind): number for kind, number in rows}


def row_counts(session: Session) -> dict[str, int]:
    """Return how many rows there are of people, by table."""
    counts = {
        table.name: session.execute(
            select(func.count()).select_from(table).where(*_of_people(table))
        ).scalar_one()
        for table in SQLModel.metadata.sorted_tables
        if table.name in _HOLD_PEOPLE
    }
    return {name: number for name, number in sorted(counts.items()) if number}


_HOLD_PEOPLE = frozenset(
    {
        "allocation", "answer", "arm_period", "assessment", "attempt", "consent",
        "consent_choice", "contact", "event", "message", "participant", "task",
    }
)  # fmt: skip


def _of_people(table: Table) -> list[ColumnElement[bool]]:
    """Leave out the events of the study as a whole."""
    return [table.c.participant_id.is_not(None)] if table.name == "event" else []


def database_bytes(session: Session) -> int:
    """Return the size of an SQLite database."""
    connection = session.connection()
    pages, size = (
        connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
        for name in ("page_count", "page_size")
    )
    return int(pages) * int(size)
