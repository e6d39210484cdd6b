"""Migrations make the tables that the program declares, and lose nothing on the way."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlmodel import SQLModel, select

from longwave.storage import migration
from longwave.storage.database import Database
from longwave.storage.tables import Heartbeat


def test_an_upgraded_database_has_just_the_declared_tables(empty_database_url):
    migration.upgrade(empty_database_url)
    database = Database(empty_database_url)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []
    assert migration.is_current(database)
    database.close()


def test_an_empty_database_is_not_current(empty_database_url):
    database = Database(empty_database_url)
    assert not migration.is_current(database)
    database.close()


def test_upgrading_again_keeps_every_row(database_url):
    from datetime import UTC, datetime

    database = Database(database_url)
    with database.writing() as session:
        session.add(Heartbeat(name="tick", at=datetime(2026, 1, 1, tzinfo=UTC)))
    migration.upgrade(database_url)
    with database.reading() as session:
        assert [beat.name for beat in session.exec(select(Heartbeat))] == ["tick"]
    database.close()


def test_foreign_keys_are_on_again_after_an_upgrade(tmp_path):
    url = f"sqlite:///{tmp_path / 'a.db'}"
    migration.upgrade(url)
    database = Database(url)
    with database.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1
    database.close()


@pytest.mark.parametrize("rows_before", [{"study": 3}])
def test_lost_rows_are_noticed(rows_before, empty_database_url):
    from longwave.domain.errors import LongwaveError

    migration.upgrade(empty_database_url)
    database = Database(empty_database_url)
    with (
        database.engine.connect() as connection,
        pytest.raises(LongwaveError, match="lost rows of study"),
    ):
        migration._check_nothing_lost(connection, rows_before)
    database.close()
