"""Courses and practice: groups, who belongs to them, and every dose that was planned or taken."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from longwave.storage.tables.base import Utc, one_of

_UNPLANNED = text("unplanned")
_TO_COME = text("released_at IS NULL AND cancelled_at IS NULL")


class CourseGroup(SQLModel, table=True):
    """A group that goes through a course together; its sessions happen at instants of its zone.

    ``first_wall`` is the local time of the first session ("YYYY-MM-DDTHH:MM"), once it is fixed.
    """

    __tablename__ = "course_group"
    __table_args__ = (
        one_of("format", ("online", "in_person")),
        UniqueConstraint("study_id", "programme", "name"),
        CheckConstraint("capacity > 0", name="capacity"),
    )

    id: int | None = Field(default=None, primary_key=True)
    study_id: int = Field(foreign_key="study.id")
    programme: str
    name: str
    site: str | None = None
    facilitator_id: int | None = Field(default=None, foreign_key="staff.id")
    format: str = "online"
    zone: str
    first_wall: str | None = None
    capacity: int
    added_at: datetime = Field(sa_type=Utc)
    closed_at: datetime | None = Field(default=None, sa_type=Utc)


class GroupMember(SQLModel, table=True):
    """A participant's place in a course group; ``unplanned`` until her sessions are planned."""

    __tablename__ = "group_member"
    __table_args__ = (
        UniqueConstraint("group_id", "participant_id"),
        Index(
            None,
            "unplanned",
            sqlite_where=_UNPLANNED,
            postgresql_where=_UNPLANNED,
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    group_id: int = Field(foreign_key="course_group.id")
    participant_id: int = Field(foreign_key="participant.id", index=True)
    joined_at: datetime = Field(sa_type=Utc)
    left_at: datetime | None = Field(default=None, sa_type=Utc)
    unplanned: bool = False


class Dose(SQLModel, table=True):
    """One session of a course, or one day's practice, of one participant.

    ``session`` counts from 1. It is planned, released to the participant, opened, and done, with
    the minutes it took; ``source`` says who said so. The digest of what was said stands in the
    trail, made with ``salt``.
    """

    __table_args__ = (
        one_of("source", ("self", "staff")),
        UniqueConstraint("participant_id", "programme", "session"),
        CheckConstraint("minutes >= 0", name="minutes"),
        Index(None, "planned_at", sqlite_where=_TO_COME, postgresql_where=_TO_COME),
        Index(None, "study_id", "programme"),
    )

    id: int | None = Field(default=None, primary_key=True)
    study_id: int = Field(foreign_key="study.id")
    participant_id: int = Field(foreign_key="participant.id")
    programme: str
    session: int
    group_id: int | None = Field(default=None, foreign_key="course_group.id")
    planned_at: datetime = Field(sa_type=Utc)
    released_at: datetime | None = Field(default=None, sa_type=Utc)
    opened_at: datetime | None = Field(default=None, sa_type=Utc)
    done_at: datetime | None = Field(default=None, sa_type=Utc)
    cancelled_at: datetime | None = Field(default=None, sa_type=Utc)
    minutes: float | None = None
    salt: bytes | None = None
    source: str | None = None
    recorded_by: str | None = None
