"""The states that studies, participants, assessments and messages can be in."""

from __future__ import annotations

from enum import StrEnum


class StudyMode(StrEnum):
    """Whether a study is real; decided once, for ever."""

    LIVE = "live"
    TRIAL_RUN = "trial_run"


class StudyState(StrEnum):
    """Where a study is in its life."""

    DRAFT = "draft"
    APPROVED = "approved"
    OPEN = "open"
    CLOSED = "closed"
    LOCKED = "locked"
    ARCHIVED = "archived"


class Stage(StrEnum):
    """How far a participant has come into the study."""

    SCREENED = "screened"
    INELIGIBLE = "ineligible"
    CONSENTED = "consented"
    ENROLLED = "enrolled"
    RANDOMISED = "randomised"


class ProgrammeState(StrEnum):
    """Where a participant is in the programme; stopping it is not withdrawal."""

    NOT_STARTED = "not_started"
    ON = "on"
    STOPPED = "stopped"
    COMPLETED = "completed"


class FollowUp(StrEnum):
    """Whether a participant is still being followed."""

    ACTIVE = "active"
    COMPLETED = "completed"
    LOST = "lost"
    WITHDRAWN = "withdrawn"
    DECEASED = "deceased"


class Messages(StrEnum):
    """Whether a participant wants messages."""

    ON = "on"
    PAUSED = "paused"


class ScreeningOutcome(StrEnum):
    """How it ended with somebody who was thought of for the study and did not enrol."""

    APPROACHED = "approached"
    DECLINED = "declined"
    INELIGIBLE = "ineligible"


class AssessmentStatus(StrEnum):
    """What has become of one assessment."""

    SCHEDULED = "scheduled"
    OPEN = "open"
    STARTED = "started"
    COMPLETED = "completed"
    PARTIAL = "partial"
    EXPIRED = "expired"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        """Whether nothing more can be answered."""
        return self in _OVER


_OVER = frozenset(
    {
        AssessmentStatus.COMPLETED,
        AssessmentStatus.PARTIAL,
        AssessmentStatus.EXPIRED,
        AssessmentStatus.CANCELLED,
    }
)


class MessageState(StrEnum):
    """What has become of one message. ``uncertain``: it may or may not have been delivered."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    CANCELLED = "cancelled"


class Channel(StrEnum):
    """By what a message goes."""

    EMAIL = "email"
    SMS = "sms"


class BounceKind(StrEnum):
    """What a receiving server tells of a message that it did not deliver.

    ``hard``: it never will be. ``soft``: not now. ``complaint``: it was marked as unwanted.
    """

    HARD = "hard"
    SOFT = "soft"
    COMPLAINT = "complaint"


class Role(StrEnum):
    """What a member of staff may do."""

    OWNER = "owner"
    COORDINATOR = "coordinator"
    FACILITATOR = "facilitator"
    ANALYST = "analyst"
    MONITOR = "monitor"
