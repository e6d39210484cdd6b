"""Participants, their contact and consent, read and written."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, literal, or_, update
from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from longwave.domain.lifecycle import Stage
from longwave.storage.tables import Allocation, Contact, Participant

_AS_IT_IS_NOW = {"populate_existing": True}


def by_id(session: Session, participant_id: int) -> Participant:
    """Return a participant who is known to exist."""
    return session.get_one(Participant, participant_id)


def lock(session: Session, participant_id: int) -> Participant:
    """Return a participant as it is now, for whom nobody else may write until the end.

    Every use case that writes for a person calls this before it looks at anything of theirs.
    On SQLite the writing transaction as a whole is such a lock.
    """
    if session.get_bind().dialect.name == "sqlite":
        return by_id(session, participant_id)
    statement = _fresh(participant_id).with_for_update(key_share=True)
    return session.exec(statement, execution_options=_AS_IT_IS_NOW).one()


def due_to_replan(session: Session, study_id: int, number: int, limit: int) -> list[Participant]:
    """Return who was planned by an earlier version of the protocol than ``number``; locked.

    Those for whom somebody else writes at this moment are passed over.
    """
    parameters = {"study_id": study_id, "number": number, "most": limit}
    return list(session.exec(_DUE_TO_REPLAN, params=parameters, execution_options=_AS_IT_IS_NOW))


_DUE_TO_REPLAN = (
    select(Participant)
    .where(
        col(Participant.study_id) == bindparam("study_id"),
        col(Participant.planned_version) < bindparam("number"),
    )
    .order_by(col(Participant.planned_version), col(Participant.id))
    .limit(bindparam("most"))
    .with_for_update(key_share=True, skip_locked=True)
)


def _fresh(participant_id: int) -> SelectOfScalar[Participant]:
    return select(Participant).where(Participant.id == participant_id)


def find(session: Session, participant_id: int) -> Participant | None:
    """Return a participant, if there is one."""
    return session.get(Participant, participant_id)


def public_id_taken(session: Session, study_id: int, public_id: str) -> bool:
    """Whether a study has given out this public id already."""
    statement = select(Participant.id).where(
        Participant.study_id == study_id, Participant.public_id == public_id
    )
    return session.exec(statement).first() is not None


def count_enrolled_like(
    session: Session, study_id: int, site: str | None, stratum: Mapping[str, str]
) -> int:
    """Return how many enrolled at a site (None: anywhere) with these answers to choice items.

    Of those whose answers were erased, the stratum of their randomisation is known still.
    """
    where: list[ColumnElement[bool]] = [
        col(Participant.study_id) == study_id,
        col(Participant.enrolled_at).is_not(None),
        *([col(Participant.site) == site] if site is not None else []),
    ]
    levels = literal("|").concat(col(Participant.stratum)).concat("|")
    alike = [
        or_(
            col(Participant.screening)[item].as_string() == value,
            levels.contains(f"|{item}={value}|", autoescape=True),
        )
        for item, value in stratum.items()
    ]
    return session.exec(select(func.count()).where(*where, *alike)).one()


def contact(session: Session, participant_id: int) -> Contact | None:
    """Return how to reach a participant."""
    return session.get(Contact, participant_id)


def contacts(session: Session, participant_ids: Collection[int]) -> list[Contact]:
    """Return how to reach some participants."""
    statement = select(Contact).where(col(Contact.participant_id).in_(participant_ids))
    return list(session.exec(statement))


def is_verified(session: Session, participant_id: int) -> bool:
    """Whether a participant has followed a link that was sent to her address."""
    found = contact(session, participant_id)
    return found is not None and found.verified_at is not None


def contact_by_digest(session: Session, study_id: int, digest: str) -> Contact | None:
    """Return the first contact of a study with this keyed hash of its address."""
    statement = select(Contact).where(Contact.study_id == study_id, Contact.digest == digest)
    return session.exec(statement).first()


def allocation(session: Session, participant_id: int) -> Allocation | None:
    """Return a participant's allocation."""
    return session.exec(_ALLOCATION, params={"participant_id": participant_id}).one_or_none()


_ALLOCATION = select(Allocation).where(
    col(Allocation.participant_id) == bindparam("participant_id")
)


def forget_screening(session: Session, before: datetime) -> int:
    """Erase the screening answers of those who came no further; return of how many."""
    result = session.connection().execute(
        update(Participant)
        .where(
            col(Participant.stage) == Stage.SCREENED,
            col(Participant.screened_at) < before,
            col(Participant.screening).is_not(None),
        )
        .values(screening=None)
    )
    return result.rowcount


def lock_free(session: Session, participant_ids: Sequence[int]) -> frozenset[int]:
    """Lock those participants for whom nobody else writes, until the end; return which."""
    if session.get_bind().dialect.name == "sqlite":
        return frozenset(participant_ids)
    statement = (
        select(Participant.id)
        .where(col(Participant.id).in_(participant_ids))
        .with_for_update(key_share=True, skip_locked=True)
    )
    return frozenset(found for found in session.exec(statement) if found is not None)
