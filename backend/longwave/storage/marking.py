"""Marks: single statements that are committed one by one, many times a second.

A sender marks each message just before it hands it over. Through a session, with a transaction
around it, such a mark costs half as much as the sending itself; so its statement is compiled once,
and runs on a connection that commits each statement by itself.

A mark outlives the death of this process at once, but a power cut only if a moment has passed or
something else was committed after it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, closing
from typing import Any

from sqlalchemy import Connection, Dialect
from sqlalchemy.exc import OperationalError
from sqlalchemy.sql import ClauseElement

Parameters = Mapping[str, Any]


class Marker:
    """Runs marks on a connection that commits each of them.

    Parameters
    ----------
    queue
        What those who write in this process wait for, one after another.
    """

    def __init__(self, connection: Connection, queue: AbstractContextManager[Any]) -> None:
        self._connection, self._queue = connection, queue
        self.dialect = connection.dialect

    def mark(self, statement: Compiled, parameters: Parameters) -> int:
        """Run a statement and commit it; return how many rows it changed."""
        driver = self._connection.connection.dbapi_connection
        assert driver is not None and self.dialect.dbapi is not None
        try:
            with self._queue, closing(driver.cursor()) as cursor:
                cursor.execute(statement.text, statement.bound(parameters))
                return int(cursor.rowcount)
        except self.dialect.dbapi.OperationalError as error:
            raise OperationalError("a mark", None, error) from error


class Compiled:
    """A statement as one database's driver takes it; lists (``IN``) cannot stand in it."""

    def __init__(self, statement: ClauseElement, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self.text = str(compiled)
        self._fixed = dict(compiled.params)
        self._order = getattr(compiled, "positiontup", None)
        self._processors: dict[str, Callable[[Any], Any]] = {
            name: processor
            for name, bind in compiled.binds.items()  # type: ignore[attr-defined]
            if (processor := bind.type.dialect_impl(dialect).bind_processor(dialect))
        }

    def bound(self, parameters: Parameters) -> Any:  # noqa: ANN401 - as the driver wants it
        """Return the parameters as the driver wants them."""
        values = {**self._fixed, **parameters}
        for name, processor in self._processors.items():
            values[name] = processor(values[name])
        return values if self._order is None else [values[name] for name in self._order]
