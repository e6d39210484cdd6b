"""Assessments and answers, read and written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import NamedTuple

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from longwave.domain.lifecycle import AssessmentStatus, FollowUp
from longwave.storage.tables import Answer, Assessment, Participant, Study

_UNDER_WAY = (AssessmentStatus.OPEN, AssessmentStatus.STARTED)


def by_token(session: Session, token_hash: str) -> Assessment | None:
    """Return the assessment that a link leads to."""
    statement = select(Assessment).where(Assessment.token_hash == token_hash)
    return session.exec(statement).one_or_none()


def by_id(session: Session, assessment_id: int) -> Assessment | None:
    """Return one assessment."""
    return session.get(Assessment, assessment_id)


def owner(session: Session, assessment: Assessment) -> tuple[Participant, Study]:
    """Return whose assessment this is, and of which study, in one statement."""
    statement = (
        select(Participant, Study)
        .join(Study, col(Study.id) == col(Participant.study_id))
        .where(Participant.id == assessment.participant_id)
    )
    return session.exec(statement).one()


def of_participant(session: Session, participant_id: int) -> list[Assessment]:
    """Return a participant's assessments, in the order in which they were planned."""
    statement = (
        select(Assessment)
        .where(Assessment.participant_id == participant_id)
        .order_by(col(Assessment.id))
    )
    return list(session.exec(statement))


def refresh(session: Session, assessment: Assessment) -> None:
    """Read an assessment again, once its participant is locked."""
    if session.get_bind().dialect.name != "sqlite":
        session.refresh(assessment)


def due_to_open(session: Session, now: datetime, limit: int) -> list[Assessment]:
    """Return scheduled assessments whose window has opened, the earliest first."""
    statement = (
        select(Assessment)
        .where(Assessment.status == AssessmentStatus.SCHEDULED, Assessment.opens_at <= now)
        .order_by(col(Assessment.opens_at))
        .limit(limit)
    )
    return list(session.exec(statement))


def due_to_close(session: Session, now: datetime, limit: int) -> list[Assessment]:
    """Return open and started assessments whose window has closed, the earliest first."""
    statement = (
        select(Assessment)
        .where(col(Assessment.status).in_(_UNDER_WAY), Assessment.closes_at <= now)
        .order_by(col(Assessment.closes_at))
        .limit(limit)
    )
    return list(session.exec(statement))


def open_now(
    session: Session, study_id: int, now: datetime, limit: int
) -> list[tuple[Assessment, Participant]]:
    """Return open assessments of active participants, those that close last first."""
    statement = (
        select(Assessment, Participant)
        .join(Participant, col(Participant.id) == col(Assessment.participant_id))
        .where(
            Assessment.study_id == study_id,
            col(Assessment.status).in_(_UNDER_WAY),
            Assessment.closes_at > now,
            Participant.follow_up == FollowUp.ACTIVE,
        )
        .order_by(col(Assessment.closes_at).desc())
        .limit(limit)
    )
    return list(session.exec(statement))


def statuses(session: Session, participant_ids: list[int]) -> list[tuple[int, str, str]]:
    """Return (participant id, wave, status) of the assessments of some participants."""
    statement = select(Assessment.participant_id, Assessment.wave, Assessment.status).where(
        col(Assessment.participant_id).in_(participant_ids)
    )
    return list(session.exec(statement))


class GivenAnswer(NamedTuple):
    """A value, or the reason why there is none."""

    value: str | None
    missing_reason: str | None


def answers(session: Session, assessment_id: int) -> dict[tuple[str, str], GivenAnswer]:
    """Return the answers of an assessment, by instrument and item."""
    statement = select(Answer.instrument, Answer.item, Answer.value, Answer.missing_reason).where(
        Answer.assessment_id == assessment_id
    )
    return {
        (instrument, item): GivenAnswer(value, reason)
        for instrument, item, value, reason in session.exec(statement)
    }


def store_answers(
    session: Session,
    assessment_id: int,
    instrument: str,
    given: Mapping[str, GivenAnswer],
    now: datetime,
) -> None:
    """Write the answers to some items of an instrument, over any that stand there."""
    if not given:
        return
    rows = [
        {
            "assessment_id": assessment_id,
            "instrument": instrument,
            "item": item,
            "value": answer.value,
            "missing_reason": answer.missing_reason,
            "saved_at": now,
        }
        for item, answer in given.items()
    ]
    connection = session.connection()
    connection.execute(_upsert_answer(connection.dialect.name), rows)


@cache
def _upsert_answer(dialect: str) -> sqlite.Insert | postgresql.Insert:
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = insert(Answer)
    return statement.on_conflict_do_update(
        index_elements=["assessment_id", "instrument", "item"],
        set_={name: statement.excluded[name] for name in ("value", "missing_reason", "saved_at")},
    )
