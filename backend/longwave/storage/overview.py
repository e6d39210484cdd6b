"""Counts over a study, or over some of its sites."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, true
from sqlmodel import Session, col, func, select

from longwave.storage.tables import Allocation, Assessment, Message, Participant

Sites = Collection[str] | None
"""The sites that are counted; None for all."""


def count_stages(session: Session, study_id: int, sites: Sites) -> dict[str, int]:
    """Return how many participants are at each stage."""
    statement = (
        select(Participant.stage, func.count())
        .where(Participant.study_id == study_id, _at(sites))
        .group_by(Participant.stage)
    )
    return {found: n for found, n in session.exec(statement) if found is not None}


def count_enrolled_by_follow_up(session: Session, study_id: int, sites: Sites) -> dict[str, int]:
    """Return how many enrolled participants there are in each state of follow-up."""
    statement = (
        select(Participant.follow_up, func.count())
        .where(
            Participant.study_id == study_id,
            col(Participant.enrolled_at).is_not(None),
            _at(sites),
        )
        .group_by(Participant.follow_up)
    )
    return {found: n for found, n in session.exec(statement) if found is not None}


def count_assessments(
    session: Session, study_id: int, sites: Sites
) -> list[tuple[str | None, str, str, int]]:
    """Return (arm or None, wave, status, count)."""
    statement = (
        select(Allocation.arm, Assessment.wave, Assessment.status, func.count())
        .select_from(Assessment)
        .join(Participant, col(Participant.id) == col(Assessment.participant_id))
        .join(
            Allocation,
            col(Allocation.participant_id) == col(Assessment.participant_id),
            isouter=True,
        )
        .where(Assessment.study_id == study_id, _at(sites))
        .group_by(Allocation.arm, Assessment.wave, Assessment.status)
    )
    return list(session.exec(statement).all())


def count_allocated(session: Session, study_id: int, sites: Sites) -> list[tuple[str, str, int]]:
    """Return (arm, follow-up, count) of the randomised."""
    statement = (
        select(Allocation.arm, Participant.follow_up, func.count())
        .join(Participant, col(Participant.id) == col(Allocation.participant_id))
        .where(Allocation.study_id == study_id, _at(sites))
        .group_by(Allocation.arm, Participant.follow_up)
    )
    return list(session.exec(statement).all())


def count_messages(
    session: Session, study_id: int, sites: Sites
) -> list[tuple[str, str | None, str, int]]:
    """Return (kind, wave or None, state, count) of the messages to participants."""
    statement = (
        select(Message.kind, Assessment.wave, Message.state, func.count())
        .select_from(Message)
        .join(Participant, col(Participant.id) == col(Message.participant_id))
        .join(Assessment, col(Assessment.id) == col(Message.assessment_id), isouter=True)
        .where(Message.study_id == study_id, _at(sites))
        .group_by(Message.kind, Assessment.wave, Message.state)
    )
    return list(session.exec(statement).all())


def enrolment_times(session: Session, study_id: int, sites: Sites) -> list[datetime]:
    """Return when each participant enrolled, the first first."""
    statement = (
        select(Participant.enrolled_at)
        .where(
            Participant.study_id == study_id,
            col(Participant.enrolled_at).is_not(None),
            _at(sites),
        )
        .order_by(col(Participant.enrolled_at))
    )
    return [at for at in session.exec(statement) if at is not None]


def enrolled_page(
    session: Session, study_id: int, sites: Sites, *, offset: int, limit: int
) -> list[Participant]:
    """Return participants who enrolled, by the time of screening."""
    statement = (
        select(Participant)
        .where(
            Participant.study_id == study_id,
            col(Participant.enrolled_at).is_not(None),
            _at(sites),
        )
        .order_by(col(Participant.id))
        .offset(offset)
        .limit(limit)
    )
    return list(session.exec(statement))


def by_public_id(session: Session, study_id: int, public_id: str) -> Participant | None:
    """Return the participant of a study with this public id."""
    statement = select(Participant).where(
        Participant.study_id == study_id, Participant.public_id == public_id
    )
    return session.exec(statement).one_or_none()


def arms_of(session: Session, participant_ids: list[int]) -> dict[int, str]:
    """Return the arms of some participants, by participant id."""
    statement = select(Allocation.participant_id, Allocation.arm).where(
        col(Allocation.participant_id).in_(participant_ids)
    )
    return {found: arm for found, arm in session.exec(statement) if found is not None}


def _at(sites: Sites) -> ColumnElement[bool]:
    return true() if sites is None else col(Participant.site).in_(sites)
