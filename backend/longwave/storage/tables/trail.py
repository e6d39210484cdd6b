"""The audit trail and its seals."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel

from longwave.storage.tables.base import Utc


class Event(SQLModel, table=True):
    """One line of the audit trail. Triggers refuse to change or delete it.

    ``payload`` holds no personal value: study ids, codes, counts and hashes only.
    """

    id: int | None = Field(default=None, primary_key=True)
    study_id: int | None = Field(default=None, foreign_key="study.id", index=True)
    participant_id: int | None = Field(default=None, foreign_key="participant.id", index=True)
    kind: str
    actor: str
    at: datetime = Field(sa_type=Utc)
    payload: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))


class Seal(SQLModel, table=True):
    """The head of a block of events: an HMAC over the events and the head before it."""

    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    first_event: int
    last_event: int
    head: str
    sealed_at: datetime = Field(sa_type=Utc)


class Heartbeat(SQLModel, table=True):
    """When a part of the worker last did its work."""

    name: str = Field(primary_key=True)
    at: datetime = Field(sa_type=Utc)


class Lease(SQLModel, table=True):
    """Which process has a part of the work to itself, and until when unless it says so again."""

    name: str = Field(primary_key=True)
    holder: str
    taken_at: datetime = Field(sa_type=Utc)
    until: datetime = Field(sa_type=Utc)
