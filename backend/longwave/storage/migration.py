"""The schema: brought up to date without losing a row, and checked."""

from __future__ import annotations

from functools import cache

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, inspect, select, table

from longwave import resources
from longwave.domain.errors import LongwaveError
from longwave.storage.database import Database


def upgrade(url: str, *, to: str = "head") -> None:
    """Bring the schema of the database at ``url`` up to date, or to an earlier revision.

    SQLite rebuilds a table to alter it, and deletes the rows that refer to it if foreign keys
    are on. So they are off meanwhile, are checked afterwards, and no table may lose a row.

    Raises
    ------
    LongwaveError
        If the upgrade would leave dangling references or has lost rows.
    """
    database = Database(url)
    try:
        with database.engine.connect() as connection:
            _set_foreign_keys(connection, on=False)
            before = _row_counts(connection)
            connection.rollback()
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, to)
            _check_nothing_lost(connection, before)
            connection.rollback()
            _set_foreign_keys(connection, on=True)
    finally:
        database.close()


def is_current(database: Database) -> bool:
    """Whether the schema is the one that this version of the program expects."""
    with database.reading() as session:
        context = MigrationContext.configure(session.connection())
        return context.get_current_revision() == _head()


@cache
def _head() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    location = str(resources.migrations_directory()).replace("%", "%%")
    config.set_main_option("script_location", location)
    config.set_main_option("path_separator", "os")
    return config


def _set_foreign_keys(connection: Connection, *, on: bool) -> None:
    """Switch on the driver's connection, outside of any transaction, where alone it works."""
    if connection.dialect.name == "sqlite":
        cursor = connection.connection.cursor()
        cursor.execute(f"PRAGMA foreign_keys = {'ON' if on else 'OFF'}")
        cursor.close()


def _row_counts(connection: Connection) -> dict[str, int]:
    names = inspect(connection).get_table_names()
    return {
        name: connection.execute(select(func.count()).select_from(table(name))).scalar_one()
        for name in names
    }


def _check_nothing_lost(connection: Connection, before: dict[str, int]) -> None:
    after = _row_counts(connection)
    lost = [name for name, rows in before.items() if rows > after.get(name, rows)]
    dangling = (
        connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        if connection.dialect.name == "sqlite"
        else []
    )
    if lost or dangling:
        raise LongwaveError(
            f"The upgrade lost rows of {', '.join(lost) or 'no table'} "
            f"and left {len(dangling)} dangling references.",
            "Restore the backup that was made before it.",
        )
