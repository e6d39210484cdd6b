"""Migrations make the tables that the program declares, and lose nothing on the way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from factories.first_version import ARMS, KEYS, LATER, NOW, TOKEN, populate
from factories.small_trial import SLUG
from sqlalchemy import MetaData, text
from sqlalchemy import select as sa_select
from sqlalchemy.exc import DatabaseError, IntegrityError
from sqlmodel import SQLModel, select

from longwave.domain.lifecycle import Role
from longwave.domain.permissions import MAY, Action
from longwave.services import randomisation, staff
from longwave.services import study as studies
from longwave.storage import migration
from longwave.storage.database import Database
from longwave.storage.tables import (
    ArmPeriod,
    Assessment,
    Contact,
    Heartbeat,
    Message,
    Participant,
)


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


# --- from the first version, with rows in every table ---------------------------------------------


@pytest.fixture
def upgraded(empty_database_url):
    """A database that the first version filled, as it is after the upgrade, and what it held."""
    migration.upgrade(empty_database_url, to="0001")
    before = populate(empty_database_url)
    migration.upgrade(empty_database_url)
    database = Database(empty_database_url)
    metadata = MetaData()
    metadata.reflect(database.engine)
    yield database, metadata.tables, before
    database.close()


MOVED = {"staff": {"role", "blinded", "token_hash", "expires_at"}}


def test_an_upgrade_loses_no_row_and_changes_no_value(upgraded):
    database, tables, before = upgraded
    with database.engine.connect() as connection:
        for name, rows in before.items():
            columns = [column for column in rows[0] if column not in MOVED.get(name, ())]
            wanted = sa_select(*(tables[name].c[each] for each in columns))
            if name == "event":
                wanted = wanted.where(tables[name].c.actor != "upgrade")
            found = connection.execute(wanted)
            after = sorted((_plain(row) for row in found), key=repr)
            assert after == sorted(
                (_plain([row[each] for each in columns]) for row in rows), key=repr
            ), name


def test_the_trail_gets_what_the_first_version_did_not_tell(upgraded):
    database, tables, _ = upgraded
    event = tables["event"]
    with database.engine.connect() as connection:
        told = connection.execute(
            sa_select(event.c.kind, event.c.participant_id)
            .where(event.c.actor == "upgrade")
            .order_by(event.c.id)
        )
        assert [tuple(row) for row in told if row.kind == "contact.verified"] == [
            ("contact.verified", number) for number in (1, 2, 3)
        ]


def test_an_upgraded_database_is_like_a_new_one(upgraded):
    database, _, _ = upgraded
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []
        if database.is_sqlite:
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []


def test_whoever_had_a_token_signs_in_with_the_same_rights(upgraded):
    database, _, _ = upgraded
    with database.reading() as session:
        study = studies.get_study(session, SLUG)
        for token, role, blinded in (
            (TOKEN, Role.OWNER, False),
            (f"{TOKEN}, blinded", Role.ANALYST, True),
        ):
            who = staff.authenticate(session, token, now=NOW)
            viewer = staff.viewer_in(who, study)
            assert (viewer.role, viewer.blinded, viewer.sites) == (role, blinded, None)
            assert viewer.may(next(a for a in Action if role in MAY[a]))
        assert staff.authenticate(session, TOKEN, now=NOW + timedelta(days=90)) is None


def test_each_arm_gets_its_periods_and_each_opened_link_verifies_its_address(upgraded):
    database, _, _ = upgraded
    with database.reading() as session:
        periods = session.exec(
            select(ArmPeriod).order_by(ArmPeriod.participant_id, ArmPeriod.number)
        ).all()
        crossed = 1 + ARMS.index("waitlist")
        expected = []
        for number, arm in enumerate(ARMS, 1):
            start = NOW + timedelta(hours=number)
            end = LATER if number == crossed else None
            programme = "course" if arm == "active" else None
            expected.append((number, 1, arm, programme, start, end))
            if number == crossed:
                expected.append((number, 2, arm, "course", LATER, None))
        assert [
            (p.participant_id, p.number, p.arm, p.programme, p.starts_at, p.ends_at)
            for p in periods
        ] == expected
        verified = {row.participant_id: row.verified_at for row in session.exec(select(Contact))}
    assert verified == {
        **{number: NOW + timedelta(minutes=number) for number in (1, 2, 3)},
        4: None,
    }


def test_the_allocations_of_the_first_version_still_prove_themselves(upgraded):
    database, _, _ = upgraded
    with database.reading() as session:
        assert randomisation.verify(session, SLUG, keys=KEYS).passed


def test_what_the_clockwork_needs_follows_from_what_was_stored(empty_database_url):
    migration.upgrade(empty_database_url, to="0001")
    populate(empty_database_url)
    migration.upgrade(empty_database_url, to="0002")
    database = Database(empty_database_url)
    with database.engine.begin() as connection:
        for statement in (
            "UPDATE assessment SET status = 'expired', closed_at = closes_at WHERE id = 2",
            "UPDATE assessment SET status = 'expired', closed_at = opens_at WHERE id = 4",
            "UPDATE message SET at_once = false WHERE id = 2",
            "UPDATE message SET kind = 'reminder', at_once = false WHERE id = 3",
            "UPDATE message SET state = 'sending', settled_at = NULL WHERE id = 4",
        ):
            connection.execute(text(statement))
    migration.upgrade(empty_database_url)
    with database.reading() as session:
        found = {row.id: row for row in session.exec(select(Assessment))}
        messages = {row.id: row for row in session.exec(select(Message))}
        people = {row.id: row.planned_version for row in session.exec(select(Participant))}
    database.close()
    assert all(row.expires_at == row.closes_at for row in found.values())
    assert {number: row.invited_at for number, row in found.items() if row.invited_at} == {
        1: NOW,
        3: NOW,  # a reminder to 5 is no invitation, and the one to 7 has not left
    }
    assert {number for number, row in found.items() if row.saved_at == NOW} == {1, 3, 5, 7}
    assert {number: row.closing_reason for number, row in found.items()} == {
        **dict.fromkeys(range(1, 9)),
        2: "window",
    }
    assert {number: row.priority for number, row in messages.items()} == {1: 1, 2: 2, 3: 3, 4: 1}
    assert {number for number, row in messages.items() if row.begun_at is not None} == {4}
    assert people == {1: 1, 2: 1, 3: 1, 4: 1, 5: None}


APPEND_ONLY = ("event", "allocation", "consent", "seal")


@pytest.mark.parametrize("name", APPEND_ONLY)
@pytest.mark.parametrize("change", ["UPDATE", "DELETE"])
def test_what_happened_cannot_be_changed_after_the_upgrade(upgraded, name, change):
    database, _, _ = upgraded
    column = {"event": "actor", "allocation": "arm", "consent": "language", "seal": "head"}[name]
    statement = f"UPDATE {name} SET {column} = 'x'" if change == "UPDATE" else f"DELETE FROM {name}"
    with (
        database.engine.connect() as connection,
        pytest.raises(DatabaseError, match="append-only"),
    ):
        connection.execute(text(statement))


_A = "INSERT INTO allocation (study_id, participant_id, cluster, list, position, arm, allocated_at)"
_M = (
    "INSERT INTO message (study_id, participant_id, staff_id, kind, step, occurrence, channel, "
    "state, mail_id, attempts, at_once, priority, due_at, planned_at, queued_at)"
)
_W = "INSERT INTO answer (assessment_id, instrument, item, value, missing_reason, saved_at)"
_AT = "'2026-03-02 08:00:00+00:00'"
_REST = f"'k', 's', 1, 'email', 'pending', 'm@x', 0, false, 2, {_AT}, {_AT}, {_AT})"
BAD = {
    "an allocation of nobody": f"{_A} VALUES (1, NULL, NULL, 'l', 0, 'active', {_AT})",
    "an allocation of two": f"{_A} VALUES (1, 5, 'site=north', 'l', 0, 'active', {_AT})",
    "a second allocation": f"{_A} VALUES (1, 1, NULL, 'l', 0, 'active', {_AT})",
    "a taken position": f"{_A} VALUES (1, 5, NULL, 'site=north', 0, 'active', {_AT})",
    "a message to nobody": f"{_M} VALUES (1, NULL, NULL, {_REST}",
    "a message to two": f"{_M} VALUES (1, 1, 1, {_REST}",
    "an unknown reason": f"{_W} VALUES (1, 'rest', 'x', NULL, 'lazy', {_AT})",
    "neither value nor reason": f"{_W} VALUES (1, 'rest', 'x', NULL, NULL, {_AT})",
    "a message by pigeon": f"{_M} VALUES (1, NULL, 1, {_REST}".replace("'email'", "'pigeon'"),
    "an answer to nothing": f"{_W} VALUES (99, 'rest', 'x', '1', NULL, {_AT})",
}
GOOD = {
    "an allocation": f"{_A} VALUES (1, 5, NULL, 'site=north', 4, 'active', {_AT})",
    "a cluster": f"{_A} VALUES (1, NULL, 'site=north', 'all', 0, 'active', {_AT})",
    "a message to staff": f"{_M} VALUES (1, NULL, 1, {_REST}",
    "a corrected answer": f"{_W} VALUES (1, 'rest', 'x', NULL, 'invalidated', {_AT})",
}


@pytest.mark.parametrize("what", BAD)
def test_bad_rows_are_refused_after_the_upgrade(upgraded, what):
    database, _, _ = upgraded
    with database.engine.connect() as connection, pytest.raises(IntegrityError):
        connection.execute(text(BAD[what]))


@pytest.mark.parametrize("what", GOOD)
def test_new_rows_are_taken_after_the_upgrade(upgraded, what):
    database, _, _ = upgraded
    with database.engine.begin() as connection:
        connection.execute(text(GOOD[what]))


def _plain(row):
    """Return values that compare alike on both engines."""
    return [
        value.replace(tzinfo=None) if isinstance(value, datetime) else value
        for value in (
            each.astimezone(UTC) if isinstance(each, datetime) and each.tzinfo else each
            for each in row
        )
    ]
