"""When assessments close before their windows do: counted anew as things happen."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm.attributes import flag_modified
from sqlmodel import Session

from longwave.domain.schedule import ClosingReason, closing
from longwave.services.study import protocol_of
from longwave.storage import occasion as occasions
from longwave.storage.tables import Assessment


def invited(session: Session, assessment_id: int, *, now: datetime) -> None:
    """Note that the invitation to an assessment was sent; only the first one counts."""
    terms = occasions.terms(session, assessment_id)
    wave = protocol_of(session, terms.protocol_version_id).wave(terms.wave)
    ends = closing(wave.expires, terms.closes_at, terms.zone, invited_at=now)
    occasions.note_invitation(session, assessment_id, sent_at=now, expires_at=ends.at)


def opened(session: Session, assessment: Assessment, *, now: datetime) -> None:
    """Note that a participant opened an assessment. The participant is locked."""
    if assessment.opened_at is None:
        assessment.opened_at = now
        _count_anew(session, assessment)


def saved(session: Session, assessment: Assessment, *, now: datetime) -> None:
    """Note that a participant saved an answer. The participant is locked."""
    assessment.saved_at = now
    _count_anew(session, assessment)


def closes_by(assessment: Assessment) -> ClosingReason:
    """Return by which rule an assessment closes at its ``expires_at``."""
    if assessment.expires_at >= assessment.closes_at:
        return ClosingReason.WINDOW
    if assessment.opened_at is None and assessment.saved_at is None:
        return ClosingReason.UNOPENED
    return ClosingReason.IDLE


def _count_anew(session: Session, assessment: Assessment) -> None:
    protocol = protocol_of(session, assessment.protocol_version_id)
    ends = closing(
        protocol.wave(assessment.wave).expires,
        assessment.closes_at,
        assessment.zone,
        opened_at=assessment.opened_at,
        saved_at=assessment.saved_at,
    )
    assessment.expires_at = ends.at
    # Even if it is as it was when it was read: whoever sends the invitation changes it unseen.
    flag_modified(assessment, "expires_at")
