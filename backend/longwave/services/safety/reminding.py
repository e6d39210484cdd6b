"""Alerts that nobody has acknowledged: those who were told are reminded, then others are told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from longwave.domain.protocol.alerting import SafetyRule
from longwave.domain.safety import steps
from longwave.services import audit
from longwave.services.dealing import deal
from longwave.services.safety.telling import tell
from longwave.services.study import protocol_of
from longwave.storage import alert as alerts
from longwave.storage.alert import FoundAlert

_ACTOR = "clockwork"


def remind_due(session: Session, *, now: datetime, limit: int) -> int:
    """Take the steps that are due for alerts that wait; return how many alerts there were.

    Several that fell due together, as after an outage, are one.
    """

    def remind_all(part: Sequence[FoundAlert]) -> None:
        for found in part:
            _remind(session, found, now)
        session.flush()

    due = alerts.due(session, now, limit)
    return deal(session, due, remind_all, whose=lambda found: found.participant, now=now)


def rule_of(session: Session, found: FoundAlert) -> SafetyRule:
    """Return the rule that was set off, as the protocol of the assessment has it."""
    protocol = protocol_of(session, found.assessment.protocol_version_id)
    return next(rule for rule in protocol.safety if rule.id == found.alert.rule)


def _remind(session: Session, found: FoundAlert, now: datetime) -> None:
    alert, alerting = found.alert, rule_of(session, found).alert
    planned = steps(alerting, alert.raised_at)
    before = alert.escalations
    alert.escalations = sum(step.at <= now for step in planned)
    rest = planned[alert.escalations :]
    alert.escalates_at = rest[0].at if rest else None
    audit.note(
        session,
        "safety.reminded",
        {
            "wave": found.assessment.wave,
            "occurrence": found.assessment.occurrence,
            "number": found.number,
            "steps": alert.escalations,
            "escalated": any(step.escalates for step in planned[before : alert.escalations]),
        },
        study_id=alert.study_id,
        participant_id=alert.participant_id,
        actor=_ACTOR,
        now=now,
    )
    tell(session, found, alerting, now=now)
