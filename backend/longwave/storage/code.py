"""Codes that were sent to participants, read and written."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete
from sqlmodel import Session, col, select

from longwave.storage.tables import Code


def by_id(session: Session, code_id: int) -> Code | None:
    """Return a code, unless it was forgotten."""
    return session.get(Code, code_id)


def newest(session: Session, participant_id: int, purpose: str) -> Code | None:
    """Return the last code that a participant asked for, for one purpose."""
    statement = (
        select(Code)
        .where(Code.participant_id == participant_id, Code.purpose == purpose)
        .order_by(col(Code.id).desc())
        .limit(1)
    )
    return session.exec(statement).first()


def is_used(
    session: Session, participant_id: int, purposes: Collection[str], *, since: datetime
) -> bool:
    """Whether a participant has used a code for one of some purposes since an instant."""
    statement = select(Code.id).where(
        Code.participant_id == participant_id,
        col(Code.purpose).in_(purposes),
        col(Code.used_at) > since,
    )
    return session.exec(statement).first() is not None


def asked_since(session: Session, participant_id: int, since: datetime) -> list[datetime]:
    """Return when a participant asked for codes after an instant."""
    statement = select(Code.asked_at).where(
        Code.participant_id == participant_id, col(Code.asked_at) > since
    )
    return list(session.exec(statement))


def delete_of(session: Session, participant_id: int) -> None:
    """Delete all codes of a participant, and the addresses with them."""
    session.execute(delete(Code).where(col(Code.participant_id) == participant_id))


def delete_before(session: Session, before: datetime) -> int:
    """Delete codes that were asked for before an instant; return how many."""
    result = session.connection().execute(delete(Code).where(col(Code.asked_at) < before))
    return result.rowcount
