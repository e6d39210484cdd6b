"""The keys of participants' personal values, read and written."""

from __future__ import annotations

from sqlalchemy import delete
from sqlmodel import Session, col

from longwave.storage.tables import PersonalKey


def key_of(session: Session, participant_id: int) -> bytes | None:
    """Return a participant's key, itself encrypted, if there is one."""
    found = session.get(PersonalKey, participant_id)
    return found.key if found else None


def store_key(session: Session, participant_id: int, key: bytes) -> None:
    """Write a participant's key."""
    session.add(PersonalKey(participant_id=participant_id, key=key))
    session.flush()


def delete_key(session: Session, participant_id: int) -> None:
    """Delete a participant's key."""
    session.execute(delete(PersonalKey).where(col(PersonalKey.participant_id) == participant_id))
