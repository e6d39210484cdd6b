"""Signatures and choices, read."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from longwave.storage.tables import Consent, ConsentChoice


def who_signed(session: Session, participant_ids: Collection[int], version: str) -> set[int]:
    """Return which of some participants have signed a version of the consent document."""
    parameters = {"participant_ids": list(participant_ids), "version": version}
    return set(session.exec(_WHO_SIGNED, params=parameters))


_WHO_SIGNED = select(Consent.participant_id).where(
    col(Consent.participant_id).in_(bindparam("participant_ids", expanding=True)),
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
