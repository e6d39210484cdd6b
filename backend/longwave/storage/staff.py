"""Members of staff, read and written."""

from __future__ import annotations

from sqlmodel import Session, col, select

from longwave.storage.tables import Staff, StaffGrant, StaffToken


def by_token(session: Session, token_hash: str) -> tuple[Staff, StaffGrant, StaffToken] | None:
    """Return who holds a token, with a grant."""
    statement = (
        select(Staff, StaffGrant, StaffToken)
        .join(StaffToken, col(StaffToken.staff_id) == col(Staff.id))
        .join(StaffGrant, col(StaffGrant.staff_id) == col(Staff.id))
        .where(StaffToken.token_hash == token_hash)
    )
    return session.exec(statement).first()


def by_email(session: Session, email: str) -> Staff | None:
    """Return the member of staff with this address."""
    return session.exec(select(Staff).where(Staff.email == email)).one_or_none()
