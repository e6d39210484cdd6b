"""Allocations, and the events that tell of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select
from sqlalchemy import select as sqlalchemy_select
from sqlmodel import Session, col, func, select

from longwave.domain.randomisation import list_of_members
from longwave.storage.tables import Allocation, Event, Participant

_ROWS_AT_ONCE = 1000
_COMMITMENTS = ("study.approved", "study.opened")


class Allocated(NamedTuple):
    """An allocation with the person whose it is; ``cluster`` and no person if a cluster's."""

    list: str
    position: int
    arm: str
    allocated_at: datetime
    cluster: str | None
    public_id: str | None
    stratum: str | None
    randomised_at: datetime | None


class Told(NamedTuple):
    """What an event says of an allocation."""

    at: datetime
    payload: dict[str, Any]


def next_position(session: Session, study_id: int, list_name: str) -> int:
    """Return the first free position of an allocation list."""
    statement = select(func.max(Allocation.position)).where(
        Allocation.study_id == study_id, Allocation.list == list_name
    )
    last = session.exec(statement).one()
    return 0 if last is None else last + 1


def of_cluster(session: Session, study_id: int, cluster: str) -> Allocation | None:
    """Return the allocation of a cluster."""
    statement = select(Allocation).where(
        Allocation.study_id == study_id, Allocation.cluster == cluster
    )
    return session.exec(statement).one_or_none()


def tally(session: Session, study_id: int, list_name: str) -> list[tuple[str, str, int]]:
    """Return how many participants of each stratum a list has allocated to each arm."""
    statement = (
        sqlalchemy_select(col(Participant.stratum), col(Allocation.arm), func.count())
        .join(Participant, col(Participant.id) == col(Allocation.participant_id))
        .where(col(Allocation.study_id) == study_id, col(Allocation.list) == list_name)
        .group_by(col(Participant.stratum), col(Allocation.arm))
    )
    return [(stratum, arm, number) for stratum, arm, number in session.execute(statement)]


def first_strata(session: Session, study_id: int) -> dict[str, str | None]:
    """Return the stratum of the member who brought each cluster in, by the members' list."""
    statement = (
        sqlalchemy_select(col(Allocation.list), col(Participant.stratum))
        .join(Participant, col(Participant.id) == col(Allocation.participant_id))
        .where(
            col(Allocation.study_id) == study_id,
            col(Allocation.position) == 0,
            col(Allocation.list).startswith(list_of_members("")),
        )
    )
    return {row[0]: row[1] for row in session.execute(statement)}


def of_clusters(session: Session, study_id: int) -> list[Allocated]:
    """Return the allocations of all clusters, list by list, by position."""
    statement = _allocated(study_id).where(col(Allocation.cluster).is_not(None))
    ordered = statement.order_by(col(Allocation.list), col(Allocation.position))
    return [Allocated(*row) for row in session.execute(ordered)]


def by_list(session: Session, study_id: int) -> Iterator[Allocated]:
    """Yield the allocations of all participants, list by list, by position."""
    statement = _allocated(study_id).where(col(Allocation.cluster).is_(None))
    ordered = statement.order_by(col(Allocation.list), col(Allocation.position))
    return (Allocated(*row) for row in _stream(session, ordered))


def by_person(session: Session, study_id: int) -> Iterator[tuple[int, Allocated]]:
    """Yield each participant's id and allocation, by id."""
    statement = _allocated(study_id).where(col(Allocation.cluster).is_(None))
    ordered = statement.add_columns(col(Allocation.participant_id)).order_by(
        col(Allocation.participant_id)
    )
    return ((row[-1], Allocated(*row[:-1])) for row in _stream(session, ordered))


def told_by_person(session: Session, study_id: int) -> Iterator[tuple[int | None, Told]]:
    """Yield what events say of participants' allocations, by the participant's id."""
    statement = (
        sqlalchemy_select(col(Event.participant_id), col(Event.at), col(Event.payload))
        .where(col(Event.study_id) == study_id, col(Event.kind) == "participant.randomised")
        .order_by(col(Event.participant_id), col(Event.id))
    )
    return ((row[0], Told(*row[1:])) for row in _stream(session, statement))


def told_of_clusters(session: Session, study_id: int) -> list[Told]:
    """Return what events say of the allocations of clusters."""
    statement = sqlalchemy_select(col(Event.at), col(Event.payload)).where(
        col(Event.study_id) == study_id, col(Event.kind) == "cluster.allocated"
    )
    return [Told(*row) for row in session.execute(statement)]


def told_commitments(session: Session, study_id: int) -> list[str | None]:
    """Return the commitments that were made public when the study was approved and opened."""
    statement = select(Event.payload).where(
        Event.study_id == study_id, col(Event.kind).in_(_COMMITMENTS)
    )
    return [payload.get("commitment") for payload in session.exec(statement)]


def count(session: Session, study_id: int) -> int:
    """Return how many participants and clusters were allocated."""
    statement = select(func.count()).where(Allocation.study_id == study_id)
    return session.exec(statement).one()


def count_randomised(session: Session, study_id: int) -> int:
    """Return how many participants say that they were randomised."""
    statement = select(func.count()).where(
        Participant.study_id == study_id, col(Participant.randomised_at).is_not(None)
    )
    return session.exec(statement).one()


def _allocated(study_id: int) -> Select[*tuple[Any, ...]]:
    return (
        sqlalchemy_select(
            col(Allocation.list),
            col(Allocation.position),
            col(Allocation.arm),
            col(Allocation.allocated_at),
            col(Allocation.cluster),
            col(Participant.public_id),
            col(Participant.stratum),
            col(Participant.randomised_at),
        )
        .join(Participant, col(Participant.id) == col(Allocation.participant_id), isouter=True)
        .where(col(Allocation.study_id) == study_id)
    )


def _stream(session: Session, statement: Select[*tuple[Any, ...]]) -> Iterator[Any]:
    """Yield rows as they come, so that memory does not grow with their number."""
    with session.execute(statement.execution_options(yield_per=_ROWS_AT_ONCE)) as result:
        yield from result
