"""Studies and protocol versions, read and written."""

from __future__ import annotations

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from longwave.storage.tables import ProtocolVersion, Study


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


def lock(session: Session, study_id: int) -> Study:
    """Return a study, its row locked until the transaction ends.

    The lock lets others go on to write rows that refer to the study (FOR NO KEY UPDATE).
    """
    statement = select(Study).where(Study.id == study_id).with_for_update(key_share=True)
    return session.exec(statement).one()


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
