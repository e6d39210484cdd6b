"""One engine, two kinds of session: reading ones that cannot write, and writing ones in a queue.

SQLite's default transactions lose concurrent read-then-write updates without an error. So a
writing session begins IMMEDIATE, behind one lock of this process, while reading ones stay
deferred and never wait.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry
from sqlmodel import Session, create_engine

from longwave.domain.errors import ConfigurationError
from longwave.storage.marking import Marker
from longwave.storage.turns import Turns, begin_writing

WAL_RESET_FIXED = (3, 51, 3)
"""The first SQLite without a rare bug that can corrupt a database when its WAL is reset."""

_BUSY_SECONDS = 30


class ReadingSession(Session):
    """A session that refuses to flush."""


@event.listens_for(ReadingSession, "before_flush")
def _refuse(*_: object) -> None:
    raise RuntimeError("A reading session was asked to write. Use Database.writing().")


class Database:
    """A database, opened.

    Parameters
    ----------
    url
        An SQLAlchemy URL of SQLite or PostgreSQL.
    durable
        Whether what is committed survives a power cut. Only what nobody will miss, such as the
        scratch database of a rehearsal, may do without; SQLite is then several times as fast.
    """

    def __init__(self, url: str, *, durable: bool = True) -> None:
        self.engine = _engine(url, durable)
        self._marking_engine = _marking_engine(self.engine, durable)
        self._reading_engine = self.engine.execution_options(longwave_begin="BEGIN")
        self._lock: AbstractContextManager[Any] = Turns() if self.is_sqlite else nullcontext()

    @property
    def is_sqlite(self) -> bool:
        """Whether this is SQLite, where only one process should write."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Give a session that reads."""
        with ReadingSession(self._reading_engine, autoflush=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Give a session that is committed when the block ends, and rolled back if it fails."""
        with self._lock, Session(self.engine, expire_on_commit=False) as session:
            yield session
            session.commit()

    def own_clock(self) -> datetime | None:
        """Return what the server's clock says; None for SQLite, which has none of its own."""
        if self.is_sqlite:
            return None
        with self.engine.connect() as connection:
            at: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        return at

    @contextmanager
    def marking(self) -> Iterator[Marker]:
        """Give what runs single statements that need not survive a power cut."""
        with self._marking_engine.connect() as connection:
            yield Marker(connection, self._lock)

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()
        self._marking_engine.dispose()


@contextmanager
def snapshot(session: Session) -> Iterator[Session]:
    """Give a session whose statements all see one instant: what is committed now.

    SQLite's transactions are like that; on PostgreSQL it is another one than ``session``.
    """
    engine = session.get_bind().engine
    if engine.dialect.name == "sqlite":
        yield session
        return
    still = engine.execution_options(isolation_level="REPEATABLE READ")
    with ReadingSession(still, autoflush=False) as frozen:
        yield frozen


def _engine(url: str, durable: bool) -> Engine:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ConfigurationError(
            "LONGWAVE_DATABASE_URL is not a database URL.",
            "Write for instance sqlite:///longwave.db or postgresql://user@host/name.",
        ) from None
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(parsed, connect_args={"timeout": _BUSY_SECONDS})
        event.listen(engine, "connect", _prepare_sqlite if durable else _prepare_scratch)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    if parsed.get_backend_name() == "postgresql":
        return create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
    raise ConfigurationError(
        f"LONGWAVE_DATABASE_URL names {parsed.get_backend_name()}, which is not supported.",
        "Use SQLite or PostgreSQL.",
    )


def _marking_engine(engine: Engine, durable: bool) -> Engine:
    """Return an engine whose connections commit each statement, without waiting for the disk."""
    if engine.dialect.name == "sqlite":
        marking = create_engine(engine.url, connect_args={"timeout": _BUSY_SECONDS})
        event.listen(marking, "connect", _prepare_marks if durable else _prepare_scratch)
        return marking
    return create_engine(
        engine.url,
        pool_pre_ping=True,
        isolation_level="AUTOCOMMIT",
        # Each statement is prepared, and planning one takes several times as long as running it.
        connect_args={"options": "-c synchronous_commit=off -c plan_cache_mode=force_generic_plan"},
    )


def _prepare_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # the begin hook decides how a transaction begins
    cursor = connection.cursor()
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _prepare_scratch(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
    _prepare_sqlite(connection, record)
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous = OFF")
    cursor.close()


def _prepare_marks(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
    _prepare_sqlite(connection, record)
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    if how := connection.get_execution_options().get("longwave_begin"):
        connection.exec_driver_sql(how)
        return
    driver = connection.connection.dbapi_connection
    assert isinstance(driver, sqlite3.Connection)
    try:
        begin_writing(driver, _BUSY_SECONDS)
    except sqlite3.OperationalError as error:
        raise OperationalError("BEGIN IMMEDIATE", None, error) from error


def sqlite_has_wal_reset_bug() -> bool:
    """Whether the SQLite in this Python is older than the fix of the WAL-reset bug."""
    return sqlite3.sqlite_version_info < WAL_RESET_FIXED
