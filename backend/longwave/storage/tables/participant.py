"""Participants, what they consented to, how to reach them, and the arm they were given."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, Column, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from longwave.domain.lifecycle import FollowUp, Messages, ProgrammeState, Stage
from longwave.storage.tables.base import Utc, one_of


class Participant(SQLModel, table=True):
    """A person under a public study id. No name and no address stands here.

    ``screening`` holds the answers to the eligibility questions of those who were eligible;
    of the ineligible only ``ineligible_reason`` is kept. ``zone`` is an IANA name.
    """

    __table_args__ = (
        one_of("stage", Stage),
        one_of("programme", ProgrammeState),
        one_of("follow_up", FollowUp),
        one_of("messages", Messages),
        UniqueConstraint("study_id", "public_id"),
        Index(None, "study_id", "stage"),
    )

    id: int | None = Field(default=None, primary_key=True)
    study_id: int = Field(foreign_key="study.id")
    public_id: str
    site: str
    language: str
    zone: str
    stage: str = Stage.SCREENED
    programme: str = ProgrammeState.NOT_STARTED
    follow_up: str = FollowUp.ACTIVE
    messages: str = Messages.ON
    screening: dict[str, str | float | None] | None = Field(
        default=None, sa_column=Column(JSON(none_as_null=True))
    )
    ineligible_reason: str | None = None
    stratum: str | None = None
    screened_at: datetime = Field(sa_type=Utc)
    enrolled_at: datetime | None = Field(default=None, sa_type=Utc)
    randomised_at: datetime | None = Field(default=None, sa_type=Utc)
    crossover_at: datetime | None = Field(default=None, sa_type=Utc)
    withdrawn_at: datetime | None = Field(default=None, sa_type=Utc)


class Contact(SQLModel, table=True):
    """How to reach a participant, encrypted; ``digest`` (keyed) finds the same address again."""

    __table_args__ = (UniqueConstraint("study_id", "digest"),)

    participant_id: int = Field(primary_key=True, foreign_key="participant.id")
    study_id: int = Field(foreign_key="study.id")
    name: bytes
    email: bytes
    digest: str


class Consent(SQLModel, table=True):
    """One signature under one version of the consent document."""

    __table_args__ = (UniqueConstraint("participant_id", "version"),)

    id: int | None = Field(default=None, primary_key=True)
    participant_id: int = Field(foreign_key="participant.id")
    version: str
    language: str
    document_hash: str
    statements: dict[str, bool] = Field(sa_column=Column(JSON, nullable=False))
    signed_at: datetime = Field(sa_type=Utc)


class Allocation(SQLModel, table=True):
    """One irrevocable assignment of a participant to an arm, at a position of a list."""

    __table_args__ = (UniqueConstraint("study_id", "list", "position"),)

    id: int | None = Field(default=None, primary_key=True)
    study_id: int = Field(foreign_key="study.id")
    participant_id: int = Field(foreign_key="participant.id", unique=True)
    list: str
    position: int
    arm: str
    allocated_at: datetime = Field(sa_type=Utc)
