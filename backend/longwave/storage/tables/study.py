"""Studies and the versions of their protocols."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, CheckConstraint, Column, ForeignKey, Integer, UniqueConstraint
from sqlmodel import Field, SQLModel

from longwave.domain.lifecycle import StudyMode, StudyState
from longwave.storage.tables.base import Utc, one_of


class Study(SQLModel, table=True):
    """One running instance of a protocol.

    ``sealed`` holds the encrypted randomisation settings; ``commitment`` is the public
    SHA-256 that fixes them.
    """

    __table_args__ = (one_of("mode", StudyMode), one_of("state", StudyState))

    id: int | None = Field(default=None, primary_key=True)
    slug: str = Field(unique=True)
    mode: str
    state: str
    added_at: datetime = Field(sa_type=Utc)
    opened_at: datetime | None = Field(default=None, sa_type=Utc)
    closed_at: datetime | None = Field(default=None, sa_type=Utc)
    locked_at: datetime | None = Field(default=None, sa_type=Utc)
    archived_at: datetime | None = Field(default=None, sa_type=Utc)
    sealed: bytes | None = None
    commitment: str | None = None


class ProtocolVersion(SQLModel, table=True):
    """One immutable version of a study's protocol, with every file it refers to.

    Of audio files ``files`` holds what points to their row in `Media`.
    """

    __tablename__ = "protocol_version"
    __table_args__ = (UniqueConstraint("study_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    study_id: int = Field(
        sa_column=Column(Integer, ForeignKey("study.id", ondelete="RESTRICT"), nullable=False)
    )
    number: int
    hash: str
    files: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    added_at: datetime = Field(sa_type=Utc)


class Media(SQLModel, table=True):
    """An audio file of a protocol, kept once under its SHA-256, by which versions refer to it."""

    hash: str = Field(primary_key=True)
    type: str
    size: int
    content: bytes


class Approval(SQLModel, table=True):
    """The ethics approval of one version of a protocol, as somebody recorded it.

    A study is registered (``registry_id``) or exempt from registration for a stated reason.
    """

    __table_args__ = (
        CheckConstraint("(registry_id IS NULL) != (exemption IS NULL)", name="registry"),
    )

    id: int | None = Field(default=None, primary_key=True)
    study_id: int = Field(foreign_key="study.id", index=True)
    protocol_version_id: int = Field(foreign_key="protocol_version.id", unique=True)
    reference: str
    approver: str
    approved_on: date
    registry_id: str | None = None
    exemption: str | None = None
    recorded_by: str
    recorded_at: datetime = Field(sa_type=Utc)
