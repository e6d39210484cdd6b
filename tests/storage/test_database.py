"""Two kinds of session: writers lose nothing, readers write nothing."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, StatementError
from sqlmodel import SQLModel, select

from longwave.domain.errors import ConfigurationError
from longwave.storage import trail
from longwave.storage.database import Database
from longwave.storage.tables import Event, Heartbeat, Study

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.fixture
def database(database_url):
    opened = Database(database_url)
    yield opened
    opened.close()


def a_study(**changes):
    return Study(**{"slug": "s", "mode": "live", "state": "draft", "added_at": NOW, **changes})


def test_concurrent_read_then_write_loses_no_update(database):
    with database.writing() as session:
        session.add(a_study(slug="0"))

    def increment():
        for _ in range(25):
            with database.writing() as session:
                study = session.exec(select(Study).with_for_update()).one()
                study.slug = str(int(study.slug) + 1)

    threads = [threading.Thread(target=increment) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as session:
        assert session.exec(select(Study)).one().slug == "200"


def test_a_reading_session_refuses_to_write(database):
    with database.reading() as session:
        session.add(a_study())
        with pytest.raises(RuntimeError, match="asked to write"):
            session.flush()


def test_a_failed_block_leaves_nothing(database):
    with pytest.raises(ZeroDivisionError), database.writing() as session:
        session.add(a_study())
        session.flush()
        raise ZeroDivisionError
    with database.reading() as session:
        assert session.exec(select(Study)).all() == []


def test_a_reader_does_not_wait_for_a_writer(database):
    with database.writing() as session:
        session.add(a_study())
        session.flush()
        with database.reading() as reader:
            assert reader.exec(select(Study)).all() == []


def test_instants_come_back_in_utc_and_naive_ones_are_refused(database):
    with database.writing() as session:
        session.add(Heartbeat(name="tick", at=NOW))
    with database.reading() as session:
        at = trail.last_beat(session, "tick")
    assert at == NOW and at.tzinfo is UTC
    with pytest.raises(StatementError, match="without a time zone"), database.writing() as session:
        session.add(Heartbeat(name="other", at=datetime(2026, 5, 4)))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_file_that_another_process_keeps_locked_is_told_as_a_fault_of_the_database(
    database, database_url, monkeypatch
):
    monkeypatch.setattr("longwave.storage.database._BUSY_SECONDS", 0.05)
    other = Database(database_url)
    with other.writing() as session:
        session.add(a_study())
        session.flush()
        with pytest.raises(OperationalError, match="locked"), database.writing() as second:
            second.add(a_study(slug="t"))
            second.flush()
    other.close()
    with database.reading() as session:
        assert [study.slug for study in session.exec(select(Study))] == ["s"]


@pytest.mark.parametrize("change", [{"mode": "pretend"}, {"state": "on holiday"}])
def test_the_database_itself_refuses_states_that_do_not_exist(database, change):
    with pytest.raises(IntegrityError), database.writing() as session:
        session.add(a_study(**change))


def test_foreign_keys_hold(database):
    with pytest.raises(IntegrityError), database.writing() as session:
        session.add(Event(study_id=999, kind="x", actor="t", at=NOW, payload={}))


@pytest.mark.parametrize("statement", ["UPDATE event SET actor = 'me'", "DELETE FROM event"])
def test_the_database_itself_refuses_to_change_the_trail(database, statement):
    with database.writing() as session:
        session.add(Event(kind="x", actor="t", at=NOW, payload={}))
    with pytest.raises(DBAPIError, match="append-only"), database.writing() as session:
        session.connection().execute(text(statement))


def test_sqlite_is_durable_and_checks_foreign_keys(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'a.db'}")
    with database.reading() as session:
        pragma = {
            name: session.connection().execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    database.close()
    assert pragma == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_only_a_database_that_nobody_will_miss_is_not_durable(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/x.db", durable=False)
    with database.reading() as session:
        pragma = {
            name: session.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("synchronous", "foreign_keys")
        }
    database.close()
    assert pragma == {"synchronous": 0, "foreign_keys": 1}


@pytest.mark.parametrize("url", ["nonsense", "mysql://localhost/x"])
def test_an_unusable_url_is_explained(url):
    with pytest.raises(ConfigurationError, match="LONGWAVE_DATABASE_URL"):
        Database(url)


def test_every_constraint_has_a_name_that_a_migration_can_use():
    for table in SQLModel.metadata.tables.values():
        for constraint in table.constraints:
            assert constraint.name, f"a constraint of {table.name} has no name"
