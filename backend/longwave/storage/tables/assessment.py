"""Assessments and the answers given in them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, Column, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from longwave.domain.lifecycle import AssessmentStatus
from longwave.domain.schedule.expiry import ClosingReason
from longwave.storage.tables.base import Utc, one_of


class Assessment(SQLModel, table=True):
    """One participant's occurrence of one wave.

    ``due_wall`` is the local time as planned ("YYYY-MM-DDTHH:MM") in ``zone``; the three
    instants are computed from it. ``expires_at`` is when it closes as things stand: when its
    window does, or before, by the wave's rules of expiry; ``closing_reason`` is the rule by which
    it closed. ``invited_at`` is when the invitation left, ``saved_at`` when an answer was last
    saved. ``uid`` is random; the link is derived from it. ``revision`` counts saved drafts.
    ``item_orders`` holds, by instrument, the order in which its items were shown, where chance
    decided it. ``salt`` goes into the digest of the answers that the trail holds.
    """

    __table_args__ = (
        one_of("status", AssessmentStatus),
        one_of("mode", ("self", "staff")),
        UniqueConstraint("participant_id", "wave", "occurrence"),
        one_of("closing_reason", ClosingReason),
        CheckConstraint("opens_at <= closes_at", name="window"),
        CheckConstraint("expires_at <= closes_at", name="expiry"),
        Index(None, "status", "opens_at"),
        Index(None, "status", "expires_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    study_id: int = Field(foreign_key="study.id", index=True)
    participant_id: int = Field(foreign_key="participant.id")
    protocol_version_id: int = Field(foreign_key="protocol_version.id")
    wave: str
    occurrence: int = 1
    status: str = AssessmentStatus.SCHEDULED
    mode: str = "self"
    uid: str = Field(unique=True)
    token_hash: str = Field(unique=True)
    due_wall: str
    zone: str
    opens_at: datetime = Field(sa_type=Utc)
    due_at: datetime = Field(sa_type=Utc)
    closes_at: datetime = Field(sa_type=Utc)
    expires_at: datetime = Field(sa_type=Utc)
    invited_at: datetime | None = Field(default=None, sa_type=Utc)
    opened_at: datetime | None = Field(default=None, sa_type=Utc)
    started_at: datetime | None = Field(default=None, sa_type=Utc)
    saved_at: datetime | None = Field(default=None, sa_type=Utc)
    submitted_at: datetime | None = Field(default=None, sa_type=Utc)
    closed_at: datetime | None = Field(default=None, sa_type=Utc)
    closing_reason: str | None = None
    revision: int = 0
    salt: bytes | None = None
    item_orders: dict[str, list[str]] | None = Field(
        default=None, sa_column=Column(JSON(none_as_null=True))
    )


class Answer(SQLModel, table=True):
    """One item's value, or the reason why there is none.

    ``other`` is what was written beside the option "other"; ``milliseconds`` is for how long the
    item was in sight before it was answered. ``revision`` is that of the assessment by which it
    was saved; None before revisions were noted.
    """

    __table_args__ = (
        one_of("missing_reason", ("refused", "skipped", "invalidated")),
        CheckConstraint("(value IS NULL) != (missing_reason IS NULL)", name="value_or_reason"),
    )

    assessment_id: int = Field(primary_key=True, foreign_key="assessment.id")
    instrument: str = Field(primary_key=True)
    item: str = Field(primary_key=True)
    value: str | None = None
    missing_reason: str | None = None
    saved_at: datetime = Field(sa_type=Utc)
    other: str | None = None
    milliseconds: int | None = None
    revision: int | None = None
