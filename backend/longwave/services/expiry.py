"""When assessments close before their windows do: counted anew as things happen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm.attributes import flag_modified
from sqlmodel import Session

from longwave.domain.schedule import ClosingReason, closing
from longwave.services.study import protocol_of
from longwave.storage import occasion as occasions
from longwave.storage.occasion import Invitation
from longwave.storage.tables import Assessment


def invited(session: Session, sent: Mapping[int, datetime]) -> None:
    """Note when invitations were sent, by the id of the assessment; only the first one counts."""
    if not sent:
        return
    terms = occasions.terms(session, sent)
    noted = []
    for number, at in sent.items():
        of_it = terms[number]
        wave = protocol_of(session, of_it.protocol_version_id).wave(of_it.wave)
        ends = closing(wave.expires, of_it.closes_at, of_it.zone, invited_at=at)
        noted.append(Invitation(number, at, ends.at))
    occasions.note_invitations(session, noted)


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
