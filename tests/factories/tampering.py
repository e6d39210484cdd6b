"""Somebody with the database in hand, who changes what nobody may change."""

from __future__ import annotations

from sqlalchemy import text

from longwave.storage.database import Database


def tamper(database: Database, table: str, statement: str, **values: object) -> None:
    """Run a statement on a table once its triggers are out of the way."""
    with database.writing() as session:
        connection = session.connection()
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        else:
            found = connection.execute(
                text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :name"),
                {"name": table},
            )
            for trigger in list(found.scalars()):
                connection.execute(text(f"DROP TRIGGER {trigger}"))
        connection.execute(text(statement), values)
