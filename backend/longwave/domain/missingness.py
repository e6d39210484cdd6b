"""Why a value is absent: exactly one reason each, judged when the window closed.

The order in which the reasons stand in `AssessmentGap` and `ItemGap` is the order in which
they are considered; the first that applies is the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from longwave.domain.lifecycle import AssessmentStatus, FollowUp, MessageState


class AssessmentGap(StrEnum):
    """Why an assessment was not begun."""

    ERASED = "erased"
    DECEASED = "deceased"
    WITHDRAWN = "withdrawn"
    LOST = "lost"
    NOT_PLANNED = "not_planned"
    NOT_DUE = "not_due"
    PENDING = "pending"
    CANCELLED = "cancelled"
    PAUSED = "paused"
    NOT_SENT = "not_sent"
    BOUNCED = "bounced"
    UNOPENED = "unopened"
    OPENED = "opened"


class ItemGap(StrEnum):
    """Why an item of an assessment that was begun has no value."""

    NOT_IN_VERSION = "not_in_version"
    NOT_SHOWN = "not_shown"
    REFUSED = "refused"
    SKIPPED = "skipped"
    NOT_REACHED = "not_reached"
    INVALIDATED = "invalidated"
    WITHHELD = "withheld"


class ScoreGap(StrEnum):
    """Why a scale of an assessment that was begun has no score."""

    NOT_IN_VERSION = "not_in_version"
    TOO_FEW_ITEMS = "too_few_items"


EXPLANATIONS: dict[str, str] = {
    AssessmentGap.ERASED: "The participant had the data erased.",
    AssessmentGap.DECEASED: "The participant had died.",
    AssessmentGap.WITHDRAWN: "The participant had withdrawn.",
    AssessmentGap.LOST: "The participant had been lost to follow-up.",
    AssessmentGap.NOT_PLANNED: (
        "The event that this wave counts from had not happened, the participant entered too late "
        "for it, or nobody had asked for it."
    ),
    AssessmentGap.NOT_DUE: "The window had not opened by the cut-off.",
    AssessmentGap.PENDING: "The window was still open at the cut-off.",
    AssessmentGap.CANCELLED: "The assessment was cancelled.",
    AssessmentGap.PAUSED: "The participant had paused messages.",
    AssessmentGap.NOT_SENT: "No invitation went out before the assessment closed.",
    AssessmentGap.BOUNCED: "Every invitation was refused or came back, or the address was dead.",
    AssessmentGap.UNOPENED: "The link was never opened.",
    AssessmentGap.OPENED: "The link was opened, but no question answered.",
    ItemGap.NOT_IN_VERSION: "The version of the protocol then in force did not ask for it.",
    ItemGap.NOT_SHOWN: "A rule of the instrument left the item out.",
    ItemGap.REFUSED: "The participant chose not to answer.",
    ItemGap.SKIPPED: "The participant passed the item over.",
    ItemGap.NOT_REACHED: "The participant stopped before the item.",
    ItemGap.INVALIDATED: "A correction removed the value.",
    ItemGap.WITHHELD: "There is a value; free text or dates were not asked for.",
    ScoreGap.TOO_FEW_ITEMS: "Fewer items were answered than the scale needs.",
}
"""Every code with what it means, for code books."""


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """What happened to the participant, as far as it can make an assessment absent.

    Death and loss carry no instant: they hold for the assessments that they cancelled.
    ``pauses`` says, in order, from when the participant wanted no messages (True) or wanted
    them again (False); ``dead_addresses`` from when the address was known to be dead (True) or
    was another one (False).
    """

    follow_up: str = FollowUp.ACTIVE
    withdrawn_at: datetime | None = None
    pauses: tuple[tuple[datetime, bool], ...] = ()
    erased: bool = False
    dead_addresses: tuple[tuple[datetime, bool], ...] = ()

    def paused_at(self, instant: datetime) -> bool:
        """Whether messages were paused at ``instant``."""
        return _holds(self.pauses, instant)

    def unreachable_at(self, instant: datetime) -> bool:
        """Whether the address was known to be dead at ``instant``."""
        return _holds(self.dead_addresses, instant)


@dataclass(frozen=True, slots=True)
class AssessmentFacts:
    """One planned assessment.

    ``closes_at`` is when it closed, if a rule of expiry closed it before its window did, and the
    end of its window otherwise. ``invitations`` holds the states that its invitation and
    reminders had by then.
    """

    status: str
    opens_at: datetime
    closes_at: datetime
    opened_at: datetime | None = None
    started_at: datetime | None = None
    invitations: frozenset[str] = frozenset()


BOUNCED = "bounced"
"""The state of a message that was sent and came back."""

_RETURNED = frozenset({MessageState.FAILED, BOUNCED})
_DELIVERED = frozenset({MessageState.SENT, MessageState.UNCERTAIN})


def assessment_gap(
    person: PersonFacts, assessment: AssessmentFacts | None, cut_off: datetime
) -> AssessmentGap | None:
    """Return why an assessment was not begun, or None if it was.

    Parameters
    ----------
    person
        The participant.
    assessment
        The assessment; None if it was never planned.
    cut_off
        Up to when the data reach.
    """
    if person.erased:
        return AssessmentGap.ERASED
    if assessment is not None and _by(assessment.started_at, cut_off):
        return None
    return _person_gap(person, assessment, cut_off) or _window_gap(person, assessment, cut_off)


def item_gap(
    *,
    in_version: bool = True,
    shown: bool = True,
    invalidated: bool = False,
    recorded: str | None = None,
    passed: bool = False,
) -> ItemGap:
    """Return why an item without a value has none, in an assessment that was begun.

    Parameters
    ----------
    in_version
        Whether the protocol version of the assessment asks for the item.
    shown
        Whether the item was shown.
    invalidated
        Whether a correction removed its value.
    recorded
        The reason that was stored with the item, or with which its value was read: "refused",
        "skipped", "withheld" or None.
    passed
        Whether the assessment was submitted, or a later item has an answer or a reason.
    """
    if not in_version:
        return ItemGap.NOT_IN_VERSION
    if not shown:
        return ItemGap.NOT_SHOWN
    if recorded is not None:
        return ItemGap(recorded)
    if invalidated:
        return ItemGap.INVALIDATED
    return ItemGap.SKIPPED if passed else ItemGap.NOT_REACHED


def score_gap(
    value: float | None, *, assessment: AssessmentGap | None, in_version: bool
) -> AssessmentGap | ScoreGap | None:
    """Return why a scale has no score, or None if it has one.

    Parameters
    ----------
    value
        The score.
    assessment
        Why its assessment was not begun, or None if it was.
    in_version
        Whether the protocol version of the assessment asks for the instrument.
    """
    if value is not None:
        return None
    if assessment is not None:
        return assessment
    return ScoreGap.TOO_FEW_ITEMS if in_version else ScoreGap.NOT_IN_VERSION


def _person_gap(
    person: PersonFacts, assessment: AssessmentFacts | None, cut_off: datetime
) -> AssessmentGap | None:
    judged_at = cut_off if assessment is None else min(assessment.closes_at, cut_off)
    stopped = assessment is None or assessment.status == AssessmentStatus.CANCELLED
    if person.follow_up == FollowUp.DECEASED and stopped:
        return AssessmentGap.DECEASED
    if _by(person.withdrawn_at, judged_at):
        return AssessmentGap.WITHDRAWN
    if person.follow_up == FollowUp.LOST and stopped:
        return AssessmentGap.LOST
    return None


def _window_gap(
    person: PersonFacts, assessment: AssessmentFacts | None, cut_off: datetime
) -> AssessmentGap:
    if assessment is None:
        return AssessmentGap.NOT_PLANNED
    cancelled = assessment.status == AssessmentStatus.CANCELLED
    if not cancelled and cut_off < assessment.opens_at:
        return AssessmentGap.NOT_DUE
    if not cancelled and cut_off < assessment.closes_at:
        return AssessmentGap.PENDING
    if cancelled:
        return AssessmentGap.CANCELLED
    if _by(assessment.opened_at, cut_off):
        return AssessmentGap.OPENED
    return _invitation_gap(person, assessment)


def _invitation_gap(person: PersonFacts, assessment: AssessmentFacts) -> AssessmentGap:
    if assessment.invitations & _DELIVERED:
        return AssessmentGap.UNOPENED
    if person.paused_at(assessment.closes_at):
        return AssessmentGap.PAUSED
    if assessment.invitations & _RETURNED or person.unreachable_at(assessment.closes_at):
        return AssessmentGap.BOUNCED
    return AssessmentGap.NOT_SENT


def _holds(changes: tuple[tuple[datetime, bool], ...], instant: datetime) -> bool:
    states = [state for since, state in changes if since <= instant]
    return bool(states) and states[-1]


def _by(instant: datetime | None, limit: datetime) -> bool:
    return instant is not None and instant <= limit
