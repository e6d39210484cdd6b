"""Participants, what they consented to, how to reach them, and the arm they were given."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, Column, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from longwave.domain.lifecycle import (
    Channel,
    FollowUp,
    Messages,
    ProgrammeState,
    ScreeningOutcome,
    Stage,
)
from longwave.storage.tables.base import Utc, one_of

_HAS_SCREENING = text("screening IS NOT NULL")


class Participant(SQLModel, table=True):
    """A person under a public study id. No name and no address stands here.

    ``screening`` holds the answers to the eligibility questions of those who were eligible;
    of the ineligible only ``ineligible_reason`` is kept. ``zone`` is an IANA name. ``stratum``
    is frozen at randomisation; ``stratum_actual`` stands beside it where it was entered wrongly.
    ``duplicate_of`` is the participant whose address was given once more. ``crossover_due_at``
    is when a crossover is due that no wave brings about; ``programme_ends_at`` is when the last
    session of the programme is over, once that is known. ``planned_version`` is the number of the
    protocol's version by which waves were last planned. From ``zone_changes_at`` on ``next_zone``
    takes the place of ``zone``: ask `zone_at`.
    """

    __table_args__ = (
        one_of("stage", Stage),
        one_of("programme", ProgrammeState),
        one_of("follow_up", FollowUp),
        one_of("messages", Messages),
        UniqueConstraint("study_id", "public_id"),
        Index(None, "study_id", "stage"),
        Index(None, "study_id", "planned_version"),
        Index(None, "crossover_due_at"),
        Index(None, "programme_ends_at"),
        Index(
            None,
            "stage",
            "screened_at",
            sqlite_where=_HAS_SCREENING,
            postgresql_where=_HAS_SCREENING,
        ),
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
    stratum_actual: str | None = None
    duplicate_of: int | None = Field(default=None, foreign_key="participant.id")
    screened_at: datetime = Field(sa_type=Utc)
    enrolled_at: datetime | None = Field(default=None, sa_type=Utc)
    randomised_at: datetime | None = Field(default=None, sa_type=Utc)
    randomised_in_error_at: datetime | None = Field(default=None, sa_type=Utc)
    crossover_due_at: datetime | None = Field(default=None, sa_type=Utc)
    crossover_at: datetime | None = Field(default=None, sa_type=Utc)
    programme_ends_at: datetime | None = Field(default=None, sa_type=Utc)
    withdrawn_at: datetime | None = Field(default=None, sa_type=Utc)
    erased_at: datetime | None = Field(default=None, sa_type=Utc)
    planned_version: int | None = None
    next_zone: str | None = None
    zone_changes_at: datetime | None = Field(default=None, sa_type=Utc)

    def zone_at(self, at: datetime) -> str:
        """Return the time zone that the participant lives by at an instant."""
        if self.next_zone is None or self.zone_changes_at is None or at < self.zone_changes_at:
            return self.zone
        return self.next_zone


class Contact(SQLModel, table=True):
    """How to reach a participant, encrypted; ``digest`` (keyed) finds the same address again.

    ``verified_at`` is when somebody first pressed the button behind a link sent to the address.
    ``channel`` is by what messages go; those by SMS need a ``phone``. Since ``email_suppressed_at``
    nothing goes to the address, since ``phone_suppressed_at`` nothing to the number: it does not
    exist, or its owner wants no more. Somebody who is reached by telephone alone has no ``email``.
    """

    __table_args__ = (one_of("channel", Channel), UniqueConstraint("study_id", "digest"))

    participant_id: int = Field(primary_key=True, foreign_key="participant.id")
    study_id: int = Field(foreign_key="study.id")
    name: bytes
    email: bytes | None = None
    digest: str
    verified_at: datetime | None = Field(default=None, sa_type=Utc)
    phone: bytes | None = None
    channel: str = Channel.EMAIL
    email_suppressed_at: datetime | None = Field(default=None, sa_type=Utc)
    phone_suppressed_at: datetime | None = Field(default=None, sa_type=Utc)


class PersonalKey(SQLModel, table=True):
    """The key under which a participant's personal values stand in the trail, itself encrypted.

    Without this row they can be read by nobody, and the trail still verifies.
    """

    __tablename__ = "personal_key"

    participant_id: int = Field(primary_key=True, foreign_key="participant.id")
    key: bytes


class Consent(SQLModel, table=True):
    """One signature under one version of the consent document. Triggers refuse to change it."""

    __table_args__ = (UniqueConstraint("participant_id", "version"),)

    id: int | None = Field(default=None, primary_key=True)
    participant_id: int = Field(foreign_key="participant.id")
    version: str
    language: str
    document_hash: str
    statements: dict[str, bool] = Field(sa_column=Column(JSON, nullable=False))
    signed_at: datetime = Field(sa_type=Utc)


class ConsentChoice(SQLModel, table=True):
    """A further use allowed, or no longer allowed, from an instant on; the last one holds."""

    __tablename__ = "consent_choice"

    id: int | None = Field(default=None, primary_key=True)
    participant_id: int = Field(foreign_key="participant.id", index=True)
    use: str
    allowed: bool
    chosen_at: datetime = Field(sa_type=Utc)


class Screening(SQLModel, table=True):
    """A line of the screening register: somebody who was approached, declined or is ineligible.

    ``digest`` is the keyed hash of an address, by which the same person is found again.
    """

    __table_args__ = (
        one_of("outcome", ScreeningOutcome),
        Index(None, "study_id", "digest"),
    )

    id: int | None = Field(default=None, primary_key=True)
    study_id: int = Field(foreign_key="study.id")
    site: str
    outcome: str
    reason: str | None = None
    digest: str | None = None
    entered_by: str
    entered_at: datetime = Field(sa_type=Utc)


class Allocation(SQLModel, table=True):
    """One irrevocable assignment to an arm, at a position of a list.

    It is a participant's, or that of a whole ``cluster`` (``factor=level``). A member's own
    allocation repeats its cluster's arm, on the list ``cluster:<cluster>``.
    """

    __table_args__ = (
        UniqueConstraint("study_id", "list", "position"),
        UniqueConstraint("study_id", "cluster"),
        CheckConstraint("(participant_id IS NULL) != (cluster IS NULL)", name="whose"),
    )

    id: int | None = Field(default=None, primary_key=True)
    study_id: int = Field(foreign_key="study.id")
    participant_id: int | None = Field(default=None, foreign_key="participant.id", unique=True)
    cluster: str | None = None
    list: str
    position: int
    arm: str
    allocated_at: datetime = Field(sa_type=Utc)


class ArmPeriod(SQLModel, table=True):
    """What a participant's arm meant for a time: waiting, or in a programme.

    A crossover ends one period and begins the next; stopping the programme does neither.
    """

    __tablename__ = "arm_period"
    __table_args__ = (UniqueConstraint("participant_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    participant_id: int = Field(foreign_key="participant.id")
    number: int
    arm: str
    programme: str | None = None
    starts_at: datetime = Field(sa_type=Utc)
    ends_at: datetime | None = Field(default=None, sa_type=Utc)


class Unblinding(SQLModel, table=True):
    """A request to learn one participant's arm in an emergency, and when it was confirmed."""

    id: int | None = Field(default=None, primary_key=True)
    participant_id: int = Field(foreign_key="participant.id", index=True)
    staff_id: int = Field(foreign_key="staff.id")
    reason: str
    requested_at: datetime = Field(sa_type=Utc)
    expires_at: datetime = Field(sa_type=Utc)
    confirmed_at: datetime | None = Field(default=None, sa_type=Utc)


class Code(SQLModel, table=True):
    """A short secret that was sent to a participant, who types it to prove that it is she.

    Only its keyed hash is kept; ``wrong`` counts what was typed instead. ``address`` (encrypted) is
    where a message about it goes, if not to where its person is reached: the new address until it
    was proved, the old one afterwards.
    """

    id: int | None = Field(default=None, primary_key=True)
    participant_id: int = Field(foreign_key="participant.id", index=True)
    purpose: str
    code_hash: str
    asked_at: datetime = Field(sa_type=Utc)
    expires_at: datetime = Field(sa_type=Utc)
    wrong: int = 0
    used_at: datetime | None = Field(default=None, sa_type=Utc)
    address: bytes | None = None
