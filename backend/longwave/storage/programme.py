"""The periods of arms, and crossovers that are due, read."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from longwave.domain.lifecycle import FollowUp
from longwave.storage.assessment import FROZEN
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


def crossovers_due(session: Session, now: datetime, limit: int) -> list[int]:
    """Return the ids of participants whose crossover is due, the earliest first."""
    found = session.exec(_CROSSOVERS_DUE, params={"now": now, "most": limit})
    return [participant_id for participant_id in found if participant_id is not None]


_CROSSOVERS_DUE = (
    select(Participant.id)
    .join(Study, col(Study.id) == col(Participant.study_id))
    .where(
        col(Participant.crossover_due_at) <= bindparam("now"),
        col(Participant.follow_up).in_(_STILL),
        col(Study.state).not_in(FROZEN),
    )
    .order_by(col(Participant.crossover_due_at))
    .limit(bindparam("most"))
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
