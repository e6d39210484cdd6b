"""A participant's assessments: planned from anchors, opened and closed when time comes."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from longwave.domain.blinding import waves_that_tell
from longwave.domain.lifecycle import AssessmentStatus, FollowUp
from longwave.domain.lifecycle import participant as lifecycle
from longwave.domain.protocol.model import Protocol
from longwave.keys import KeyRing
from longwave.services import audit, outbox, programme
from longwave.services.participant import move, record
from longwave.services.planning import plan_from
from longwave.services.study import current_protocol
from longwave.storage import assessment as assessments
from longwave.storage import participant as participants
from longwave.storage import programme as periods
from longwave.storage import study as studies
from longwave.storage.tables import Assessment, Participant, Study
from longwave.storage.tables.base import key

_CLOCKWORK = "clockwork"


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
    if assessment.status != AssessmentStatus.SCHEDULED or not _is_open(session, assessment):
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
    if AssessmentStatus(assessment.status).is_over or not _is_open(session, assessment):
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
    told = {"wave": assessment.wave, "occurrence": assessment.occurrence}
    record(session, participant, "assessment.opened", told, actor=_CLOCKWORK, now=now)


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
    programme.cross_over_after(session, study, participant, assessment.wave, keys=keys, at=at)
    _complete_if_at_the_end(session, study, participant, at)


def end(
    session: Session,
    participant: Participant,
    *,
    now: datetime,
    actor: str,
    for_ever: bool = True,
) -> None:
    """Close what is open for a participant who is no longer followed, and send nothing more.

    Unless it is ``for_ever``, what is planned for later stays planned. Nothing but messages
    changes in a study that is locked.
    """
    outbox.forget_participant(session, participant, now=now)
    if not lifecycle.takes_data(studies.hold_state(session, participant.study_id)):
        return
    for assessment in assessments.of_participant(session, key(participant)):
        status = _ENDINGS.get(AssessmentStatus(assessment.status))
        if status and (for_ever or assessment.status != AssessmentStatus.SCHEDULED):
            _finish(session, participant, assessment, status, now, actor=actor, now=now)
    if for_ever:
        participant.crossover_due_at = None


_ENDINGS = {
    AssessmentStatus.SCHEDULED: AssessmentStatus.CANCELLED,
    AssessmentStatus.OPEN: AssessmentStatus.CANCELLED,
    AssessmentStatus.STARTED: AssessmentStatus.PARTIAL,
}


def take_up_again(
    session: Session, study: Study, participant: Participant, *, keys: KeyRing, now: datetime
) -> None:
    """Let follow now what did not follow from the waves that ended while a participant was lost."""
    if participant.crossover_due_at is not None:
        participant.crossover_due_at = max(participant.crossover_due_at, now)
    for found in assessments.of_participant(session, key(participant)):
        if AssessmentStatus(found.status).is_over and found.closed_at is not None:
            anchor = f"wave:{found.wave}"
            plan_from(session, participant, anchor, found.closed_at, keys=keys)
            programme.cross_over_after(session, study, participant, found.wave, keys=keys, at=now)
    _complete_if_at_the_end(session, study, participant, now)
    session.flush()


def _close(
    session: Session,
    study: Study,
    participant: Participant,
    assessment: Assessment,
    status: AssessmentStatus,
    keys: KeyRing,
    now: datetime,
) -> None:
    over_at = now if status == AssessmentStatus.CANCELLED else assessment.closes_at
    _finish(session, participant, assessment, status, over_at, actor=_CLOCKWORK, now=now)
    wave_is_over(session, study, participant, assessment, keys=keys, at=over_at)


def _finish(
    session: Session,
    participant: Participant,
    assessment: Assessment,
    status: AssessmentStatus,
    over_at: datetime,
    *,
    actor: str,
    now: datetime,
) -> None:
    assessment.status = status
    assessment.closed_at = over_at
    told: dict[str, str | int] = {"wave": assessment.wave, "occurrence": assessment.occurrence}
    if status == AssessmentStatus.PARTIAL:
        told["answers"] = audit.salted_answers(session, assessment)
    record(session, participant, f"assessment.{status}", told, actor=actor, now=now)


def _complete_if_at_the_end(
    session: Session, study: Study, participant: Participant, at: datetime
) -> None:
    if participant.follow_up == FollowUp.ACTIVE and _is_at_the_end(session, study, participant):
        move(participant, lifecycle.complete_follow_up)
        record(session, participant, "participant.completed", {}, actor=_CLOCKWORK, now=at)


def _is_open(session: Session, assessment: Assessment) -> bool:
    """Whether the study still takes data; if so, it stays open until the transaction ends."""
    return lifecycle.takes_data(studies.hold_state(session, assessment.study_id))


def _is_at_the_end(session: Session, study: Study, participant: Participant) -> bool:
    """Whether every wave is over that can come for this participant."""
    over = {
        found.wave
        for found in assessments.of_participant(session, key(participant))
        if AssessmentStatus(found.status).is_over
    }
    protocol = current_protocol(session, study)
    left = {wave.id for wave in protocol.waves} - over
    return not left or left <= _never_planned(session, protocol, participant)


def _never_planned(
    session: Session, protocol: Protocol, participant: Participant
) -> frozenset[str]:
    """Return the waves that count from a programme which this participant's arm never has."""
    if participant.randomised_at is None:
        return frozenset()
    arm = protocol.arms[periods.current(session, key(participant)).arm]
    if arm.programme is not None or arm.crossover is not None:
        return frozenset()
    return waves_that_tell(protocol)
