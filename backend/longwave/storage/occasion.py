"""What is planned for a participant, occurrence by occurrence: found, counted and written."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import and_, bindparam, case, insert, update
from sqlalchemy import select as sqlalchemy_select
from sqlmodel import Session, col, func, select

from longwave.domain.lifecycle import AssessmentStatus
from longwave.storage.tables import Assessment
from longwave.storage.tables.base import Utc

_UNDER_WAY = (AssessmentStatus.OPEN, AssessmentStatus.STARTED)


def of_waves(session: Session, participant_id: int, waves: Collection[str]) -> list[Assessment]:
    """Return a participant's assessments of some waves, by wave and occurrence."""
    statement = (
        select(Assessment)
        .where(Assessment.participant_id == participant_id, col(Assessment.wave).in_(waves))
        .order_by(col(Assessment.wave), col(Assessment.occurrence))
    )
    return list(session.exec(statement))


def scheduled(
    session: Session, participant_id: int, *, opened_by: datetime | None = None
) -> list[Assessment]:
    """Return what has not opened for a participant, by opening.

    With ``opened_by``, that alone whose window has opened by then.
    """
    until = [] if opened_by is None else [col(Assessment.opens_at) <= opened_by]
    statement = (
        select(Assessment)
        .where(
            Assessment.participant_id == participant_id,
            Assessment.status == AssessmentStatus.SCHEDULED,
            *until,
        )
        .order_by(col(Assessment.opens_at), col(Assessment.id))
    )
    return list(session.exec(statement))


def under_way(session: Session, participant_id: int) -> list[Assessment]:
    """Return what is open for a participant, by opening."""
    statement = (
        select(Assessment)
        .where(Assessment.participant_id == participant_id, col(Assessment.status).in_(_UNDER_WAY))
        .order_by(col(Assessment.opens_at), col(Assessment.id))
    )
    return list(session.exec(statement))


class WaveState(NamedTuple):
    """Of the occurrences of one wave that were planned: how many, how many are over, and when.

    ``ended_at`` is when the last that is over ended.
    """

    planned: int
    over: int
    ended_at: datetime | None

    @property
    def is_over(self) -> bool:
        """Whether nothing of it is under way or still to come."""
        return self.over == self.planned


def waves_of(session: Session, participant_id: int) -> dict[str, WaveState]:
    """Return how far each wave is that was planned for a participant."""
    rows = session.exec(_WAVES_OF, params={"participant_id": participant_id})
    return {wave: WaveState(planned, over, ended_at) for wave, planned, over, ended_at in rows}


_OVER = [status for status in AssessmentStatus if status.is_over]
_WAVES_OF = (
    select(
        Assessment.wave,
        func.count(),
        func.sum(case((col(Assessment.status).in_(_OVER), 1), else_=0)),
        func.max(Assessment.closed_at),
    )
    .where(col(Assessment.participant_id) == bindparam("participant_id"))
    .group_by(col(Assessment.wave))
)


def has_left(session: Session, participant_id: int, wave: str) -> bool:
    """Whether anything of a wave is under way or still to come for a participant."""
    parameters = {"participant_id": participant_id, "wave": wave}
    return session.exec(_LEFT, params=parameters).first() is not None


_LEFT = (
    select(Assessment.id)
    .where(
        col(Assessment.participant_id) == bindparam("participant_id"),
        col(Assessment.wave) == bindparam("wave"),
        col(Assessment.status).not_in(_OVER),
    )
    .limit(1)
)


def has_next(session: Session, participant_id: int) -> bool:
    """Whether something is planned for a participant that has not opened."""
    statement = select(Assessment.id).where(
        Assessment.participant_id == participant_id,
        Assessment.status == AssessmentStatus.SCHEDULED,
    )
    return session.exec(statement.limit(1)).first() is not None


def insert_all(session: Session, planned: Sequence[Assessment]) -> None:
    """Write new assessments in one go: a diary has hundreds."""
    if planned:
        rows = [found.model_dump(exclude={"id"}) for found in planned]
        session.connection().execute(insert(Assessment), rows)


class Terms(NamedTuple):
    """What an assessment's expiry follows from, besides what the participant does."""

    protocol_version_id: int
    wave: str
    zone: str
    closes_at: datetime


def terms(session: Session, assessment_ids: Collection[int]) -> dict[int, Terms]:
    """Return the terms of some assessments, read past the session."""
    rows = session.connection().execute(_TERMS, {"ids": list(assessment_ids)})
    return {row[0]: Terms._make(row[1:]) for row in rows if row[0] is not None}


_TERMS = sqlalchemy_select(
    col(Assessment.id),
    col(Assessment.protocol_version_id),
    col(Assessment.wave),
    col(Assessment.zone),
    col(Assessment.closes_at),
).where(col(Assessment.id).in_(bindparam("ids", expanding=True)))


class Invitation(NamedTuple):
    """That an invitation was sent, and when what it invites to expires unopened."""

    of_assessment: int
    sent_at: datetime
    expiry: datetime


def note_invitations(session: Session, sent: Sequence[Invitation]) -> None:
    """Note when the first invitations to assessments left, and when these expire unopened.

    Whoever sends does not hold the participant: one who opens it at the same moment wins.
    """
    rows = [one._asdict() for one in sorted(sent)]
    session.connection().execute(_NOTE_INVITATION, rows)


_NOTE_INVITATION = (
    update(Assessment)
    .where(col(Assessment.id) == bindparam("of_assessment"), col(Assessment.invited_at).is_(None))
    .values(
        invited_at=bindparam("sent_at"),
        expires_at=case(
            (
                and_(
                    col(Assessment.status) == AssessmentStatus.OPEN,
                    col(Assessment.opened_at).is_(None),
                ),
                bindparam("expiry", type_=Utc()),
            ),
            else_=col(Assessment.expires_at),
        ),
    )
)
