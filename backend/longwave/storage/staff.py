"""Members of staff, their grants and tokens, read and written."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, update
from sqlmodel import Session, col, or_, select

from longwave.domain.lifecycle import Role
from longwave.storage.tables import Staff, StaffGrant, StaffToken


def by_token(session: Session, token_hash: str) -> tuple[Staff, StaffToken] | None:
    """Return who holds a token, with the token."""
    statement = (
        select(Staff, StaffToken)
        .join(StaffToken, col(StaffToken.staff_id) == col(Staff.id))
        .where(StaffToken.token_hash == token_hash)
    )
    return session.exec(statement).first()


def by_email(session: Session, email: str) -> Staff | None:
    """Return the member of staff with this address."""
    return session.exec(select(Staff).where(Staff.email == email)).one_or_none()


def everybody(session: Session) -> list[Staff]:
    """Return every member of staff who was not removed, by address."""
    statement = select(Staff).where(col(Staff.removed_at).is_(None)).order_by(Staff.email)
    return list(session.exec(statement))


def grants(session: Session, staff_id: int) -> list[StaffGrant]:
    """Return the roles of somebody, the oldest first."""
    statement = (
        select(StaffGrant).where(StaffGrant.staff_id == staff_id).order_by(col(StaffGrant.id))
    )
    return list(session.exec(statement))


def tokens(session: Session, staff_id: int) -> list[StaffToken]:
    """Return the tokens of somebody, the oldest first."""
    statement = (
        select(StaffToken).where(StaffToken.staff_id == staff_id).order_by(col(StaffToken.id))
    )
    return list(session.exec(statement))


def holding(session: Session, study_id: int, role: Role) -> list[Staff]:
    """Return those who have a role in a study, by address."""
    statement = (
        select(Staff)
        .join(StaffGrant, col(StaffGrant.staff_id) == col(Staff.id))
        .where(
            col(Staff.removed_at).is_(None),
            col(StaffGrant.role) == role,
            or_(col(StaffGrant.study_id).is_(None), col(StaffGrant.study_id) == study_id),
        )
        .order_by(Staff.email)
        .distinct()
    )
    return list(session.exec(statement))


def grants_in(session: Session, study_id: int) -> list[tuple[Staff, StaffGrant]]:
    """Return everybody's roles in a study, or in all studies, by address."""
    statement = (
        select(Staff, StaffGrant)
        .join(StaffGrant, col(StaffGrant.staff_id) == col(Staff.id))
        .where(
            col(Staff.removed_at).is_(None),
            or_(col(StaffGrant.study_id).is_(None), col(StaffGrant.study_id) == study_id),
        )
        .order_by(Staff.email, col(StaffGrant.id))
    )
    return list(session.exec(statement))


def revoke_tokens(session: Session, staff_id: int, label: str | None, now: datetime) -> int:
    """End the tokens of somebody that still stand, or those with a label; return how many."""
    statement = (
        update(StaffToken)
        .where(col(StaffToken.staff_id) == staff_id, col(StaffToken.revoked_at).is_(None))
        .values(revoked_at=now)
    )
    if label is not None:
        statement = statement.where(col(StaffToken.label) == label)
    return session.connection().execute(statement).rowcount


def take_grants(session: Session, staff_id: int) -> None:
    """Remove every role of somebody."""
    session.connection().execute(delete(StaffGrant).where(col(StaffGrant.staff_id) == staff_id))
