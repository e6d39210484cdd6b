"""The outbox: messages, and each attempt to send one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from longwave.domain.lifecycle import MessageState
from longwave.storage.tables.base import Utc, one_of


class Message(SQLModel, table=True):
    """One e-mail that is to go out, is going out, or went out: to a participant or to staff.

    ``step`` says what it is for, such as ``w1:invitation``; with participant, occurrence and
    channel it is unique for ever, so that nothing is sent twice. ``mail_id`` is the
    Message-ID, the same in every attempt. ``at_once`` messages answer what a participant just
    did, and do not wait for quiet hours to end.
    """

    __table_args__ = (
        one_of("state", MessageState),
        UniqueConstraint("participant_id", "step", "occurrence", "channel"),
        UniqueConstraint("staff_id", "step", "occurrence", "channel"),
        CheckConstraint("(participant_id IS NULL) != (staff_id IS NULL)", name="whose"),
        Index(None, "state", "due_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    study_id: int = Field(foreign_key="study.id", index=True)
    participant_id: int | None = Field(default=None, foreign_key="participant.id")
    staff_id: int | None = Field(default=None, foreign_key="staff.id")
    assessment_id: int | None = Field(default=None, foreign_key="assessment.id", index=True)
    kind: str
    step: str
    occurrence: int = 1
    channel: str = "email"
    state: str = MessageState.PENDING
    mail_id: str = Field(unique=True)
    attempts: int = 0
    at_once: bool = False
    due_at: datetime = Field(sa_type=Utc)
    queued_at: datetime = Field(sa_type=Utc)
    lease_until: datetime | None = Field(default=None, sa_type=Utc)
    settled_at: datetime | None = Field(default=None, sa_type=Utc)


class Attempt(SQLModel, table=True):
    """One try at sending one message. ``outcome`` is empty while it runs."""

    __table_args__ = (UniqueConstraint("message_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    message_id: int = Field(foreign_key="message.id")
    number: int
    started_at: datetime = Field(sa_type=Utc)
    finished_at: datetime | None = Field(default=None, sa_type=Utc)
    outcome: str | None = None
    detail: str | None = None
