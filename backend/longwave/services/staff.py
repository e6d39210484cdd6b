"""Staff and the tokens they sign in with."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlmodel import Session

from longwave.domain.blinding import Viewer
from longwave.domain.errors import InvalidInputError
from longwave.domain.lifecycle import Role
from longwave.keys import token_hash
from longwave.services import audit
from longwave.storage import staff as staff_rows
from longwave.storage.tables import Staff, StaffGrant, StaffToken
from longwave.storage.tables.base import key

TOKEN_LIFE = timedelta(days=90)
_TOKEN_BYTES = 32


def add_staff(
    session: Session, email: str, role: Role, *, blinded: bool, now: datetime
) -> tuple[Staff, str]:
    """Add a member of staff; return the row and the token, which cannot be shown again."""
    if staff_rows.by_email(session, email) is not None:
        raise InvalidInputError(f"{email} is a member of staff already.", "Use another address.")
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    member = Staff(email=email, added_at=now)
    session.add(member)
    session.flush()
    session.add(StaffGrant(staff_id=key(member), role=role, blinded=blinded, granted_at=now))
    session.add(
        StaffToken(
            staff_id=key(member),
            label="sign-in",
            token_hash=token_hash(token),
            scopes=["all"],
            issued_at=now,
            expires_at=now + TOKEN_LIFE,
        )
    )
    audit.record(
        session, None, "staff.added", {"role": role, "blinded": blinded}, actor="cli", now=now
    )
    session.flush()
    return member, token


def authenticate(session: Session, token: str, *, now: datetime) -> Viewer | None:
    """Return who holds a token, or None if nobody does or it has expired."""
    found = staff_rows.by_token(session, token_hash(token))
    if found is None:
        return None
    member, grant, held = found
    if held.expires_at <= now:
        return None
    return Viewer(name=member.email, role=Role(grant.role), blinded=grant.blinded)
