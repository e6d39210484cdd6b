"""Whether a message that is due may go: not at all, not yet, or now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from longwave.domain.lifecycle import AssessmentStatus, FollowUp, Messages, MessageState
from longwave.domain.lifecycle.participant import takes_data
from longwave.domain.messages import Kind, Reason, policy_of, reasons, room_at
from longwave.domain.messages.kinds import COUNTED, Counted
from longwave.domain.protocol.messaging import Allowance, MessageRules
from longwave.domain.schedule import outside_quiet_hours
from longwave.services import bounces
from longwave.services.study import current_protocol
from longwave.storage import message as messages
from longwave.storage import participant as participants
from longwave.storage.message import Due, Said
from longwave.storage.tables import Assessment
from longwave.storage.tables.base import key

_HOLD = timedelta(days=1)
"""How often is looked at what is held; whatever ends the waiting releases it at once."""

_REST = timedelta(hours=24)
"""The least time between two messages about one assessment, when one of them was late.

It is less where the protocol plans them closer to one another.
"""

_UNDER_WAY = (MessageState.PENDING, MessageState.SENDING)


@dataclass(frozen=True, slots=True)
class No:
    """It is not wanted any more."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Later:
    """It must wait."""

    until: datetime
    reason: Reason | None = None


Verdict = No | Later | None
"""What keeps a message from going now, if anything does."""


