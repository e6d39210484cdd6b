"""The end of a study: closed to enrolment, locked, archived."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from longwave.domain.blinding import Viewer, waves_that_tell
from longwave.domain.lifecycle import AssessmentStatus, StudyState
from longwave.domain.lifecycle import study as lifecycle
from longwave.domain.messages import reasons
from longwave.domain.permissions import Action
from longwave.services import audit
from longwave.services.study.reading import current_protocol, facts_of, get_study
from longwave.storage import course
from longwave.storage import message as messages
from longwave.storage import participant as participants
from longwave.storage import programme as periods
from longwave.storage import study as studies
from longwave.storage.tables import Assessment, Study
from longwave.storage.tables.base import key

_ENDS_AS = {
    AssessmentStatus.SCHEDULED: AssessmentStatus.CANCELLED,
    AssessmentStatus.OPEN: AssessmentStatus.EXPIRED,
    AssessmentStatus.STARTED: AssessmentStatus.PARTIAL,
}


def close_enrolment(session: Session, slug: str, *, viewer: Viewer, now: datetime) -> Study:
    """Let nobody more in; who is in goes on."""
    viewer.require_everywhere(Action.RUN_STUDY)
    study = studies.lock_to_change(session, key(get_study(session, slug)))
    study.state = lifecycle.close_enrolment(facts_of(study))
    study.closed_at = now
    return _recorded(session, study, "study.closed", {}, viewer, now)


def lock_study(
    session: Session,
    slug: str,
    *,
    viewer: Viewer,
    now: datetime,
    early: bool = False,
    reason: str | None = None,
) -> Study:
    """Let no datum change any more.

    Parameters
    ----------
    early
        End what is under way, and cancel what is still to come.
    reason
        Why; an early lock needs one.

    Raises
    ------
    RefusedTransitionError
        If the study is not closed, or assessments are left and the lock is not an early one.
    InvalidInputError
        If an early lock has no reason.
    """
    viewer.require_everywhere(Action.RUN_STUDY)
    study = get_study(session, slug)
    given = (reason or "").strip()
    _lock(session, study, viewer, early=early, reason=given)
    # People are locked before the study, as everywhere.
    if early:
        for assessment in studies.unfinished(session, key(study)):
            _end(session, study, assessment, viewer, now)
    periods.forget_crossovers(session, key(study))
    study = studies.lock_to_change(session, key(study))
    study.state = _lock(session, study, viewer, early=False, reason=given)
    study.locked_at = now
    course.cancel_of_study(session, key(study), now)
    told = {"reason": given} if given else {}
    return _recorded(session, study, "study.locked", told, viewer, now)


def archive_study(session: Session, slug: str, *, viewer: Viewer, now: datetime) -> Study:
    """Put a locked study away."""
    viewer.require_everywhere(Action.RUN_STUDY)
    study = studies.lock_to_change(session, key(get_study(session, slug)))
    study.state = lifecycle.archive(facts_of(study))
    study.archived_at = now
    return _recorded(session, study, "study.archived", {}, viewer, now)


def _lock(
    session: Session, study: Study, viewer: Viewer, *, early: bool, reason: str
) -> StudyState:
    left = studies.count_unfinished(session, key(study))
    hidden = waves_that_tell(current_protocol(session, study)) if viewer.blinded else frozenset()
    return lifecycle.lock(
        facts_of(study),
        unfinished=sum(left.values()),
        told=sum(number for wave, number in left.items() if wave not in hidden),
        early=early,
        reason=reason,
    )


def _end(
    session: Session, study: Study, assessment: Assessment, viewer: Viewer, now: datetime
) -> None:
    participant = participants.lock(session, assessment.participant_id)
    session.refresh(assessment)
    before = AssessmentStatus(assessment.status)
    if before.is_over:
        return
    assessment.status = _ENDS_AS[before]
    assessment.closed_at = now
    why = reasons.of_ending(assessment.status)
    messages.cancel_of_assessment(session, key(assessment), now, why)
    told: dict[str, str | int] = {"wave": assessment.wave, "occurrence": assessment.occurrence}
    if assessment.status == AssessmentStatus.PARTIAL:
        told["answers"] = audit.salted_answers(session, assessment)
    audit.record(
        session,
        study,
        f"assessment.{assessment.status}",
        told,
        actor=viewer.name,
        now=now,
        participant=participant,
    )
    session.flush()


def _recorded(
    session: Session,
    study: Study,
    kind: str,
    payload: dict[str, str],
    viewer: Viewer,
    now: datetime,
) -> Study:
    audit.record(session, study, kind, payload, actor=viewer.name, now=now)
    session.flush()
    return study
