"""Signatures and choices, read."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from longwave.storage.tables import Consent, ConsentChoice


def has_signed(session: Session, participant_id: int, version: str) -> bool:
    """Whether a participant has signed a version of the consent document."""
    found = session.exec(_SIGNED, params={"participant_id": participant_id, "version": version})
    return found.first() is not None


_SIGNED = select(Consent.id).where(
    col(Consent.participant_id) == bindparam("participant_id"),
    col(Consent.version) == bindparam("version"),
)


def of_version(session: Session, participant_id: int, version: str) -> Consent | None:
    """Return a participant's signature under a version of the consent document."""
    statement = select(Consent).where(
        Consent.participant_id == participant_id, Consent.version == version
    )
    return session.exec(statement).one_or_none()


def of_participant(session: Session, participant_id: int) -> list[Consent]:
    """Return a participant's signatures, the oldest first."""
    statement = (
        select(Consent).where(Consent.participant_id == participant_id).order_by(col(Consent.id))
    )
    return list(session.exec(statement))


def choices(
    session: Session, participant_id: int, *, upto: datetime | None = None
) -> dict[str, bool]:
    """Return what a participant last said to each use, at most ``upto`` an instant."""
    statement = (
        select(ConsentChoice)
        .where(ConsentChoice.participant_id == participant_id)
        .order_by(col(ConsentChoice.id))
    )
    if upto is not None:
        statement = statement.where(col(ConsentChoice.chosen_at) <= upto)
    return {choice.use: choice.allowed for choice in session.exec(statement)}