class Judge:
    """Judges a batch of messages, with what is known of all of them read at once."""

    def __init__(self, session: Session, batch: Sequence[Due], now: datetime) -> None:
        self._session, self._now = session, now
        urging = [due for due in batch if policy_of(due.message.kind).budget is not None]
        self._said = _said(session, urging)
        self._counted = [due for due in urging if self._allowance(due) is not None]
        self._busy: frozenset[int] = frozenset()
        self._sent: defaultdict[tuple[int, Counted], list[datetime]] = defaultdict(list)
        self._read_budgets()

    def judge(self, due: Due) -> Verdict:
        """Say what keeps a message from going now."""
        reason = self._unwanted(due)
        if reason is not None:
            return No(reason)
        held = _held(due)
        if held is not None:
            return Later(self._now + _HOLD, held)
        at = self._quiet(due, self._rested(due))
        return Later(at) if at > self._now else self._over_budget(due)

    def note(self, due: Due) -> None:
        """Note that a message goes: the next to the same person is judged with it."""
        budget = policy_of(due.message.kind).budget
        if budget is not None and due.participant is not None:
            self._sent[key(due.participant), budget].append(self._now)

    def is_busy(self, due: Due) -> bool:
        """Whether somebody else decides about a participant's budget at this moment."""
        return due.participant is not None and key(due.participant) in self._busy

    def _unwanted(self, due: Due) -> Reason | None:
        """Return why there is nothing to say any more, or nobody to say it to."""
        if due.staff is not None:
            return None if due.staff.removed_at is None else Reason.REMOVED
        if due.participant is None:
            return Reason.NOBODY
        if due.participant.erased_at is not None:
            return Reason.ERASED
        if due.assessment is None:
            gone = due.participant.follow_up == FollowUp.DECEASED
            return Reason.DECEASED if gone else self._late(due)
        if due.participant.follow_up != FollowUp.ACTIVE:
            return reasons.of_leaving(due.participant.follow_up)
        return self._over(due, due.assessment) or self._late(due)

    def _over(self, due: Due, assessment: Assessment) -> Reason | None:
        """Return why an assessment cannot be answered now."""
        status = AssessmentStatus(assessment.status)
        if status.is_over:
            return reasons.of_ending(status)
        if self._now >= assessment.expires_at or status == AssessmentStatus.SCHEDULED:
            return Reason.EXPIRED
        return None if takes_data(due.study.state) else Reason.LOCKED

    def _late(self, due: Due) -> Reason | None:
        """Return why a message came too late: after an outage, say."""
        message, fresh = due.message, policy_of(due.message.kind).fresh
        if fresh is not None and self._now > message.planned_at + fresh:
            return Reason.STALE
        return Reason.SUPERSEDED if self._successor(due, self._now) else None

    def _successor(self, due: Due, by: datetime) -> bool:
        """Whether a later reminder of the same assessment is due by an instant."""
        return due.message.kind == Kind.REMINDER and any(
            other.kind == Kind.REMINDER
            and other.state == MessageState.PENDING
            and other.id > key(due.message)
            and other.planned_at <= by
            for other in self._said[due.message.assessment_id]
        )

    def _rested(self, due: Due) -> datetime:
        """Return from when on a reminder does not come hard on another message."""
        at = self._now
        if due.message.kind != Kind.REMINDER or due.assessment is None:
            return at
        rest = self._rest(due, due.assessment)
        for other in self._said[due.message.assessment_id]:
            if other.state == MessageState.SENT and other.settled_at is not None:
                at = max(at, other.settled_at + rest)
            elif other.kind == Kind.INVITATION and other.state in _UNDER_WAY:
                at = max(at, self._now + rest)
        return at

    def _rest(self, due: Due, assessment: Assessment) -> timedelta:
        """Return the least time before this reminder, since the last message about the same."""
        protocol = current_protocol(self._session, due.study)
        spans = protocol.reminders_of(protocol.wave(assessment.wave))
        days = [0.0, *(span.nominal_days() for span in spans)]
        number = int(due.message.step.rpartition("-")[2])
        if number >= len(days):
            return _REST
        return min(_REST, timedelta(days=days[number] - days[number - 1]))

    def _quiet(self, due: Due, at: datetime) -> datetime:
        """Return the first instant from ``at`` on that is not in somebody's quiet hours."""
        message = due.message
        if due.participant is None or (message.at_once and message.attempts == 0):
            return at
        return outside_quiet_hours(at, due.participant.zone_at(at), self._rules(due).quiet_hours)

    def _over_budget(self, due: Due) -> Verdict:
        """Let a message wait that is one too many, as long as it is of use by then."""
        allowance, budget = self._allowance(due), policy_of(due.message.kind).budget
        if allowance is None or budget is None or due.participant is None:
            return None
        sent = self._sent[key(due.participant), budget]
        zone = due.participant.zone_at(self._now)
        at = room_at(allowance.count, allowance.per, sent, zone, self._now)
        if at <= self._now:
            return None
        at = self._quiet(due, at)
        return Later(at, Reason.BUDGET) if self._is_useful(due, at) else No(Reason.BUDGET)

    def _is_useful(self, due: Due, at: datetime) -> bool:
        fresh = policy_of(due.message.kind).fresh
        if fresh is not None and at > due.message.planned_at + fresh:
            return False
        if due.assessment is not None and at >= due.assessment.expires_at:
            return False
        return not self._successor(due, at)

    def _read_budgets(self) -> None:
        """Hold the people whose budgets are looked at, and read what they were sent."""
        if not self._counted:
            return
        people = sorted({key(due.participant) for due in self._counted if due.participant})
        free = participants.lock_free(self._session, people)
        self._busy = frozenset(people) - free
        since = self._now - max(_longest(self._allowance(due)) for due in self._counted)
        for found in messages.contacted(self._session, free, list(COUNTED), since):
            budget = COUNTED[found.kind]
            self._sent[found.participant_id, budget].append(found.at or self._now)

    def _rules(self, due: Due) -> MessageRules:
        return current_protocol(self._session, due.study).messages

    def _allowance(self, due: Due) -> Allowance | None:
        budget = policy_of(due.message.kind).budget
        return None if budget is None else self._rules(due).budget.get(budget)


def _said(session: Session, urging: Sequence[Due]) -> defaultdict[int | None, list[Said]]:
    """Return what else is and was said about the assessments of some reminders."""
    ids = {due.message.assessment_id for due in urging}
    said: defaultdict[int | None, list[Said]] = defaultdict(list)
    for found in messages.about(session, [number for number in ids if number is not None]):
        said[found.assessment_id].append(found)
    return said


def _held(due: Due) -> Reason | None:
    """Return what holds a message, until somebody does something about it."""
    if due.participant is None:
        return None
    policy = policy_of(due.message.kind)
    if due.participant.messages != Messages.ON and not policy.while_paused:
        return Reason.PAUSED
    if due.contact is None or policy.elsewhere:
        return None
    since = bounces.suppressed_at(due.contact, due.message.channel)
    return None if since is None else Reason.SUPPRESSED


def _longest(allowance: Allowance | None) -> timedelta:
    """Return the longest that a budget's span can last, and a day for what clocks may do."""
    return timedelta(days=0 if allowance is None else allowance.per.longest_days() + 1)
