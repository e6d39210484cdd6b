"""Counts over a whole study."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, func, select

from longwave.storage.tables import Allocation, Assessment, Message, Participant


def count_stages(session: Session, study_id: int) -> dict[str, int]:
    """Return how many participants are at each stage."""
    statement = (
        select(Participant.stage, func.count())
        .where(Participant.study_id == study_id)
        .group_by(Participant.stage)
    )
    return {found: arm for found, arm in session.exec(statement) if found is not None}


def count_enrolled_by_follow_up(session: Session, study_id: int) -> dict[str, int]:
    """Return how many enrolled participants there are in each state of follow-up."""
    statement = (
        select(Participant.follow_up, func.count())
        .where(Participant.study_id == study_id, col(Participant.enrolled_at).is_not(None))
        .group_by(Participant.follow_up)
    )
    return {found: arm for found, arm in session.exec(statement) if found is not None}


def count_assessments(session: Session, study_id: int) -> list[tuple[str | None, str, str, int]]:
    """Return (arm or None, wave, status, count)."""
    statement = (
        select(Allocation.arm, Assessment.wave, Assessment.status, func.count())
        .select_from(Assessment)
        .join(
            Allocation,
            col(Allocation.participant_id) == col(Assessment.participant_id),
            isouter=True,
        )
        .where(Assessment.study_id == study_id)
        .group_by(Allocation.arm, Assessment.wave, Assessment.status)
    )
    return list(session.exec(statement).all())


def count_allocated(session: Session, study_id: int) -> list[tuple[str, str, int]]:
    """Return (arm, follow-up, count) of the randomised."""
    statement = (
        select(Allocation.arm, Participant.follow_up, func.count())
        .join(Participant, col(Participant.id) == col(Allocation.participant_id))
        .where(Allocation.study_id == study_id)
        .group_by(Allocation.arm, Participant.follow_up)
    )
    return list(session.exec(statement).all())


def count_messages(session: Session, study_id: int) -> dict[str, int]:
    """Return how many messages there are in each state."""
    statement = (
        select(Message.state, func.count())
        .where(Message.study_id == study_id)
        .group_by(Message.state)
    )
    return {found: arm for found, arm in session.exec(statement) if found is not None}


def enrolment_times(session: Session, study_id: int) -> list[datetime]:
    """Return when each participant enrolled, the first first."""
    statement = (
        select(Participant.enrolled_at)
        .where(Participant.study_id == study_id, col(Participant.enrolled_at).is_not(None))
        .order_by(col(Participant.enrolled_at))
    )
    return [at for at in session.exec(statement) if at is not None]


def arms_of(session: Session, participant_ids: list[int]) -> dict[int, str]:
    """Return the arms of some participants, by participant id."""
    statement = select(Allocation.participant_id, Allocation.arm).where(
        col(Allocation.participant_id).in_(participant_ids)
    )
    return {found: arm for found, arm in session.exec(statement) if found is not None}
