"""The screening register, read and written."""

from __future__ import annotations

from sqlalchemy import update
from sqlmodel import Session, col, select

from longwave.storage.tables import Screening


def is_registered(session: Session, study_id: int, digest: str) -> bool:
    """Whether somebody with this keyed hash of an address stands in a study's register."""
    statement = select(Screening.id).where(
        Screening.study_id == study_id, Screening.digest == digest
    )
    return session.exec(statement).first() is not None


def of_study(session: Session, study_id: int) -> list[Screening]:
    """Return a study's register, in the order of its lines."""
    statement = select(Screening).where(Screening.study_id == study_id).order_by(col(Screening.id))
    return list(session.exec(statement))


def forget_digest(session: Session, study_id: int, digest: str) -> None:
    """Erase the keyed hash of an address from a study's register."""
    session.connection().execute(
        update(Screening)
        .where(col(Screening.study_id) == study_id, col(Screening.digest) == digest)
        .values(digest=None)
    )
