"""Whatever is done to the record by SQL shows: every change, removal, insertion and reordering.

One record is made for each database. Each test tampers with it in a transaction, verifies within
the same transaction, and rolls it back.
"""

from __future__ import annotations

import shutil
from datetime import date

import pytest
from factories.lab import Lab
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from longwave.services import audit
from longwave.storage import migration
from longwave.storage.tables import (
    Approval,
    ConsentChoice,
    Event,
    Participant,
    ProtocolVersion,
    Seal,
    Study,
)

APPEND_ONLY = ("event", "seal", "allocation", "consent", "consent_choice", "approval")
ENGINES = ("sqlite", "postgresql")


@pytest.fixture(scope="module", params=ENGINES)
def record(request, tmp_path_factory):
    """Give a lab whose trail has several seals, a gap in its numbers, and an unsealed tail."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("tampering") / "longwave.db"
        shutil.copyfile(request.getfixturevalue("migrated_sqlite"), path)
        url = f"sqlite:///{path}"
    else:
        url = request.getfixturevalue("new_postgres_database")()
        migration.upgrade(url)
    lab = Lab(url)
    make_record(lab)
    yield lab
    lab.close()


def make_record(lab):
    lab.wait(hours=1)
    people = [lab.randomise() for _ in range(4)]
    lab.wait(hours=1)
    lab.fill(lab.enrol(), "w0", pages=1)
    write_by_hand(lab, people[0])
    lab.wait(hours=1)
    with lab.database.writing() as session:  # a gap in the numbers of the events
        last = session.exec(select(Event).order_by(Event.id.desc())).first()
        told = {"kind": "x.y", "actor": "t", "at": lab.now, "payload": {}}
        session.add(Event(id=last.id + 5, **told))
        session.flush()
        if not lab.database.is_sqlite:
            session.connection().execute(
                text("SELECT setval('event_id_seq', (SELECT max(id) FROM event))")
            )
    lab.wait(days=30)
    lab.wait(days=30)
    lab.screen()


def write_by_hand(lab, who):
    """Write a choice and an approval with their events."""
    with lab.database.writing() as session:
        study = session.exec(select(Study)).one()
        person = session.get_one(Participant, who)
        version = session.exec(select(ProtocolVersion)).one()
        for allowed in (True, False):
            session.add(
                ConsentChoice(participant_id=who, use="sharing", allowed=allowed, chosen_at=lab.now)
            )
            session.flush()
            audit.record(
                session,
                study,
                "participant.choice",
                {"use": "sharing", "allowed": allowed},
                actor="participant",
                now=lab.now,
                participant=person,
            )
        session.add(
            Approval(
                study_id=study.id,
                protocol_version_id=version.id,
                reference="R-1",
                approver="Board",
                approved_on=date(2026, 1, 5),
                exemption="practice",
                recorded_by="owner",
                recorded_at=lab.now,
            )
        )
        audit.record(
            session,
            study,
            "study.approved",
            {
                "reference": "R-1",
                "approver": "Board",
                "approved_on": "2026-01-05",
                "exemption": "practice",
                "hash": version.hash,
                "commitment": study.commitment,
            },
            actor="owner",
            now=lab.now,
        )


class Tampering:
    """A transaction of somebody who owns the database, and is rolled back in the end."""

    def __init__(self, lab):
        self.lab = lab
        self.session = Session(lab.database.engine)
        self.connection = self.session.connection()

    def unlock(self, table):
        """Take away what protects a table, and the checks between tables."""
        if self.lab.database.is_sqlite:
            self.run("PRAGMA defer_foreign_keys = ON")
            for action in ("update", "delete"):
                self.run(f"DROP TRIGGER IF EXISTS {table}_no_{action}")
        else:
            self.run("SET LOCAL session_replication_role = replica")
            self.run(f"DROP TRIGGER IF EXISTS {table}_no_change ON {table}")

    def run(self, statement):
        return self.connection.execute(text(statement))

    def verify(self, heads=()):
        return audit.verify(self.session, keys=self.lab.keys, heads=heads)


@pytest.fixture
def tampering(record):
    opened = Tampering(record)
    yield opened
    opened.session.rollback()
    opened.session.close()


def findings(report):
    return [str(finding) for finding in report.findings]


# --- the record as it is -------------------------------------------------------------------------


def test_an_untouched_record_proves_itself(record, tampering):
    report = tampering.verify()
    assert findings(report) == [] and report.passed
    seals = record.rows(Seal)
    events = record.rows(Event)
    assert report.blocks == len(seals) >= 4
    assert report.head == seals[-1].head
    assert report.sealed + report.unsealed == len(events)
    assert report.unsealed == 1 and report.unsealed_since == f"{events[-1].at:%F %T}.000000"
    assert report.participants == len(record.rows(Participant)) == 6
    assert (report.proved, report.unproved) == (5, 0)


def test_a_verification_needs_the_key_that_sealed(record, tampering):
    from longwave.keys import KeyRing

    report = audit.verify(tampering.session, keys=KeyRing("another secret " * 3))
    assert report.found == report.blocks


# --- what the database itself refuses -------------------------------------------------------------


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("action", ["UPDATE", "DELETE", "TRUNCATE"])
def test_the_database_refuses_to_change_what_happened(tampering, record, table, action):
    if action == "TRUNCATE" and record.database.is_sqlite:
        action = "DELETE"  # SQLite knows no TRUNCATE, and its DELETE of everything is one
    column = {"seal": "number"}.get(table, "id")
    statement = {
        "UPDATE": f"UPDATE {table} SET {column} = {column}",
        "DELETE": f"DELETE FROM {table}",
        "TRUNCATE": f"TRUNCATE {table} CASCADE",
    }[action]
    with pytest.raises(DBAPIError, match="append-only"):
        tampering.run(statement)


# --- what is done when the database's owner takes the triggers away -------------------------------

AN_EVENT = "(SELECT min(id) FROM event WHERE kind = 'participant.randomised')"
ANOTHER = "(SELECT max(id) FROM event WHERE kind = 'participant.randomised')"
THE_GAP = "(SELECT min(id) - 3 FROM event WHERE kind = 'x.y')"

ON_EVENTS = {
    "its payload": f"UPDATE event SET payload = '{{}}' WHERE id = {AN_EVENT}",
    "a payload that is no JSON object": (f"UPDATE event SET payload = '[1]' WHERE id = {AN_EVENT}"),
    "its actor": f"UPDATE event SET actor = 'me' WHERE id = {AN_EVENT}",
    "its kind": f"UPDATE event SET kind = 'participant.lost' WHERE id = {AN_EVENT}",
    "its instant": f"UPDATE event SET at = '2026-02-02 08:30:00+00' WHERE id = {AN_EVENT}",
    "its participant": (
        f"UPDATE event SET participant_id = (SELECT max(id) FROM participant) WHERE id = {AN_EVENT}"
    ),
    "nobody's any more": f"UPDATE event SET participant_id = NULL WHERE id = {AN_EVENT}",
    "of no study any more": f"UPDATE event SET study_id = NULL WHERE id = {AN_EVENT}",
    "its number": f"UPDATE event SET id = {THE_GAP} WHERE id = {AN_EVENT}",
    "a number before all": f"UPDATE event SET id = 0 WHERE id = {AN_EVENT}",
    "removed": f"DELETE FROM event WHERE id = {AN_EVENT}",
    "the first removed": "DELETE FROM event WHERE id = 1",
    "the last of a block removed": (
        "DELETE FROM event WHERE id = (SELECT last_event FROM seal WHERE number = 2)"
    ),
    "all removed": "DELETE FROM event",
    "a whole block removed": (
        "DELETE FROM event WHERE id BETWEEN (SELECT first_event FROM seal WHERE number = 2) "
        "AND (SELECT last_event FROM seal WHERE number = 2)"
    ),
    "inserted into a gap": (
        "INSERT INTO event (id, kind, actor, at, payload) "
        f"VALUES ({THE_GAP}, 'x.y', 't', '2026-02-02 08:00:00+00', '{{}}')"
    ),
    "inserted before all": (
        "INSERT INTO event (id, kind, actor, at, payload) "
        "VALUES (-7, 'x.y', 't', '2026-02-02 08:00:00+00', '{}')"
    ),
}


@pytest.mark.parametrize("what", ON_EVENTS)
def test_a_change_of_sealed_events_is_found(tampering, what):
    tampering.unlock("event")
    assert tampering.run(ON_EVENTS[what]).rowcount > 0
    report = tampering.verify()
    assert not report.passed
    assert any(found.place.startswith(("seal", "events")) for found in report.findings)


@pytest.mark.parametrize("columns", [["id"], ["payload"], ["participant_id"]])
def test_two_events_that_change_places_are_found(tampering, columns):
    tampering.unlock("event")
    swap(tampering, "event", "id", columns, AN_EVENT, ANOTHER)
    report = tampering.verify()
    assert any("not what was sealed" in text for text in findings(report))


def swap(tampering, table, by, columns, one, other):
    """Let two rows exchange some columns."""
    ids = [tampering.run(f"SELECT {which}").scalar_one() for which in (one, other)]
    assert ids[0] != ids[1]
    if columns == [by]:
        for here, there in ((ids[0], -99), (ids[1], ids[0]), (-99, ids[1])):
            tampering.run(f"UPDATE {table} SET {by} = {there} WHERE {by} = {here}")
        return
    for column in columns:
        tampering.run(
            f"UPDATE {table} SET {column} = (SELECT {column} FROM {table} AS o WHERE o.{by} = "
            f"CASE {table}.{by} WHEN {ids[0]} THEN {ids[1]} ELSE {ids[0]} END) "
            f"WHERE {by} IN ({ids[0]}, {ids[1]})"
        )


ON_SEALS = {
    "its head": "UPDATE seal SET head = (SELECT head FROM seal WHERE number = 1) WHERE number = 2",
    "its instant": "UPDATE seal SET sealed_at = '2025-01-01 00:00:00+00' WHERE number = 2",
    "its beginning": "UPDATE seal SET first_event = first_event - 1 WHERE number = 2",
    "its end": "UPDATE seal SET last_event = last_event - 1 WHERE number = 2",
    "an end before its beginning": "UPDATE seal SET last_event = 0 WHERE number = 2",
    "its number": "UPDATE seal SET number = 99 WHERE number = 2",
    "removed": "DELETE FROM seal WHERE number = 2",
    "the first removed": "DELETE FROM seal WHERE number = 1",
    "one more at the end": (
        "INSERT INTO seal SELECT number + 1, last_event + 1, (SELECT max(id) FROM event), head, "
        "sealed_at FROM seal WHERE number = (SELECT max(number) FROM seal)"
    ),
    "one before the first": "INSERT INTO seal SELECT 0, 0, 0, head, sealed_at FROM seal LIMIT 1",
}


@pytest.mark.parametrize("what", ON_SEALS)
def test_a_change_of_seals_is_found(tampering, what):
    tampering.unlock("seal")
    assert tampering.run(ON_SEALS[what]).rowcount == 1
    report = tampering.verify()
    assert any(found.place.startswith("seal") for found in report.findings)


def test_two_seals_that_change_places_are_found(tampering):
    tampering.unlock("seal")
    swap(tampering, "seal", "number", ["number"], "2", "3")
    assert not tampering.verify().passed


# --- the end of the trail ------------------------------------------------------------------------


def test_seals_cut_off_at_the_end_show_by_a_head_that_was_kept(tampering, record):
    seals, events = record.rows(Seal), record.rows(Event)
    kept = [(seal.number, seal.head) for seal in seals]
    assert tampering.verify(kept).passed
    tampering.unlock("seal")
    tampering.run(f"DELETE FROM seal WHERE number = {seals[-1].number}")
    without = tampering.verify()
    assert without.passed
    assert without.unsealed == sum(event.id > seals[-2].last_event for event in events)
    assert findings(tampering.verify(kept)) == [
        f"seal {seals[-1].number}: a head of it was kept elsewhere, "
        f"but the trail ends at seal {seals[-2].number}"
    ]


def test_a_trail_written_anew_shows_by_a_head_that_was_kept(tampering, record):
    seals = record.rows(Seal)
    for table in ("seal", "event"):
        tampering.unlock(table)
    tampering.run("UPDATE event SET actor = 'me' WHERE id = 2")
    tampering.run("DELETE FROM seal")
    audit.seal(tampering.session, upto=seals[-1].last_event, keys=record.keys, now=record.now)
    assert tampering.verify().passed  # by somebody who has the key too
    assert findings(tampering.verify([(1, seals[0].head)])) == [
        "seal 1: its head is not the one that was kept elsewhere: the past was written anew"
    ]


# --- the tables ----------------------------------------------------------------------------------

SOMEBODY = "(SELECT min(participant_id) FROM allocation)"
SOMEBODY_ELSE = "(SELECT max(participant_id) FROM allocation)"
AN_ANSWER = (
    "assessment_id = (SELECT min(id) FROM assessment WHERE status = 'completed') "
    "AND item = (SELECT min(item) FROM answer)"
)

ON_TABLES = {
    "allocation": {
        "its arm": (
            "UPDATE allocation SET arm = "
            "CASE arm WHEN 'msc' THEN 'waitlist' ELSE 'msc' END "
            f"WHERE participant_id = {SOMEBODY}"
        ),
        "its list": f"UPDATE allocation SET list = 'other' WHERE participant_id = {SOMEBODY}",
        "its position": (f"UPDATE allocation SET position = 77 WHERE participant_id = {SOMEBODY}"),
        "its instant": (
            "UPDATE allocation SET allocated_at = '2026-02-02 07:00:00+00' "
            f"WHERE participant_id = {SOMEBODY}"
        ),
        "removed": f"DELETE FROM allocation WHERE participant_id = {SOMEBODY}",
        "inserted": (
            "INSERT INTO allocation (study_id, participant_id, list, position, arm, allocated_at) "
            "SELECT study_id, (SELECT max(id) FROM participant), list, 99, arm, allocated_at "
            f"FROM allocation WHERE participant_id = {SOMEBODY}"
        ),
        "a cluster's inserted": (
            "INSERT INTO allocation (study_id, cluster, list, position, arm, allocated_at) "
            "SELECT study_id, 'site=ankara', 'all', 99, arm, allocated_at "
            f"FROM allocation WHERE participant_id = {SOMEBODY}"
        ),
    },
    "consent": {
        "its version": f"UPDATE consent SET version = '9' WHERE participant_id = {SOMEBODY}",
        "its document": (
            f"UPDATE consent SET document_hash = 'x' WHERE participant_id = {SOMEBODY}"
        ),
        "its instant": (
            "UPDATE consent SET signed_at = '2026-02-02 07:00:00+00' "
            f"WHERE participant_id = {SOMEBODY}"
        ),
        "removed": f"DELETE FROM consent WHERE participant_id = {SOMEBODY}",
        "inserted": (
            "INSERT INTO consent "
            "(participant_id, version, language, document_hash, statements, signed_at) "
            "SELECT participant_id, '9', language, document_hash, statements, signed_at "
            f"FROM consent WHERE participant_id = {SOMEBODY}"
        ),
    },
    "consent_choice": {
        "its answer": "UPDATE consent_choice SET allowed = NOT allowed WHERE id = 1",
        "its use": "UPDATE consent_choice SET use = 'recontact' WHERE id = 1",
        "its person": (f"UPDATE consent_choice SET participant_id = {SOMEBODY_ELSE} WHERE id = 1"),
        "removed": "DELETE FROM consent_choice WHERE id = 2",
        "inserted": (
            "INSERT INTO consent_choice (participant_id, use, allowed, chosen_at) "
            f"SELECT {SOMEBODY_ELSE}, use, allowed, chosen_at FROM consent_choice WHERE id = 1"
        ),
    },
    "approval": {
        "its reference": "UPDATE approval SET reference = 'R-2'",
        "its day": "UPDATE approval SET approved_on = '2026-01-06'",
        "its exemption": "UPDATE approval SET exemption = NULL, registry_id = 'X'",
        "who recorded it": "UPDATE approval SET recorded_by = 'me'",
        "removed": "DELETE FROM approval",
    },
    "answer": {
        "its value": f"UPDATE answer SET value = '5' WHERE {AN_ANSWER}",
        "a reason instead": (
            f"UPDATE answer SET value = NULL, missing_reason = 'refused' WHERE {AN_ANSWER}"
        ),
        "removed": f"DELETE FROM answer WHERE {AN_ANSWER}",
        "inserted": (
            "INSERT INTO answer (assessment_id, instrument, item, value, saved_at) "
            "SELECT assessment_id, instrument, 'one_more', value, saved_at "
            f"FROM answer WHERE {AN_ANSWER}"
        ),
        "all removed": "DELETE FROM answer",
        "given after the window": (
            "INSERT INTO answer (assessment_id, instrument, item, value, saved_at) "
            "SELECT id, 'scs_sf', 'i1', '3', closed_at FROM assessment WHERE status = 'expired'"
        ),
    },
    "assessment": {
        "its salt": "UPDATE assessment SET salt = NULL WHERE status = 'completed'",
        "its status": "UPDATE assessment SET status = 'expired' WHERE status = 'completed'",
        "said to be partial": (
            "UPDATE assessment SET status = 'partial' WHERE status = 'completed'"
        ),
        "said to be answered": (
            "UPDATE assessment SET status = 'completed' WHERE status = 'expired'"
        ),
        "said to be called off": (
            "UPDATE assessment SET status = 'cancelled' WHERE status = 'expired'"
        ),
        "said to be still to come": (
            "UPDATE assessment SET status = 'scheduled' WHERE status = 'expired'"
        ),
        "said to have been called off": (
            "UPDATE assessment SET status = 'cancelled' WHERE status = 'scheduled'"
        ),
        "handed in at another time": (
            "UPDATE assessment SET submitted_at = '2026-02-02 07:00:00+00' "
            "WHERE status = 'completed'"
        ),
        "handed in, though it expired": (
            "UPDATE assessment SET submitted_at = closed_at WHERE status = 'expired'"
        ),
    },
    "participant": {
        "stage": f"UPDATE participant SET stage = 'enrolled' WHERE id = {SOMEBODY}",
        "follow-up": f"UPDATE participant SET follow_up = 'lost' WHERE id = {SOMEBODY}",
        "programme": f"UPDATE participant SET programme = 'completed' WHERE id = {SOMEBODY}",
        "stratum": f"UPDATE participant SET stratum = 'all' WHERE id = {SOMEBODY}",
        "actual stratum": f"UPDATE participant SET stratum_actual = 'x' WHERE id = {SOMEBODY}",
        "site": f"UPDATE participant SET site = 'elsewhere' WHERE id = {SOMEBODY}",
        "messages": f"UPDATE participant SET messages = 'paused' WHERE id = {SOMEBODY}",
        **{
            column: (
                f"UPDATE participant SET {column} = '2026-02-02 07:00:00+00' WHERE id = {SOMEBODY}"
            )
            for column in (
                "screened_at",
                "enrolled_at",
                "randomised_at",
                "randomised_in_error_at",
                "crossover_at",
                "withdrawn_at",
            )
        },
        "address proved at another time": (
            "UPDATE contact SET verified_at = '2026-02-02 07:00:00+00' "
            f"WHERE participant_id = {SOMEBODY}"
        ),
        "address said to be unproved": (
            f"UPDATE contact SET verified_at = NULL WHERE participant_id = {SOMEBODY}"
        ),
        "removed": "DELETE FROM participant WHERE id = (SELECT max(id) FROM participant)",
        "removed with an arm": f"DELETE FROM participant WHERE id = {SOMEBODY}",
        "of another study": f"UPDATE participant SET study_id = 99 WHERE id = {SOMEBODY}",
        "inserted": (
            "INSERT INTO participant (study_id, public_id, site, language, zone, stage, programme, "
            "follow_up, messages, screened_at) SELECT study_id, 'ZZZZZZZ', site, language, zone, "
            "stage, programme, follow_up, messages, screened_at FROM participant "
            f"WHERE id = {SOMEBODY}"
        ),
    },
    "study": {
        "state": "UPDATE study SET state = 'closed'",
        "mode": "UPDATE study SET mode = 'live'",
        "commitment": "UPDATE study SET commitment = 'x'",
        "opening": "UPDATE study SET opened_at = '2026-02-02 07:00:00+00'",
        "lock": "UPDATE study SET locked_at = '2026-02-02 07:00:00+00'",
    },
    "protocol_version": {
        "its hash": "UPDATE protocol_version SET hash = 'x'",
        "its files": "UPDATE protocol_version SET files = '{}'",
        "one more": (
            "INSERT INTO protocol_version (study_id, number, hash, files, added_at) "
            "SELECT study_id, 2, hash, files, added_at FROM protocol_version"
        ),
    },
    "screening": {
        "inserted": (
            "INSERT INTO screening (study_id, site, outcome, entered_by, entered_at) "
            "SELECT id, 'ankara', 'declined', 'me', added_at FROM study"
        ),
    },
    "unblinding": {
        "inserted": (
            "INSERT INTO staff (email, added_at) SELECT 'a@b.example', added_at FROM study;"
            "INSERT INTO unblinding (participant_id, staff_id, reason, requested_at, expires_at) "
            f"SELECT {SOMEBODY}, (SELECT max(id) FROM staff), 'r', added_at, added_at FROM study"
        ),
    },
    "arm_period": {
        "inserted": (
            "INSERT INTO arm_period (participant_id, number, arm, programme, starts_at) "
            f"SELECT {SOMEBODY}, 7, 'other', 'other', added_at FROM study"
        ),
        "one of waiting inserted": (
            "INSERT INTO arm_period (participant_id, number, arm, starts_at, ends_at) "
            "SELECT participant_id, 7, arm, starts_at, starts_at FROM arm_period "
            f"WHERE participant_id = {SOMEBODY}"
        ),
        "those of waiting removed": "DELETE FROM arm_period WHERE programme IS NULL",
        "its end": "UPDATE arm_period SET ends_at = starts_at",
    },
}
CASES = [(table, what) for table, cases in ON_TABLES.items() for what in cases]


@pytest.mark.parametrize(("table", "what"), CASES)
def test_a_row_that_does_not_follow_from_the_trail_is_found(tampering, table, what):
    tampering.unlock(table)
    for statement in ON_TABLES[table][what].split(";"):
        assert tampering.run(statement).rowcount > 0
    report = tampering.verify()
    assert not report.passed
    assert report.blocks == len(tampering.lab.rows(Seal))
    assert all(found.place.startswith(("participant", "study")) for found in report.findings)


@pytest.mark.parametrize("table", ["allocation", "consent"])
def test_two_rows_that_change_hands_are_found(tampering, table):
    tampering.unlock(table)
    later = f"(SELECT max(participant_id) FROM {table})"  # who signed an hour later
    swap(tampering, table, "participant_id", ["participant_id"], SOMEBODY, later)
    report = tampering.verify()
    found = [finding for finding in report.findings if finding.what.startswith(table)]
    assert len(found) == 2


@pytest.mark.parametrize("table", ["allocation", "consent"])
def test_a_row_of_nobody_is_found(tampering, table):
    tampering.unlock(table)
    tampering.run(f"UPDATE {table} SET participant_id = 77 WHERE participant_id = {SOMEBODY}")
    report = tampering.verify()
    assert any(found.place == "participant number 77" for found in report.findings)
    assert any(found.what.startswith(f"{table}: ") for found in report.findings)


def test_a_finding_tells_neither_an_arm_nor_a_value(tampering, record):
    for table, cases in ON_TABLES.items():
        tampering.unlock(table)
        if table in ("allocation", "answer", "participant"):
            tampering.run(next(iter(cases.values())))
    texts = " ".join(findings(tampering.verify()))
    assert "allocation" in texts and "answers" in texts
    for arm in record.protocol.arms:
        assert arm not in texts


# --- erasure -------------------------------------------------------------------------------------


def test_erasing_what_is_personal_keeps_the_record_proving_itself(record, tampering):
    tampering.run("DELETE FROM contact")
    tampering.run("DELETE FROM personal_key")
    assert findings(tampering.verify()) == []
