"""Answers looked at by the rules of the protocol, in the transaction that saves them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlmodel import Session

from longwave.domain.protocol.alerting import SafetyRule
from longwave.domain.protocol.model import Protocol
from longwave.domain.rules import compile_rule
from longwave.domain.safety import instruments_in, steps, values_of, variables_of
from longwave.services import audit
from longwave.services.safety.telling import tell
from longwave.services.study import protocol_of
from longwave.storage import alert as alerts
from longwave.storage import assessment as assessments
from longwave.storage import participant as participants
from longwave.storage.alert import FoundAlert
from longwave.storage.tables import Alert, Assessment
from longwave.storage.tables.base import key

_ACTOR = "safety"


def look(
    session: Session,
    assessment: Assessment,
    *,
    now: datetime,
    instruments: frozenset[str] | None = None,
    at_the_end: bool = False,
) -> bool:
    """Look at the answers of an assessment, and raise an alert for each rule that now holds.

    The caller holds the participant, so that each rule is raised once, however many save at once.

    Parameters
    ----------
    instruments
        Those whose answers have changed; only rules that look at them are looked at. None for all.
    at_the_end
        Whether nothing more is to come for now; see `longwave.domain.safety.values_of`.

    Returns
    -------
    bool
        Whether an alert was raised.
    """
    protocol = protocol_of(session, assessment.protocol_version_id)
    concerned = [
        rule
        for rule in protocol.safety
        if rule.holds_at(assessment.wave)
        and (instruments is None or not instruments.isdisjoint(instruments_in(rule.when)))
    ]
    if not concerned:
        return False
    holding = list(_holding(session, assessment, protocol, concerned, at_the_end))
    known = alerts.of_assessment(session, key(assessment)) if holding else []
    new = [rule for rule in holding if rule.id not in {alert.rule for alert in known}]
    for number, rule in enumerate(new, start=len(known) + 1):
        _raise(session, assessment, rule, number, now)
    return bool(new)


def has_raised(session: Session, assessment: Assessment, *, now: datetime | None = None) -> bool:
    """Whether the answers of an assessment have raised an alert; with ``now``, at this moment."""
    if not protocol_of(session, assessment.protocol_version_id).safety:
        return False
    raised = alerts.of_assessment(session, key(assessment))
    return any(now is None or alert.raised_at == now for alert in raised)


def _holding(
    session: Session,
    assessment: Assessment,
    protocol: Protocol,
    rules: list[SafetyRule],
    at_the_end: bool,
) -> Iterator[SafetyRule]:
    given = assessments.answers(session, key(assessment))
    settled = {place: answer.value for place, answer in given.items()}
    asked = protocol.wave(assessment.wave).instruments
    for rule in rules:
        named = [protocol.instruments[name] for name in instruments_in(rule.when)]
        here = [instrument for instrument in named if instrument.id in asked]
        values = values_of(here, settled, at_the_end=at_the_end)
        if compile_rule(rule.when, variables_of(named)).outcome(values):
            yield rule


def _raise(
    session: Session, assessment: Assessment, rule: SafetyRule, number: int, now: datetime
) -> None:
    participant = participants.by_id(session, assessment.participant_id)
    alert = Alert(
        study_id=assessment.study_id,
        participant_id=assessment.participant_id,
        assessment_id=key(assessment),
        rule=rule.id,
        raised_at=now,
        escalates_at=steps(rule.alert, now)[0].at,
    )
    session.add(alert)
    audit.note(
        session,
        "safety.alert",
        {
            "wave": assessment.wave,
            "occurrence": assessment.occurrence,
            "number": number,
            "rule": audit.salted_rule(session, assessment, rule.id),
        },
        study_id=assessment.study_id,
        participant_id=assessment.participant_id,
        actor=_ACTOR,
        now=now,
    )
    session.flush()
    tell(session, FoundAlert(alert, assessment, participant, number), rule.alert, now=now)
