"""Alerts about participants, read and written."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Select, bindparam, delete, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, or_

from longwave.domain.messages import Kind
from longwave.storage.tables import Alert, Assessment, Message, Participant, Study

_earlier = aliased(Alert)
_NUMBER = (
    select(func.count())
    .where(
        col(_earlier.assessment_id) == col(Alert.assessment_id),
        col(_earlier.id) <= col(Alert.id),
    )
    .scalar_subquery()
)


class FoundAlert(NamedTuple):
    """An alert, about which answers and whom. ``number`` counts those of its assessment, from 1."""

    alert: Alert
    assessment: Assessment
    participant: Participant
    number: int


def of_assessment(session: Session, assessment_id: int) -> list[Alert]:
    """Return the alerts that an assessment set off, in their order."""
    return list(session.execute(_OF_ASSESSMENT, {"assessment_id": assessment_id}).scalars())


_OF_ASSESSMENT = (
    select(Alert)
    .where(col(Alert.assessment_id) == bindparam("assessment_id"))
    .order_by(col(Alert.id))
)


def due(session: Session, now: datetime, limit: int) -> list[FoundAlert]:
    """Return alerts that nobody has acknowledged in time, the longest due first.

    Their participants are locked until the end. Those of participants for whom somebody else
    writes at this moment are passed over.
    """
    parameters = {"now": now, "most": limit}
    found = [FoundAlert(*row) for row in session.execute(_DUE, parameters, execution_options=_NOW)]
    if found and session.get_bind().dialect.name != "sqlite":
        # What was read before its participant was locked may be out of date.
        ids = [each.alert.id for each in found]
        again = select(Alert).where(col(Alert.id).in_(ids))
        session.execute(again, execution_options=_NOW).all()
    return [each for each in found if each.alert.acknowledged_at is None]


_NOW = {"populate_existing": True}


def _found() -> Select[Alert, Assessment, Participant, int]:
    return (
        select(Alert, Assessment, Participant, _NUMBER)
        .join(Assessment, col(Assessment.id) == col(Alert.assessment_id))
        .join(Participant, col(Participant.id) == col(Alert.participant_id))
    )


_DUE = (
    _found()
    .where(col(Alert.acknowledged_at).is_(None), col(Alert.escalates_at) <= bindparam("now"))
    .order_by(col(Alert.escalates_at))
    .limit(bindparam("most"))
    .with_for_update(key_share=True, skip_locked=True, of=Participant)
)


def of_study(session: Session, study_id: int, sites: Collection[str] | None) -> list[FoundAlert]:
    """Return a study's alerts about participants at some sites, or (None) all, the oldest first."""
    statement = (
        _found()
        .where(col(Alert.study_id) == study_id)
        .order_by(col(Alert.raised_at), col(Participant.public_id), col(Alert.id))
    )
    if sites is not None:
        statement = statement.where(col(Participant.site).in_(sites))
    return [FoundAlert(*row) for row in session.execute(statement)]


def late_by_study(session: Session, now: datetime) -> list[tuple[Study, int]]:
    """Return the studies of which alerts wait that somebody should have looked at, and how many."""
    statement = (
        select(Study, func.count())
        .join(Alert, col(Alert.study_id) == col(Study.id))
        .where(
            col(Alert.acknowledged_at).is_(None),
            or_(col(Alert.escalations) > 0, col(Alert.escalates_at) <= now),
        )
        .group_by(col(Study.id))
        .order_by(col(Study.slug))
    )
    return [(study, number) for study, number in session.execute(statement)]


def find(
    session: Session, study_id: int, wave: str, public_id: str, occurrence: int, number: int
) -> FoundAlert | None:
    """Return an alert by its number within an assessment, if there is one."""
    statement = _found().where(
        col(Alert.study_id) == study_id,
        col(Participant.public_id) == public_id,
        col(Assessment.wave) == wave,
        col(Assessment.occurrence) == occurrence,
    )
    found = (FoundAlert(*row) for row in session.execute(statement))
    return next((each for each in found if each.number == number), None)


def refresh(session: Session, alert: Alert) -> None:
    """Read an alert again, once its participant is locked."""
    if session.get_bind().dialect.name != "sqlite":
        session.refresh(alert)


def steps_told(session: Session, staff_id: int, study_id: int) -> list[str]:
    """Return the steps of the notices of alerts that somebody was sent, or is to be."""
    statement = select(col(Message.step)).where(
        col(Message.staff_id) == staff_id,
        col(Message.study_id) == study_id,
        col(Message.kind) == Kind.SAFETY_ALERT,
    )
    return list(session.execute(statement).scalars())


def delete_of(session: Session, participant_id: int) -> None:
    """Delete the alerts about a participant."""
    session.execute(delete(Alert).where(col(Alert.participant_id) == participant_id))
