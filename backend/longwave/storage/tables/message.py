"""The outbox: messages, and each attempt to send one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from longwave.domain.lifecycle import BounceKind, Channel, MessageState
from longwave.storage.tables.base import Utc, one_of


class Message(SQLModel, table=True):
    """One e-mail or SMS that is to go out, is going out, or went out: to a participant or to staff.

    ``step`` says what it is for, such as ``w1:invitation``; with participant, occurrence and
    channel it is unique for ever, so that nothing is sent twice. ``mail_id`` is the
    Message-ID, the same in every attempt. ``at_once`` messages answer what a participant just
    did, and do not wait for quiet hours to end. What has a lower ``priority`` goes first.

    ``lease_until`` is until when ``worker`` has it in hand; ``begun_at`` is when that worker
    began to hand it over, from which on it may have been delivered. ``due_at`` moves when a message
    must wait; ``planned_at`` is when it was due at first. ``reason`` says why it was cancelled or
    given up, or why it waits.
    """

    __table_args__ = (
        one_of("state", MessageState),
        one_of("channel", Channel),
        UniqueConstraint("participant_id", "step", "occurrence", "channel"),
        UniqueConstraint("staff_id", "step", "occurrence", "channel"),
        CheckConstraint("(participant_id IS NULL) != (staff_id IS NULL)", name="whose"),
        Index(None, "state", "priority", "due_at"),
        Index(None, "participant_id", "settled_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    study_id: int = Field(foreign_key="study.id", index=True)
    participant_id: int | None = Field(default=None, foreign_key="participant.id")
    staff_id: int | None = Field(default=None, foreign_key="staff.id")
    assessment_id: int | None = Field(default=None, foreign_key="assessment.id", index=True)
    kind: str
    step: str
    occurrence: int = 1
    channel: str = Channel.EMAIL
    priority: int = 2
    state: str = MessageState.PENDING
    mail_id: str = Field(unique=True)
    attempts: int = 0
    at_once: bool = False
    due_at: datetime = Field(sa_type=Utc)
    planned_at: datetime = Field(sa_type=Utc)
    queued_at: datetime = Field(sa_type=Utc)
    worker: str | None = None
    lease_until: datetime | None = Field(default=None, sa_type=Utc)
    begun_at: datetime | None = Field(default=None, sa_type=Utc)
    settled_at: datetime | None = Field(default=None, sa_type=Utc)
    reason: str | None = None


class Attempt(SQLModel, table=True):
    """One try at sending one message. ``outcome`` is empty while it runs.

    ``segments`` counts the parts that an SMS is paid by.
    """

    __table_args__ = (UniqueConstraint("message_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    message_id: int = Field(foreign_key="message.id")
    number: int
    started_at: datetime = Field(sa_type=Utc)
    finished_at: datetime | None = Field(default=None, sa_type=Utc)
    outcome: str | None = None
    detail: str | None = None
    segments: int | None = None


class Bounce(SQLModel, table=True):
    """A notice that a message could not be delivered, or is late, or was complained about.

    The first of each kind counts; the same notice often comes again.
    ``status`` is the code that came with it, such as ``5.1.1``; ``source`` is how it came.
    """

    __table_args__ = (
        one_of("kind", BounceKind),
        one_of("source", ("mailbox", "webhook", "refusal")),
        UniqueConstraint("message_id", "kind"),
        Index(None, "participant_id", "received_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    study_id: int = Field(foreign_key="study.id", index=True)
    message_id: int = Field(foreign_key="message.id")
    participant_id: int | None = Field(default=None, foreign_key="participant.id")
    kind: str
    status: str
    source: str
    received_at: datetime = Field(sa_type=Utc)


class SendingRate(SQLModel, table=True):
    """From when on the next message may go to a receiving domain, or through a transport at all.

    ``domain`` is a keyed hash, or ``*`` for the whole transport. All workers share the row.
    """

    __tablename__ = "sending_rate"

    channel: str = Field(primary_key=True)
    domain: str = Field(primary_key=True)
    next_at: datetime = Field(sa_type=Utc)
