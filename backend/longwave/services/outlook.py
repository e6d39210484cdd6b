"""What a participant has behind and before her, for her own pages."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from longwave.domain.lifecycle import AssessmentStatus, FollowUp
from longwave.domain.outlook import Found, Step, outlook, without_end
from longwave.domain.protocol.anchors import ENROLMENT, planned_at
from longwave.keys import KeyRing
from longwave.services import planning
from longwave.services.study import current_protocol
from longwave.storage import assessment as assessments
from longwave.storage import study as studies
from longwave.storage.tables import Participant
from longwave.storage.tables.base import key


def of_participant(session: Session, participant: Participant, *, now: datetime) -> list[Step]:
    """Return a participant's questionnaires: done, missed, open, planned, and still without date.

    Of somebody who is asked no more, what lies behind.
    """
    protocol = current_protocol(session, studies.by_id(session, participant.study_id))
    found = [
        Found(
            each.wave,
            each.occurrence,
            AssessmentStatus(each.status),
            each.opens_at,
            each.expires_at,
            each.submitted_at,
        )
        for each in assessments.of_participant(session, key(participant))
    ]
    steps = outlook(protocol, found, planning.instants(session, participant), now)
    is_asked = participant.follow_up == FollowUp.ACTIVE and participant.erased_at is None
    return steps if is_asked else without_end(steps)


def of_newcomer(
    session: Session, participant: Participant, *, signed_at: datetime, keys: KeyRing
) -> list[Step]:
    """Return what lies before somebody who has just signed, at that moment.

    It follows from the protocol alone, so that it looks the same for an address that takes part
    already, and does not change with what the owner of an address does.
    """
    protocol = current_protocol(session, studies.by_id(session, participant.study_id))
    return outlook(
        protocol, expected(session, participant, signed_at, keys), {ENROLMENT}, signed_at
    )


def expected(
    session: Session, participant: Participant, signed_at: datetime, keys: KeyRing
) -> list[Found]:
    """Return what is planned at enrolment for whoever enrols at an instant."""
    protocol = current_protocol(session, studies.by_id(session, participant.study_id))
    return [
        Found(
            wave.id,
            occurrence,
            AssessmentStatus.OPEN if window.opens_at <= signed_at else AssessmentStatus.SCHEDULED,
            window.opens_at,
            window.closes_at,
        )
        for wave in protocol.waves
        if planned_at(protocol, wave) == ENROLMENT
        for (_, occurrence), window in planning.windows(participant, wave, signed_at, keys).items()
    ]
