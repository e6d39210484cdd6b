"""Alembic's environment. `longwave db upgrade` runs it on an open connection."""

from alembic import context
from sqlmodel import SQLModel

import longwave.storage.tables  # noqa: F401 - registers the tables

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
