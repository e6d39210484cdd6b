"""What both kinds of rows need: text columns, allocations, events in small batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Executable, Select, select
from sqlmodel import Session, col

from longwave.storage import raw
from longwave.storage.tables import Allocation, Event
from longwave.storage.trail import StoredEvent, stored_columns

_FETCH = 5_000

Row = TypeVar("Row", bound=tuple[Any, ...])


class StoredAllocation(NamedTuple):
    """A row of an allocation, a participant's or a cluster's."""

    participant_id: int | None
    study_id: int
    cluster: str | None
    list: str
    position: int
    arm: str
    allocated_at: str


def all_allocations(session: Session) -> Select[Any]:
    return select(
        col(Allocation.participant_id),
        col(Allocation.study_id),
        col(Allocation.cluster),
        col(Allocation.list),
        col(Allocation.position),
        col(Allocation.arm),
        raw.instant(session.get_bind().dialect.name, col(Allocation.allocated_at)),
    ).order_by(col(Allocation.id))


def stream(session: Session, statement: Executable, make: Callable[[Any], Row]) -> Iterator[Row]:
    """Give rows a few thousand at a time."""
    options = {"yield_per": _FETCH}
    return map(make, session.connection().execute(statement, execution_options=options))


def events_where(
    session: Session, kinds: Iterable[str], *where: ColumnElement[bool]
) -> Iterator[StoredEvent]:
    """Give the events of some kinds, by participant and id."""
    statement = (
        select(*stored_columns(session.get_bind().dialect.name))
        .where(*where, col(Event.kind).in_(sorted(kinds)))
        .order_by(col(Event.participant_id), col(Event.id))
    )
    return stream(session, statement, StoredEvent._make)


def rows(session: Session, statement: Executable, make: Callable[[Any], Row]) -> list[Row]:
    """Return all rows."""
    return list(map(make, session.connection().execute(statement)))
