"""What the API answers: shapes of their own, so that a table can change without them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from longwave.domain.blinding import Viewer
from longwave.services.events import ShownEvent
from longwave.services.overview import ParticipantRow, StudyOverview, WaveCounts
from longwave.services.study.opening import analysis_hash
from longwave.services.tasks import ShownTask
from longwave.storage.delivery import DeliveryLine
from longwave.storage.tables import ProtocolVersion, Study


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
    def seen(cls, overview: StudyOverview, viewer: Viewer) -> StudyDetail:
        """Take of an overview what somebody may see."""
        arms = overview.arms.for_viewer(viewer)
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
    def seen(cls, row: ParticipantRow, viewer: Viewer) -> Participant:
        """Take of a row what somebody may see."""
        return cls(
            public_id=row.public_id,
            site=row.site,
            language=row.language,
            stage=row.stage,
            follow_up=row.follow_up,
            programme=row.programme.for_viewer(viewer),
            arm=row.arm.for_viewer(viewer),
            enrolled_on=row.enrolled_on,
            waves=dict(row.waves),
        )


class ParticipantPage(BaseModel):
    """A part of the participants, and how many there are in all."""

    total: int
    offset: int
    participants: list[Participant]


class StudyStep(BaseModel):
    """Where a study is after a step, with the hashes to deposit where nobody can change them."""

    slug: str
    mode: str
    state: str
    protocol_hash: str = Field(description="SHA-256 of the version of the protocol in force.")
    analysis_hash: str = Field(description="SHA-256 of its planned analysis.")
    commitment: str | None = Field(
        description="SHA-256 of the sealed settings of the randomisation, fixed at approval."
    )

    @classmethod
    def of(cls, study: Study, version: ProtocolVersion) -> StudyStep:
        """Take a study and the version in force."""
        return cls(
            slug=study.slug,
            mode=study.mode,
            state=study.state,
            protocol_hash=version.hash,
            analysis_hash=analysis_hash(version),
            commitment=study.commitment,
        )


class Event(BaseModel):
    """One line of the audit trail."""

    id: int | None = Field(description="Null for blinded staff, whom gaps would tell something.")
    at: datetime
    kind: str
    actor: str
    participant: str | None = Field(description="Public id of whom it is about.")
    payload: dict[str, Any]

    @classmethod
    def of(cls, event: ShownEvent) -> Event:
        """Take an event as its reader may see it."""
        return cls(
            id=event.id,
            at=event.at,
            kind=event.kind,
            actor=event.actor,
            participant=event.participant,
            payload=event.payload,
        )


class EventPage(BaseModel):
    """A part of the audit trail, the oldest first."""

    events: list[Event]
    next: str | None = Field(description="What to send as `after` for the next part, if any.")


class Randomisation(BaseModel):
    """What anybody on the staff may know of a randomisation: no arm, no block size, no seed."""

    method: str
    strata: list[str]
    cluster: str | None
    after: str = Field(description="The wave after which participants are randomised.")
    commitment: str | None
    allocations: int = Field(description="How many participants at your sites were randomised.")


class Verification(BaseModel):
    """Whether every allocation is the one that the sealed settings give, and nothing more."""

    passed: bool


class Screened(BaseModel):
    """How many lines of the register end how, at your sites."""

    site: str
    outcome: str
    reason: str | None
    count: int


class UnblindingRequest(BaseModel):
    """An emergency unblinding that waits for its confirmation."""

    id: int
    expires_at: datetime


class Unblinded(BaseModel):
    """The arm of one participant, told in an emergency."""

    arm: str


class ArmFlow(BaseModel):
    """One arm's part of the flow; `clusters` is null unless clusters are allocated."""

    model_config = ConfigDict(from_attributes=True)

    arm: str
    allocated: int
    clusters: int | None
    received: int
    stopped: int
    crossed_over: int
    lost: int
    deceased: int
    withdrew: int
    completed: int
    analysed: int


class Flow(BaseModel):
    """The flow of participants after CONSORT, counted from the audit trail alone."""

    model_config = ConfigDict(from_attributes=True)

    slug: str
    trial_run: bool
    sites: list[str] | None = Field(description="The sites that were counted; null for all.")
    wave: str = Field(description="Whoever answered this wave counts as analysed.")
    approached: int
    declined: int
    assessed: int
    excluded: int
    excluded_by_reason: dict[str, int]
    undecided: int
    enrolled: int
    not_randomised: int
    not_randomised_by_reason: dict[str, int]
    randomised: int
    randomised_in_error: int
    lost: int
    deceased: int
    withdrew: int
    completed: int | None = Field(
        description="Null for the blinded where waves count from the programme."
    )
    analysed: int
    arms: list[ArmFlow] | None = Field(description="Null for blinded staff.")


class Message(BaseModel):
    """What became of one message, as far as it did."""

    model_config = ConfigDict(from_attributes=True)

    participant: str | None = Field(
        validation_alias="public_id", description="Null for a message to staff."
    )
    kind: str
    step: str
    occurrence: int
    channel: str
    state: str
    reason: str | None = Field(description="Why it waits, or was not sent.")
    attempts: int
    segments: int | None = Field(description="The parts of an SMS.")
    planned_at: datetime
    due_at: datetime = Field(description="When it may go at the earliest, as things stand.")
    claimed_at: datetime | None
    sent_at: datetime | None
    bounced_at: datetime | None
    bounce: str | None
    bounce_status: str | None
    opened_at: datetime | None = Field(description="When the link was first followed.")
    answered_at: datetime | None

    @classmethod
    def of(cls, line: DeliveryLine) -> Message:
        """Take a line of the log."""
        return cls.model_validate(line)


class MessagePage(BaseModel):
    """A part of the messages, and how many there are in all."""

    total: int
    offset: int
    messages: list[Message]


class Task(BaseModel):
    """Something that the team has to see to."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    kind: str
    what: str
    participant: str | None
    added_at: datetime
    done_at: datetime | None
    done_by: str | None
    note: str | None = Field(description="Null for blinded staff.")

    @classmethod
    def of(cls, task: ShownTask) -> Task:
        """Take a task as its reader may see it."""
        return cls.model_validate(task)


class TakenBounce(BaseModel):
    """What became of a report on a message."""

    known: bool = Field(description="Whether it is about a message that you may report on.")
    kind: str | None
    status: str | None
    ignored: str | None = Field(description="Why nothing was done.")
