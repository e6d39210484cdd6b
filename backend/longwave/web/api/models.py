"""What the API answers: shapes of their own, so that a table can change without them."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel, Field

from longwave.services.overview import ParticipantRow, StudyOverview, WaveCounts


class ErrorDetail(BaseModel):
    """What was wrong, and what to do."""

    message: str
    remedy: str
    fields: dict[str, str]


class Error(BaseModel):
    """The body of every response from 400 on."""

    error: ErrorDetail


class StudySummary(BaseModel):
    """A study in a list."""

    slug: str
    title: dict[str, str]
    mode: str
    state: str
    protocol_version: int
    protocol_hash: str
    target_n: int
    enrolled: int

    @classmethod
    def of(cls, overview: StudyOverview) -> StudySummary:
        """Take what a list shows from an overview."""
        return cls(
            slug=overview.study.slug,
            title=dict(overview.title),
            mode=overview.study.mode,
            state=overview.study.state,
            protocol_version=overview.protocol_version,
            protocol_hash=overview.protocol_hash,
            target_n=overview.target_n,
            enrolled=overview.enrolled,
        )


class Wave(BaseModel):
    """How many assessments of a wave stand where."""

    wave: str
    label: dict[str, str]
    due: int
    completed: int
    open: int
    partial: int
    missed: int
    cancelled: int

    @classmethod
    def of(cls, counts: WaveCounts) -> Wave:
        """Take the counts."""
        return cls(
            wave=counts.wave,
            label=dict(counts.label),
            due=counts.due,
            completed=counts.completed,
            open=counts.open,
            partial=counts.partial,
            missed=counts.missed,
            cancelled=counts.cancelled,
        )


class Arm(BaseModel):
    """One arm's counts."""

    arm: str
    label: dict[str, str]
    randomised: int
    withdrawn: int
    waves: list[Wave]


class StudyDetail(StudySummary):
    """A study at a glance. ``arms`` is null for blinded staff."""

    opened_at: datetime | None
    screened: int
    ineligible: int
    randomised: int
    withdrawn: int
    waves: list[Wave]
    arms: list[Arm] | None = Field(description="Null for blinded staff.")
    messages: dict[str, int]
    last_tick: datetime | None

    @classmethod
    def of(cls, overview: StudyOverview) -> StudyDetail:
        """Take all of an overview."""
        arms = overview.arms
        return cls(
            **StudySummary.of(overview).model_dump(),
            opened_at=overview.study.opened_at,
            screened=overview.screened,
            ineligible=overview.ineligible,
            randomised=overview.randomised,
            withdrawn=overview.withdrawn,
            waves=[Wave.of(wave) for wave in overview.waves],
            arms=None
            if arms is None
            else [
                Arm(
                    arm=arm.arm,
                    label=dict(arm.label),
                    randomised=arm.randomised,
                    withdrawn=arm.withdrawn,
                    waves=[Wave.of(wave) for wave in arm.waves],
                )
                for arm in arms
            ],
            messages=dict(overview.messages),
            last_tick=overview.last_tick,
        )


class Participant(BaseModel):
    """One participant under the study's public id."""

    public_id: str
    site: str
    language: str
    stage: str
    follow_up: str
    programme: str | None = Field(description="Null for blinded staff.")
    arm: str | None = Field(description="Null before randomisation, and for blinded staff.")
    enrolled_on: date
    waves: dict[str, str]

    @classmethod
    def of(cls, row: ParticipantRow) -> Participant:
        """Take a row."""
        return cls(
            public_id=row.public_id,
            site=row.site,
            language=row.language,
            stage=row.stage,
            follow_up=row.follow_up,
            programme=row.programme,
            arm=row.arm,
            enrolled_on=row.enrolled_on,
            waves=dict(row.waves),
        )


class ParticipantPage(BaseModel):
    """A part of the participants, and how many there are in all."""

    total: int
    offset: int
    participants: list[Participant]
