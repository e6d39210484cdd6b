"""Sending rates: from when on the next message may go, read and moved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import NamedTuple

from sqlalchemy import bindparam, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from longwave.storage.tables import SendingRate


class Way(NamedTuple):
    """A transport's channel, and a receiving domain or ``*`` for all that goes through it."""

    channel: str
    domain: str


def hold(session: Session, ways: Iterable[Way], now: datetime) -> dict[Way, datetime]:
    """Return when the next message may go each way; nobody else moves it until the end.

    They are held in order, so that two workers never wait for one another.
    """
    wanted = sorted(set(ways))
    connection = session.connection()
    fresh = [{"channel": way.channel, "domain": way.domain, "next_at": now} for way in wanted]
    connection.execute(_insert(connection.dialect.name), fresh)
    rows = connection.execute(_HOLD, {"ways": wanted})
    return {Way(channel, domain): next_at for channel, domain, next_at in rows}


@cache
def _insert(dialect: str) -> sqlite.Insert | postgresql.Insert:
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(SendingRate).on_conflict_do_nothing()


_WAY = tuple_(col(SendingRate.channel), col(SendingRate.domain))
_HOLD = (
    select(col(SendingRate.channel), col(SendingRate.domain), col(SendingRate.next_at))
    .where(_WAY.in_(bindparam("ways", expanding=True)))
    .order_by(col(SendingRate.channel), col(SendingRate.domain))
    .with_for_update()
)


def move(session: Session, next_at: Mapping[Way, datetime]) -> None:
    """Note from when on the next message may go each way."""
    rows = [{"by": way.channel, "to": way.domain, "at": at} for way, at in sorted(next_at.items())]
    session.connection().execute(_MOVE, rows)


_MOVE = (
    update(SendingRate)
    .where(col(SendingRate.channel) == bindparam("by"), col(SendingRate.domain) == bindparam("to"))
    .values(next_at=bindparam("at"))
)
