"""A database in which every request starts from the same rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlmodel import Session

from longwave.storage.database import Database


class Undone:
    """Reads like another database; what is written through it is undone."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.reading = database.reading

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Give a session whose work is flushed, and then rolled back."""
        with self._database.writing() as session:
            yield session
            session.flush()
            session.rollback()
