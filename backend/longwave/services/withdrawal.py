"""Leaving the study, and wanting no messages: two different things."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from longwave.domain.errors import RefusedTransitionError
from longwave.domain.lifecycle import AssessmentStatus, FollowUp, Messages
from longwave.services import audit
from longwave.storage import assessment as assessments
from longwave.storage import message as messages
from longwave.storage import participant as participants
from longwave.storage import study as studies
from longwave.storage.tables import Participant
from longwave.storage.tables.base import key

_PARTICIPANT = "participant"


def withdraw(
    session: Session, participant: Participant, *, now: datetime, actor: str = _PARTICIPANT
) -> None:
    """Withdraw a participant; what was answered is kept, nothing more is asked or sent."""
    participant = participants.lock(session, key(participant))
    if participant.follow_up == FollowUp.WITHDRAWN:
        raise RefusedTransitionError("You have left the study already.", "Nothing more to do.")
    participant.follow_up = FollowUp.WITHDRAWN
    participant.withdrawn_at = now
    for assessment in assessments.of_participant(session, key(participant)):
        if assessment.status == AssessmentStatus.STARTED:
            assessment.status = AssessmentStatus.PARTIAL
            assessment.closed_at = now
        elif not AssessmentStatus(assessment.status).is_over:
            assessment.status = AssessmentStatus.CANCELLED
            assessment.closed_at = now
    messages.cancel_pending(session, key(participant), now)
    _record(session, participant, "participant.withdrew", actor, now)


def pause_messages(session: Session, participant: Participant, *, now: datetime) -> None:
    """Send this participant nothing until told otherwise; the study goes on."""
    _set_messages(session, participant, Messages.PAUSED, now)


def resume_messages(session: Session, participant: Participant, *, now: datetime) -> None:
    """Send messages again."""
    _set_messages(session, participant, Messages.ON, now)


def _set_messages(
    session: Session, participant: Participant, wanted: Messages, now: datetime
) -> None:
    participant = participants.lock(session, key(participant))
    participant.messages = wanted
    _record(session, participant, f"participant.messages_{wanted}", _PARTICIPANT, now)


def _record(
    session: Session, participant: Participant, kind: str, actor: str, now: datetime
) -> None:
    study = studies.by_id(session, participant.study_id)
    audit.record(session, study, kind, {}, actor=actor, now=now, participant=participant)
    session.flush()
