"""Places in course groups and doses of participants, a range of ids at a time."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import select
from sqlmodel import Session, col

from longwave.storage import raw
from longwave.storage.record.common import rows
from longwave.storage.record.people import Range
from longwave.storage.tables import CourseGroup, Dose, GroupMember


class StoredPlace(NamedTuple):
    """A row of a place in a group."""

    participant_id: int
    programme: str
    group: str
    joined_at: str
    left_at: str | None


def places(session: Session, within: Range) -> list[StoredPlace]:
    """Return places in groups, in the order in which they were written."""
    dialect = session.get_bind().dialect.name
    statement = (
        select(
            col(GroupMember.participant_id),
            col(CourseGroup.programme),
            col(CourseGroup.name),
            raw.instant(dialect, col(GroupMember.joined_at)),
            raw.instant(dialect, col(GroupMember.left_at)),
        )
        .join(CourseGroup, col(CourseGroup.id) == col(GroupMember.group_id))
        .where(within.holds(col(GroupMember.participant_id)))
        .order_by(col(GroupMember.id))
    )
    return rows(session, statement, StoredPlace._make)


class StoredDose(NamedTuple):
    """A row of a dose of which something was written down, or that says it was done."""

    participant_id: int
    programme: str
    session: int
    source: str | None
    done_at: str | None
    minutes: str | None
    salt: bytes | None


def doses(session: Session, within: Range) -> list[StoredDose]:
    """Return the doses of which anything was written down."""
    dialect = session.get_bind().dialect.name
    said = (
        col(Dose.source).is_not(None)
        | col(Dose.done_at).is_not(None)
        | col(Dose.minutes).is_not(None)
    )
    statement = (
        select(
            col(Dose.participant_id),
            col(Dose.programme),
            col(Dose.session),
            col(Dose.source),
            raw.instant(dialect, col(Dose.done_at)),
            raw.text(col(Dose.minutes)),
            col(Dose.salt),
        )
        .where(within.holds(col(Dose.participant_id)), said)
        .order_by(col(Dose.id))
    )
    return rows(session, statement, StoredDose._make)
