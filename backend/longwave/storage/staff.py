"""Members of staff, read and written."""

from __future__ import annotations

from sqlmodel import Session, select

from longwave.storage.tables import Staff


def by_token(session: Session, token_hash: str) -> Staff | None:
    """Return who holds a token."""
    return session.exec(select(Staff).where(Staff.token_hash == token_hash)).one_or_none()


def by_email(session: Session, email: str) -> Staff | None:
    """Return the member of staff with this address."""
    return session.exec(select(Staff).where(Staff.email == email)).one_or_none()
