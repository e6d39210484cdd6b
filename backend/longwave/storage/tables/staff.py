"""People who sign in, and what waits for them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, Column, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from longwave.domain.lifecycle import Role
from longwave.storage.tables.base import Utc, one_of


class Staff(SQLModel, table=True):
    """One member of staff, who may do what the grants say."""

    id: int | None = Field(default=None, primary_key=True)
    email: str = Field(unique=True)
    added_at: datetime = Field(sa_type=Utc)
    removed_at: datetime | None = Field(default=None, sa_type=Utc)


class StaffGrant(SQLModel, table=True):
    """One role, in one study or in all (``study_id`` is None), at one site or at all."""

    __tablename__ = "staff_grant"
    __table_args__ = (one_of("role", Role),)

    id: int | None = Field(default=None, primary_key=True)
    staff_id: int = Field(foreign_key="staff.id", index=True)
    study_id: int | None = Field(default=None, foreign_key="study.id")
    site: str | None = None
    role: str
    blinded: bool
    granted_at: datetime = Field(sa_type=Utc)


class StaffToken(SQLModel, table=True):
    """A secret with which somebody, or a program for them, signs in. Only its SHA-256 is kept.

    ``scopes`` lists what it is good for; ``study_id``, where given, the only study.
    """

    __tablename__ = "staff_token"

    id: int | None = Field(default=None, primary_key=True)
    staff_id: int = Field(foreign_key="staff.id", index=True)
    label: str
    token_hash: str = Field(unique=True)
    scopes: list[str] = Field(sa_column=Column(JSON, nullable=False))
    study_id: int | None = Field(default=None, foreign_key="study.id")
    issued_at: datetime = Field(sa_type=Utc)
    expires_at: datetime = Field(sa_type=Utc)
    revoked_at: datetime | None = Field(default=None, sa_type=Utc)


class Task(SQLModel, table=True):
    """Something that the clockwork cannot settle, and somebody of the team has to.

    ``about`` is what it hangs on, such as the id of a message: the same thing makes one task.
    """

    __table_args__ = (
        UniqueConstraint("study_id", "kind", "about"),
        Index(None, "study_id", "done_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    study_id: int = Field(foreign_key="study.id")
    participant_id: int | None = Field(default=None, foreign_key="participant.id", index=True)
    kind: str
    about: str
    added_at: datetime = Field(sa_type=Utc)
    done_at: datetime | None = Field(default=None, sa_type=Utc)
    done_by: str | None = None
    note: str | None = None
