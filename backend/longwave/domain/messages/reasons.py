"""Why a message was not sent, or waits."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from longwave.domain.lifecycle import AssessmentStatus, FollowUp


class Reason(StrEnum):
    """Why a message was cancelled or given up; or, of one that is pending, why it waits.

    ``paused`` and ``suppressed`` never cancel: they hold a message until its person wants
    messages again, or has an address that works.
    """

    COMPLETED = "completed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"
    LOST = "lost"
    DECEASED = "deceased"
    ERASED = "erased"
    LOCKED = "locked"
    REMOVED = "removed"
    SUPERSEDED = "superseded"
    STALE = "stale"
    BUDGET = "budget"
    NOBODY = "nobody"
    REFUSED = "refused"
    GIVEN_UP = "given_up"
    UNKNOWN_OUTCOME = "unknown_outcome"
    PAUSED = "paused"
    SUPPRESSED = "suppressed"
    RATE = "rate"


def of_ending(status: str) -> Reason:
    """Return why nothing more is said about an assessment that ended like this."""
    if status == AssessmentStatus.COMPLETED:
        return Reason.COMPLETED
    if status == AssessmentStatus.CANCELLED:
        return Reason.CANCELLED
    return Reason.EXPIRED


def of_leaving(follow_up: str) -> Reason:
    """Return why nothing more is said to a participant who is no longer followed."""
    return _LEAVING.get(follow_up, Reason.CANCELLED)


_LEAVING: Mapping[str, Reason] = {
    FollowUp.COMPLETED: Reason.COMPLETED,
    FollowUp.LOST: Reason.LOST,
    FollowUp.WITHDRAWN: Reason.WITHDRAWN,
    FollowUp.DECEASED: Reason.DECEASED,
}
