"""Alerts: what answers set off, and who looked after it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from longwave.storage.tables.base import Utc


class Alert(SQLModel, table=True):
    """A safety rule that an assessment's answers set off.

    It waits until somebody acknowledges it. ``escalates_at`` is when others are told, unless
    somebody has by then. ``note`` says what was done, and names nobody.
    """

    __table_args__ = (
        UniqueConstraint("assessment_id", "rule"),
        Index(None, "acknowledged_at", "escalates_at"),
        Index(None, "study_id", "acknowledged_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    study_id: int = Field(foreign_key="study.id")
    participant_id: int = Field(foreign_key="participant.id", index=True)
    assessment_id: int = Field(foreign_key="assessment.id")
    rule: str
    raised_at: datetime = Field(sa_type=Utc)
    escalates_at: datetime | None = Field(default=None, sa_type=Utc)
    escalations: int = 0
    acknowledged_at: datetime | None = Field(default=None, sa_type=Utc)
    acknowledged_by: str | None = None
    note: str | None = None
