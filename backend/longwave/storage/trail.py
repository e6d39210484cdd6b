"""The audit trail, read and written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, func, select

from longwave.storage.tables import Event, Heartbeat, Seal

_TRAIL_LOCK = 0x6C6F6E67
_SEAL_LOCK = 0x7365616C


def append(session: Session, event: Mapping[str, Any]) -> None:
    """Write one event; on PostgreSQL under the shared lock that the sealer waits for."""
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock_shared(:key)"), {"key": _TRAIL_LOCK})
    connection.execute(_INSERT_EVENT, event)


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


def between(session: Session, after: int, upto: int, limit: int) -> list[Event]:
    """Return events with ids in (after, upto], by id."""
    return list(session.exec(_BETWEEN, params={"after": after, "upto": upto, "most": limit}))


_BETWEEN = (
    select(Event)
    .where(col(Event.id) > bindparam("after"), col(Event.id) <= bindparam("upto"))
    .order_by(col(Event.id))
    .limit(bindparam("most"))
)


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
