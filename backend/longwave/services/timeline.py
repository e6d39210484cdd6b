"""A participant's assessments: planned from anchors, opened and closed when time comes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeAlias

from sqlmodel import Session

from longwave.domain.blinding import waves_that_tell
from longwave.domain.lifecycle import AssessmentStatus, FollowUp
from longwave.domain.lifecycle import participant as lifecycle
from longwave.domain.protocol.anchors import WAVE, planned_at
from longwave.domain.protocol.model import Protocol
from longwave.domain.schedule import ClosingReason
from longwave.keys import KeyRing
from longwave.services import audit, courses, expiry, outbox, programme, safety
from longwave.services.dealing import deal
from longwave.services.participant import move, record
from longwave.services.planning import instants, plan_anew, plan_from
from longwave.services.study import current_protocol
from longwave.storage import assessment as assessments
from longwave.storage import occasion as occasions
from longwave.storage import participant as participants
from longwave.storage import programme as periods
from longwave.storage import study as studies
from longwave.storage.tables import Assessment, Participant, Study
from longwave.storage.tables.base import key

_CLOCKWORK = "clockwork"
_Due: TypeAlias = tuple[Assessment, Participant]


def open_due(session: Session, *, keys: KeyRing, now: datetime, limit: int) -> int:
    """Open the assessments whose window has come, and queue their invitations.

    One whose whole window has passed by now is missed: no invitation goes out. Returns how many
    were dealt with; those whose participant is busy are left to the next sweep.
    """
    due = assessments.due_to_open(session, now, limit)
    contacts = participants.contacts(session, [key(participant) for _, participant in due])

    def open_all(part: Sequence[_Due]) -> None:
        batch = _Batch(session, keys, now)
        with session.no_autoflush:
            for assessment, participant in part:
                batch.open(participant, assessment)
        batch.let_follow()

    done = deal(session, due, open_all, whose=_whose, now=now)
    del contacts  # they were held so that nobody asks for each by itself
    return done


def close_due(session: Session, *, keys: KeyRing, now: datetime, limit: int) -> int:
    """Close the assessments that have expired, as at that moment; what was answered is kept.

    Returns how many were dealt with; those whose participant is busy are left to the next sweep.
    """

    def close_all(part: Sequence[_Due]) -> None:
        batch = _Batch(session, keys, now)
        with session.no_autoflush:
            for assessment, participant in part:
                batch.close(participant, assessment)
        batch.let_follow()

    due = assessments.due_to_close(session, now, limit)
    return deal(session, due, close_all, whose=_whose, now=now)


def replan_due(session: Session, *, keys: KeyRing, now: datetime, limit: int) -> int:
    """Plan by an amended protocol who was planned by an earlier version; return how many were."""

    def plan_all(part: Sequence[Participant]) -> None:
        for participant in part:
            _plan_by_amendment(session, participant, keys)
        session.flush()

    done = 0
    for study_id, number in studies.amended(session):
        due = participants.due_to_replan(session, study_id, number, limit - done)
        done += deal(session, due, plan_all, whose=lambda participant: participant, now=now)
    return done


def _whose(due: _Due) -> Participant:
    return due[1]


class _Batch:
    """What is opened and closed in one transaction, written together; then what follows from it."""

    def __init__(self, session: Session, keys: KeyRing, now: datetime) -> None:
        self.session = session
        self.keys = keys
        self.now = now
        self._open_studies: dict[int, Study | None] = {}
        self._ended: dict[tuple[int, str], Participant] = {}

    def open(self, participant: Participant, assessment: Assessment) -> None:
        """Open an assessment whose time has come, or end it if nobody can answer it any more."""
        if assessment.status != AssessmentStatus.SCHEDULED or assessment.opens_at > self.now:
            return
        study = self._study(assessment)
        if study is None:
            return
        if participant.follow_up != FollowUp.ACTIVE:
            self._end(participant, assessment, AssessmentStatus.CANCELLED, self.now)
        elif assessment.closes_at <= self.now:
            self._expire(participant, assessment, ClosingReason.MISSED)
        else:
            open_assessment(self.session, study, participant, assessment, now=self.now)

    def close(self, participant: Participant, assessment: Assessment) -> None:
        """Close an assessment that has expired."""
        if AssessmentStatus(assessment.status).is_over or assessment.expires_at > self.now:
            return
        if self._study(assessment) is not None:
            self._expire(participant, assessment, expiry.closes_by(assessment))
            outbox.forget_assessment(self.session, assessment, now=self.now)

    def let_follow(self) -> None:
        """Write the batch, and let follow what hangs on the waves that ended."""
        self.session.flush()
        for (_, wave), participant in self._ended.items():
            study = self._open_studies[participant.study_id]
            assert study is not None
            wave_is_over(self.session, study, participant, wave, keys=self.keys)
        self.session.flush()

    def _study(self, assessment: Assessment) -> Study | None:
        """Return the study if it takes data, as it then does until the transaction ends."""
        study_id = assessment.study_id
        if study_id not in self._open_studies:
            is_open = _is_open(self.session, study_id)
            self._open_studies[study_id] = (
                studies.by_id(self.session, study_id) if is_open else None
            )
        return self._open_studies[study_id]

    def _expire(
        self, participant: Participant, assessment: Assessment, reason: ClosingReason
    ) -> None:
        """Close an assessment as at the moment at which it expired, however late it is noticed."""
        started = assessment.status == AssessmentStatus.STARTED
        if started:
            safety.look(self.session, assessment, at_the_end=True, now=self.now)
        status = AssessmentStatus.PARTIAL if started else AssessmentStatus.EXPIRED
        assessment.closing_reason = reason
        self._end(participant, assessment, status, assessment.expires_at)

    def _end(
        self,
        participant: Participant,
        assessment: Assessment,
        status: AssessmentStatus,
        at: datetime,
    ) -> None:
        _finish(self.session, participant, assessment, status, at, now=self.now)
        self._ended[key(participant), assessment.wave] = participant


def _plan_by_amendment(session: Session, participant: Participant, keys: KeyRing) -> None:
    """Let the version in force hold for a participant, as at the moment at which it came."""
    study = studies.by_id(session, participant.study_id)
    version = studies.newest_version(session, key(study))
    if not _is_open(session, key(study)):
        return
    is_followed = participant.follow_up in (FollowUp.ACTIVE, FollowUp.COMPLETED)
    if not is_followed or participant.erased_at is not None:
        participant.planned_version = version.number
        return
    has_new, superfluous = plan_anew(session, participant, keys=keys)
    if has_new and participant.follow_up == FollowUp.COMPLETED:
        move(participant, lifecycle.continue_follow_up)
        record(
            session,
            participant,
            "participant.continued",
            {},
            actor=_CLOCKWORK,
            now=version.added_at,
        )
    for assessment in superfluous:
        status = AssessmentStatus.CANCELLED
        _finish(session, participant, assessment, status, version.added_at, now=version.added_at)
    for wave in dict.fromkeys(found.wave for found in superfluous):
        wave_is_over(session, study, participant, wave, keys=keys)


def send_open_link_again(session: Session, participant: Participant, *, now: datetime) -> None:
    """Send a participant the link of an open assessment, at most once a day."""
    for assessment in occasions.under_way(session, key(participant))[:1]:
        outbox.queue_link_again(session, participant, assessment, now=now)


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
    _tell(session, participant, "assessment.opened", told, actor=_CLOCKWORK, now=now)


def wave_is_over(
    session: Session, study: Study, participant: Participant, wave: str, *, keys: KeyRing
) -> None:
    """Let follow what hangs on the end of a wave, if no occurrence of it is left.

    Later waves, a crossover and the end of follow-up count from when its last occurrence was
    completed or closed, however late that is noticed.
    """
    if occasions.has_left(session, key(participant), wave):
        return
    at = occasions.waves_of(session, key(participant))[wave].ended_at
    assert at is not None
    plan_from(session, participant, f"{WAVE}{wave}", at, keys=keys)
    programme.cross_over_after(session, study, participant, wave, keys=keys, at=at)
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
    courses.end(session, participant, actor=actor, now=now)
    ending = occasions.under_way(session, key(participant))
    if for_ever:
        ending += occasions.scheduled(session, key(participant))
    for assessment in ending:
        assessment.status = _ENDINGS[AssessmentStatus(assessment.status)]
        assessment.closed_at = now
    for assessment in ending:
        _tell_end(session, participant, assessment, actor=actor, now=now)
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
    for wave, state in occasions.waves_of(session, key(participant)).items():
        if state.is_over and state.ended_at is not None:
            plan_from(session, participant, f"{WAVE}{wave}", state.ended_at, keys=keys)
            programme.cross_over_after(session, study, participant, wave, keys=keys, at=now)
    _plan_by_amendment(session, participant, keys)
    _complete_if_at_the_end(session, study, participant, now)
    courses.take_up_again(session, participant, now=now)
    session.flush()


def _finish(
    session: Session,
    participant: Participant,
    assessment: Assessment,
    status: AssessmentStatus,
    over_at: datetime,
    *,
    now: datetime,
) -> None:
    assessment.status = status
    assessment.closed_at = over_at
    _tell_end(session, participant, assessment, actor=_CLOCKWORK, now=now)


def _tell_end(
    session: Session,
    participant: Participant,
    assessment: Assessment,
    *,
    actor: str,
    now: datetime,
) -> None:
    told: dict[str, str | int] = {"wave": assessment.wave, "occurrence": assessment.occurrence}
    if assessment.closing_reason is not None:
        told["reason"] = assessment.closing_reason
    if assessment.status == AssessmentStatus.PARTIAL:
        told["answers"] = audit.salted_answers(session, assessment)
    _tell(session, participant, f"assessment.{assessment.status}", told, actor=actor, now=now)


def _tell(
    session: Session,
    participant: Participant,
    kind: str,
    told: dict[str, Any],
    *,
    actor: str,
    now: datetime,
) -> None:
    """Write an event, and leave the rows to be written together with others."""
    audit.note(
        session,
        kind,
        told,
        study_id=participant.study_id,
        participant_id=key(participant),
        actor=actor,
        now=now,
    )


def _complete_if_at_the_end(
    session: Session, study: Study, participant: Participant, at: datetime
) -> None:
    if participant.follow_up == FollowUp.ACTIVE and _is_at_the_end(session, study, participant):
        move(participant, lifecycle.complete_follow_up)
        record(session, participant, "participant.completed", {}, actor=_CLOCKWORK, now=at)


def _is_open(session: Session, study_id: int) -> bool:
    """Whether the study still takes data; if so, it stays open until the transaction ends."""
    return lifecycle.takes_data(studies.hold_state(session, study_id))


def _is_at_the_end(session: Session, study: Study, participant: Participant) -> bool:
    """Whether every wave is over that can come for this participant."""
    planned = occasions.waves_of(session, key(participant))
    if not all(state.is_over for state in planned.values()):
        return False
    protocol = current_protocol(session, study)
    passed = instants(session, participant)
    never = set(_of_no_programme(session, protocol, participant))
    for wave in protocol.waves:  # each stands below what it hangs on
        if wave.id in planned or wave.id in never:
            continue
        event = planned_at(protocol, wave)
        if event is not None and event not in passed and event.removeprefix(WAVE) not in never:
            return False
        never.add(wave.id)  # on request, or it was too late when it would have been planned
    return True


def _of_no_programme(
    session: Session, protocol: Protocol, participant: Participant
) -> frozenset[str]:
    """Return the waves that count from a programme which this participant's arm never has."""
    if participant.randomised_at is None:
        return frozenset()
    arm = protocol.arms[periods.current(session, key(participant)).arm]
    if arm.programme is not None or arm.crossover is not None:
        return frozenset()
    return waves_that_tell(protocol)
