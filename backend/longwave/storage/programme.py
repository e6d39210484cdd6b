"""The periods of arms, and crossovers that are due, read."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, update
from sqlmodel import Session, col, select

from longwave.domain.lifecycle import FollowUp
from longwave.storage.study import FROZEN
from longwave.storage.tables import Allocation, ArmPeriod, Participant, Study

_CLUSTER_LIST = "cluster:"
_STILL = (FollowUp.ACTIVE, FollowUp.COMPLETED)


def current(session: Session, participant_id: int) -> ArmPeriod:
    """Return the period of a randomised participant that has not ended."""
    return session.exec(_CURRENT, params={"participant_id": participant_id}).one()


_CURRENT = select(ArmPeriod).where(
    col(ArmPeriod.participant_id) == bindparam("participant_id"), col(ArmPeriod.ends_at).is_(None)
)


def all_of(session: Session, participant_id: int) -> list[ArmPeriod]:
    """Return the periods of a participant's arm, the first first."""
    statement = (
        select(ArmPeriod)
        .where(ArmPeriod.participant_id == participant_id)
        .order_by(col(ArmPeriod.number))
    )
    return list(session.exec(statement))


def crossovers_due(session: Session, now: datetime, limit: int) -> list[Participant]:
    """Return participants whose crossover is due, the earliest first; they are locked.

    Those for whom somebody else writes at this moment are passed over.
    """
    parameters = {"now": now, "most": limit}
    return list(session.exec(_CROSSOVERS_DUE, params=parameters, execution_options=_AS_IT_IS_NOW))


_AS_IT_IS_NOW = {"populate_existing": True}
_CROSSOVERS_DUE = (
    select(Participant)
    .where(
        col(Participant.crossover_due_at) <= bindparam("now"),
        col(Participant.follow_up).in_(_STILL),
        col(Participant.study_id).not_in(select(Study.id).where(col(Study.state).in_(FROZEN))),
    )
    .order_by(col(Participant.crossover_due_at))
    .limit(bindparam("most"))
    .with_for_update(key_share=True, skip_locked=True, of=Participant)
)


def forget_crossovers(session: Session, study_id: int) -> None:
    """Let no crossover be due in a study that has come to its end: each sweep would look at it."""
    session.connection().execute(
        update(Participant)
        .where(
            col(Participant.study_id) == study_id, col(Participant.crossover_due_at).is_not(None)
        )
        .values(crossover_due_at=None)
    )


def cluster_allocated_at(session: Session, participant_id: int) -> datetime | None:
    """Return when a participant's cluster was allocated; None if she was randomised herself."""
    own = session.exec(_OWN, params={"participant_id": participant_id}).one_or_none()
    if own is None or not own.list.startswith(_CLUSTER_LIST):
        return None
    statement = select(Allocation.allocated_at).where(
        Allocation.study_id == own.study_id,
        Allocation.cluster == own.list.removeprefix(_CLUSTER_LIST),
    )
    return session.exec(statement).one()


_OWN = select(Allocation).where(col(Allocation.participant_id) == bindparam("participant_id"))
