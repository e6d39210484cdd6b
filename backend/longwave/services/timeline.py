"""A participant's assessments: planned from anchors, opened and closed when time comes."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session

from longwave.domain.lifecycle import AssessmentStatus, FollowUp, ProgrammeState
from longwave.domain.protocol.model import Protocol, Wave
from longwave.domain.schedule import plan_window
from longwave.keys import KeyRing, token_hash
from longwave.services import audit, outbox
from longwave.services.study import current_protocol
from longwave.storage import assessment as assessments
from longwave.storage import participant as participants
from longwave.storage import study as studies
from longwave.storage.tables import Assessment, Participant, Study
from longwave.storage.tables.base import key

_UID_BYTES = 16
_CLOCKWORK = "clockwork"


def plan_from(
    session: Session,
    participant: Participant,
    anchor: str,
    anchor_at: datetime,
    *,
    keys: KeyRing,
) -> None:
    """Plan every wave that hangs on ``anchor``, now that its instant is known."""
    if participant.follow_up != FollowUp.ACTIVE:
        return
    study = studies.by_id(session, participant.study_id)
    protocol = current_protocol(session, study)
    version_id = studies.latest_version_id(session, key(study))
    planned = {found.wave for found in assessments.of_participant(session, key(participant))}
    for wave in protocol.waves:
        if wave.anchor == anchor and wave.id not in planned:
            session.add(_assessment(participant, wave, version_id, anchor_at, keys))
    session.flush()


def open_due(session: Session, *, keys: KeyRing, now: datetime, limit: int) -> int:
    """Open the assessments whose window has come, and queue their invitations.

    Returns how many were dealt with; one whose participant is busy is left to the next sweep.
    """
    due = assessments.due_to_open(session, now, limit)
    return sum(_open_one(session, assessment, keys, now) for assessment in due)


def close_due(session: Session, *, keys: KeyRing, now: datetime, limit: int) -> int:
    """Close the assessments whose window is over; what was answered is kept.

    Returns how many were dealt with; one whose participant is busy is left to the next sweep.
    """
    due = assessments.due_to_close(session, now, limit)
    return sum(_close_one(session, assessment, keys, now) for assessment in due)


def _open_one(session: Session, assessment: Assessment, keys: KeyRing, now: datetime) -> bool:
    participant = participants.try_lock(session, assessment.participant_id)
    if participant is None:
        return False
    assessments.refresh(session, assessment)
    if assessment.status != AssessmentStatus.SCHEDULED:
        return True
    study = studies.by_id(session, assessment.study_id)
    if participant.follow_up != FollowUp.ACTIVE:
        _close(session, study, participant, assessment, AssessmentStatus.CANCELLED, keys, now)
    elif assessment.closes_at <= now:
        _close(session, study, participant, assessment, AssessmentStatus.EXPIRED, keys, now)
    else:
        open_assessment(session, study, participant, assessment, now=now)
    session.flush()
    return True


def _close_one(session: Session, assessment: Assessment, keys: KeyRing, now: datetime) -> bool:
    participant = participants.try_lock(session, assessment.participant_id)
    if participant is None:
        return False
    assessments.refresh(session, assessment)
    if AssessmentStatus(assessment.status).is_over:
        return True
    study = studies.by_id(session, assessment.study_id)
    started = assessment.status == AssessmentStatus.STARTED
    status = AssessmentStatus.PARTIAL if started else AssessmentStatus.EXPIRED
    _close(session, study, participant, assessment, status, keys, now)
    session.flush()
    return True


def send_open_link_again(session: Session, participant: Participant, *, now: datetime) -> None:
    """Send a participant the link of an open assessment, at most once a day."""
    for assessment in assessments.of_participant(session, key(participant)):
        if assessment.status in (AssessmentStatus.OPEN, AssessmentStatus.STARTED):
            outbox.queue_link_again(session, participant, assessment, now=now)
            return


def open_assessment(
    session: Session,
    study: Study,
    participant: Participant,
    assessment: Assessment,
    *,
    now: datetime,
    at_once: bool = False,
) -> None:
    """Open one assessment and queue its messages.

    ``at_once`` sends the invitation without regard to quiet hours: the participant is there.
    """
    assessment.status = AssessmentStatus.OPEN
    protocol = current_protocol(session, study)
    outbox.queue_invitation(session, participant, assessment, protocol, now=now, at_once=at_once)
    audit.record(
        session,
        study,
        "assessment.opened",
        {"wave": assessment.wave, "occurrence": assessment.occurrence},
        actor=_CLOCKWORK,
        now=now,
        participant=participant,
    )


def wave_is_over(
    session: Session,
    study: Study,
    participant: Participant,
    assessment: Assessment,
    *,
    keys: KeyRing,
    at: datetime,
) -> None:
    """Let follow what hangs on the end of a wave: later waves, crossover, the end of messages.

    ``at`` is when the wave was completed or its window closed, however late that is noticed.
    """
    outbox.forget_assessment(session, assessment, now=at)
    plan_from(session, participant, f"wave:{assessment.wave}", at, keys=keys)
    protocol = current_protocol(session, study)
    _cross_over(session, study, participant, protocol, assessment.wave, at)
    every = assessments.of_participant(session, key(participant))
    if participant.follow_up == FollowUp.ACTIVE and _has_come_to_the_end(protocol, every):
        participant.follow_up = FollowUp.COMPLETED
        audit.record(
            session,
            study,
            "participant.completed",
            {},
            actor=_CLOCKWORK,
            now=at,
            participant=participant,
        )


def _assessment(
    participant: Participant, wave: Wave, version_id: int, anchor_at: datetime, keys: KeyRing
) -> Assessment:
    window = plan_window(wave, anchor_at, participant.zone)
    uid = secrets.token_hex(_UID_BYTES)
    return Assessment(
        study_id=participant.study_id,
        participant_id=key(participant),
        protocol_version_id=version_id,
        wave=wave.id,
        uid=uid,
        token_hash=token_hash(keys.link_token(uid)),
        due_wall=window.due_wall.isoformat(timespec="minutes"),
        zone=window.zone,
        opens_at=window.opens_at,
        due_at=window.due_at,
        closes_at=window.closes_at,
    )


def _close(
    session: Session,
    study: Study,
    participant: Participant,
    assessment: Assessment,
    status: AssessmentStatus,
    keys: KeyRing,
    now: datetime,
) -> None:
    assessment.status = status
    over_at = now if status == AssessmentStatus.CANCELLED else assessment.closes_at
    assessment.closed_at = over_at
    told: dict[str, str | int] = {"wave": assessment.wave, "occurrence": assessment.occurrence}
    if status == AssessmentStatus.PARTIAL:
        told["answers"] = audit.salted_answers(session, assessment)
    audit.record(
        session,
        study,
        f"assessment.{status}",
        told,
        actor=_CLOCKWORK,
        now=now,
        participant=participant,
    )
    wave_is_over(session, study, participant, assessment, keys=keys, at=over_at)


def _cross_over(
    session: Session,
    study: Study,
    participant: Participant,
    protocol: Protocol,
    wave: str,
    now: datetime,
) -> None:
    allocation = participants.allocation(session, key(participant))
    if allocation is None or participant.follow_up != FollowUp.ACTIVE:
        return
    crossover = protocol.arms[allocation.arm].crossover
    if crossover is None or crossover.after != wave or participant.crossover_at is not None:
        return
    participant.crossover_at = now
    participant.programme = ProgrammeState.ON
    audit.record(
        session,
        study,
        "participant.crossed_over",
        {"programme": crossover.programme},
        actor=_CLOCKWORK,
        now=now,
        participant=participant,
    )


def _has_come_to_the_end(protocol: Protocol, every: Iterable[Assessment]) -> bool:
    over = {found.wave for found in every if AssessmentStatus(found.status).is_over}
    return over >= {wave.id for wave in protocol.waves}
