"""The audit trail, read and written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Executable, bindparam, insert, text
from sqlalchemy import select as sqlalchemy_select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, func, select

from longwave.storage import raw
from longwave.storage.tables import Event, Heartbeat, Seal

_TRAIL_LOCK = 0x6C6F6E67
_SEAL_LOCK = 0x7365616C


def hold(session: Session) -> None:
    """Take the shared lock of those who write events, on PostgreSQL: the sealer waits for it."""
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock_shared(:key)"), {"key": _TRAIL_LOCK})


def append(session: Session, event: Mapping[str, Any]) -> None:
    """Write one event."""
    hold(session)
    session.connection().execute(_INSERT_EVENT, event)


def append_all(session: Session, events: Sequence[Mapping[str, Any]]) -> None:
    """Write several events."""
    if events:
        hold(session)
        session.connection().execute(_INSERT_EVENT, events)


_INSERT_EVENT = insert(Event)


def horizon(session: Session) -> int:
    """Return the id up to which no event can still appear.

    PostgreSQL's ids commit out of order; the exclusive lock waits until every writer that
    has begun is done. Call it in a transaction of its own.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(
            text("SELECT pg_advisory_xact_lock(:key)"), {"key": _TRAIL_LOCK}
        )
    return last_event_id(session)


def may_seal(session: Session) -> bool:
    """Take the sealer's lock for this transaction, or say that another has it."""
    if session.get_bind().dialect.name != "postgresql":
        return True
    taken = session.connection().execute(
        text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _SEAL_LOCK}
    )
    return bool(taken.scalar_one())


def last_event_id(session: Session) -> int:
    """Return the highest id among the events that are visible now, or 0."""
    return session.exec(_LAST_EVENT_ID).one() or 0


_LAST_EVENT_ID = select(func.max(Event.id))


def last_seal(session: Session) -> Seal | None:
    """Return the newest seal."""
    return session.exec(_LAST_SEAL).first()


_LAST_SEAL = select(Seal).order_by(col(Seal.number).desc()).limit(1)


class StoredEvent(NamedTuple):
    """An event as the database holds it, nothing of it read into another form.

    ``at`` is "YYYY-MM-DD HH:MM:SS.ffffff" in UTC, unless somebody else than this program wrote
    it; ``payload`` is JSON.
    """

    id: int
    study_id: int | None
    participant_id: int | None
    kind: str
    actor: str
    at: str
    payload: str


def between(session: Session, after: int, upto: int, limit: int) -> list[StoredEvent]:
    """Return events with ids in (after, upto], by id; at most ``limit``."""
    connection = session.connection()
    rows = connection.execute(
        _between(connection.dialect.name), {"after": after, "upto": upto, "most": limit}
    )
    return list(map(StoredEvent._make, rows))


@cache
def _between(dialect: str) -> Executable:
    return (
        sqlalchemy_select(*stored_columns(dialect))
        .where(col(Event.id) > bindparam("after"), col(Event.id) <= bindparam("upto"))
        .order_by(col(Event.id))
        .limit(bindparam("most"))
    )


def stored_columns(dialect: str) -> list[Any]:
    """Return the columns of a `StoredEvent`.

    As text: what somebody else wrote into them may be no instant and no JSON, and reading must
    not fail over it.
    """
    return [
        col(Event.id),
        col(Event.study_id),
        col(Event.participant_id),
        col(Event.kind),
        col(Event.actor),
        raw.instant(dialect, col(Event.at)),
        raw.text(col(Event.payload)),
    ]


class StoredSeal(NamedTuple):
    """A seal as the database holds it; see `StoredEvent`."""

    number: int
    first_event: int
    last_event: int
    head: str
    sealed_at: str


def seals(session: Session, after: int, limit: int) -> list[StoredSeal]:
    """Return seals with numbers above ``after``, by number; at most ``limit``."""
    connection = session.connection()
    rows = connection.execute(_seals(connection.dialect.name), {"after": after, "most": limit})
    return list(map(StoredSeal._make, rows))


@cache
def _seals(dialect: str) -> Executable:
    columns = [col(Seal.number), col(Seal.first_event), col(Seal.last_event), col(Seal.head)]
    return (
        sqlalchemy_select(*columns, raw.instant(dialect, col(Seal.sealed_at)))
        .where(col(Seal.number) > bindparam("after"))
        .order_by(col(Seal.number))
        .limit(bindparam("most"))
    )


def strays(session: Session) -> dict[str, int]:
    """Return how many events and seals have numbers that this program never gives."""
    return {
        "events": session.exec(select(func.count()).where(col(Event.id) < 1)).one(),
        "seals": session.exec(select(func.count()).where(col(Seal.number) < 1)).one(),
    }


def tail(session: Session, after: int) -> tuple[int, str | None]:
    """Return how many events have ids above ``after``, and when the earliest happened."""
    connection = session.connection()
    at = raw.instant(connection.dialect.name, func.min(col(Event.at)))
    count, since = connection.execute(
        sqlalchemy_select(func.count(), at).where(col(Event.id) > after)
    ).one()
    return count, since


def beat(session: Session, name: str, now: datetime) -> None:
    """Note that a part of the worker did its work."""
    connection = session.connection()
    upsert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = upsert(Heartbeat).values(name=name, at=now)
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"at": now}))


def last_beat(session: Session, name: str) -> datetime | None:
    """Return when a part of the worker last did its work."""
    found = session.get(Heartbeat, name)
    return found.at if found else None
