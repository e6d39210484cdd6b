"""Studies and protocol versions, read and written."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, bindparam
from sqlalchemy import select as sqlalchemy_select
from sqlmodel import Session, col, func, select

from longwave.domain.lifecycle import AssessmentStatus, StudyState
from longwave.storage.tables import Approval, Assessment, ProtocolVersion, Study

FROZEN = (StudyState.LOCKED, StudyState.ARCHIVED)
"""The states of studies whose data stay as they are; the clockwork leaves them alone."""


def by_slug(session: Session, slug: str) -> Study | None:
    """Return the study called ``slug``."""
    return session.exec(select(Study).where(Study.slug == slug)).one_or_none()


def by_id(session: Session, study_id: int) -> Study:
    """Return a study that is known to exist."""
    return session.get_one(Study, study_id)


def all_studies(session: Session) -> list[Study]:
    """Return every study, by slug."""
    return list(session.exec(select(Study).order_by(Study.slug)))


def latest_version(session: Session, study_id: int) -> ProtocolVersion:
    """Return the newest version of a study's protocol."""
    statement = (
        select(ProtocolVersion)
        .where(ProtocolVersion.study_id == study_id)
        .order_by(col(ProtocolVersion.number).desc())
        .limit(1)
    )
    return session.exec(statement).one()


def version(session: Session, version_id: int) -> ProtocolVersion:
    """Return one version of a protocol."""
    return session.get_one(ProtocolVersion, version_id)


def version_ids(session: Session, study_id: int) -> list[int]:
    """Return the ids of a study's protocol versions, the newest first."""
    statement = (
        select(ProtocolVersion.id)
        .where(ProtocolVersion.study_id == study_id)
        .order_by(col(ProtocolVersion.number).desc())
    )
    return [found for found in session.exec(statement) if found is not None]


def lock(session: Session, study_id: int) -> Study:
    """Return a study, its row locked until the transaction ends.

    The lock lets others go on to write rows that refer to the study (FOR NO KEY UPDATE).
    """
    statement = select(Study).where(Study.id == study_id).with_for_update(key_share=True)
    return session.exec(statement).one()


def lock_to_change(session: Session, study_id: int) -> Study:
    """Return a study as it is now, once nobody enters data into it any more (FOR UPDATE)."""
    statement = select(Study).where(Study.id == study_id).with_for_update()
    return session.exec(statement, execution_options={"populate_existing": True}).one()


def approval_of(session: Session, version_id: int) -> Approval | None:
    """Return the approval of a version of a protocol, if it has one."""
    statement = select(Approval).where(Approval.protocol_version_id == version_id)
    return session.exec(statement).one_or_none()


def latest_approval(session: Session, study_id: int) -> Approval | None:
    """Return the newest approval of a study."""
    statement = (
        select(Approval)
        .where(Approval.study_id == study_id)
        .order_by(col(Approval.id).desc())
        .limit(1)
    )
    return session.exec(statement).first()


def hold_state(session: Session, study_id: int) -> str:
    """Return a study's state, which stays so until the transaction ends.

    Whoever changes the state of a study locks its row (FOR UPDATE) and so waits for all who
    entered data while it was open; they do not wait for one another.
    """
    statement = _STATE if session.get_bind().dialect.name == "sqlite" else _HELD_STATE
    return session.exec(statement, params={"study_id": study_id}).one()


_STATE = select(Study.state).where(col(Study.id) == bindparam("study_id"))
_HELD_STATE = _STATE.with_for_update(read=True, key_share=True)


def latest_version_id(session: Session, study_id: int) -> int:
    """Return the id of the newest version of a study's protocol."""
    found = session.exec(_LATEST_VERSION_ID, params={"study_id": study_id}).one()
    assert found is not None
    return found


_LATEST_VERSION_ID = (
    select(ProtocolVersion.id)
    .where(col(ProtocolVersion.study_id) == bindparam("study_id"))
    .order_by(col(ProtocolVersion.number).desc())
    .limit(1)
)


class VersionKey(NamedTuple):
    """A version of a protocol, without its files."""

    id: int
    number: int
    added_at: datetime


def newest_version(session: Session, study_id: int) -> VersionKey:
    """Return which version of a study's protocol is in force."""
    return VersionKey(*session.execute(_NEWEST_VERSION, {"study_id": study_id}).one())


_NEWEST_VERSION = (
    sqlalchemy_select(
        col(ProtocolVersion.id), col(ProtocolVersion.number), col(ProtocolVersion.added_at)
    )
    .where(col(ProtocolVersion.study_id) == bindparam("study_id"))
    .order_by(col(ProtocolVersion.number).desc())
    .limit(1)
)


def amended(session: Session) -> list[tuple[int, int]]:
    """Return the id and the newest version's number of studies that take data and were amended."""
    return [(study_id, number) for study_id, number in session.execute(_AMENDED)]


_AMENDED = (
    sqlalchemy_select(col(ProtocolVersion.study_id), func.max(col(ProtocolVersion.number)))
    .join(Study, col(Study.id) == col(ProtocolVersion.study_id))
    .where(col(Study.state).not_in(FROZEN))
    .group_by(col(ProtocolVersion.study_id))
    .having(func.max(col(ProtocolVersion.number)) > 1)
    .order_by(col(ProtocolVersion.study_id))
)


def count_unfinished(session: Session, study_id: int) -> dict[str, int]:
    """Return how many assessments of each wave are under way or still to come."""
    statement = (
        select(Assessment.wave, func.count())
        .where(*_unfinished(study_id))
        .group_by(Assessment.wave)
    )
    return {wave: number for wave, number in session.exec(statement)}  # noqa: C416 - rows


def unfinished(session: Session, study_id: int) -> list[Assessment]:
    """Return the assessments under way or still to come, by participant."""
    statement = (
        select(Assessment)
        .where(*_unfinished(study_id))
        .order_by(col(Assessment.participant_id), col(Assessment.id))
    )
    return list(session.exec(statement))


def _unfinished(study_id: int) -> tuple[ColumnElement[bool], ...]:
    return (
        col(Assessment.study_id) == study_id,
        col(Assessment.status).in_([status for status in AssessmentStatus if not status.is_over]),
    )
