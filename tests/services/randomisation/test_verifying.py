"""Proof: what is as it was drawn passes, and whatever somebody changed does not."""

from __future__ import annotations

import dataclasses
import threading

import pytest
from factories.lab import edited
from factories.tampering import tamper

from longwave.domain.errors import NotFoundError, RefusedTransitionError
from longwave.keys import Purpose
from longwave.services import randomisation
from longwave.services import study as studies
from longwave.storage.tables import Allocation


def test_what_was_drawn_passes_in_every_way_and_a_changed_arm_does_not(trial):
    assert trial.verify() == randomisation.Verification(passed=True, allocations=0)
    trial.randomise_some(6)
    found, rows = trial.verify(), trial.rows(Allocation)
    clusters = {"clusters": 3, "clusters in strata": 3}.get(trial.way, 0)
    assert found and found.allocations == 6 + clusters == len(rows)
    other = "active" if rows[-1].arm == "waitlist" else "waitlist"
    statement = "UPDATE allocation SET arm = :arm WHERE id = :id"
    tamper(trial.database, "allocation", statement, arm=other, id=rows[-1].id)
    assert not trial.verify()


EVENT = (
    "kind = 'participant.randomised' AND participant_id = (SELECT max(participant_id) FROM event)"
)
LAST = "(SELECT max(id) FROM allocation)"
CHANGES = {
    "an allocation removed": ("allocation", f"DELETE FROM allocation WHERE id = {LAST}"),
    "a position left free": (
        "allocation",
        f"UPDATE allocation SET position = position + 1 WHERE id = {LAST}",
    ),
    "a place on another list": (
        "allocation",
        f"UPDATE allocation SET list = 'all', position = 0 WHERE id = {LAST}",
    ),
    "an allocation dated back": (
        "allocation",
        f"UPDATE allocation SET allocated_at = '2020-01-01 00:00:00' WHERE id = {LAST}",
    ),
    "another stratum": (
        "participant",
        "UPDATE participant SET stratum = 'profession=nurse|site=elsewhere' "
        f"WHERE id = (SELECT participant_id FROM allocation WHERE id = {LAST})",
    ),
    "no stratum": ("participant", "UPDATE participant SET stratum = NULL"),
    "somebody who says that she was randomised": (
        "participant",
        "UPDATE participant SET randomised_at = screened_at WHERE randomised_at IS NULL",
    ),
    "an event removed": ("event", f"DELETE FROM event WHERE {EVENT}"),
    "an event changed": (
        "event",
        f"""UPDATE event SET payload = '{{"list": "all", "position": 0, "arm": "active"}}' """
        f"WHERE {EVENT}",
    ),
    "an event that cannot be read": ("event", f"""UPDATE event SET payload = '[]' WHERE {EVENT}"""),
    "an event doubled": (
        "event",
        "INSERT INTO event (study_id, participant_id, kind, actor, at, payload) "
        "SELECT study_id, participant_id, kind, actor, at, payload FROM event "
        f"WHERE {EVENT}",
    ),
    "the settings removed": ("study", "UPDATE study SET sealed = NULL"),
    "settings and commitment removed": (
        "study",
        "UPDATE study SET sealed = NULL, commitment = NULL",
    ),
    "a commitment changed": ("study", "UPDATE study SET commitment = 'another'"),
    "the told commitment changed": (
        "event",
        """UPDATE event SET payload = '{"commitment": "another"}' WHERE kind = 'study.opened'""",
    ),
    "the opening removed": ("event", "DELETE FROM event WHERE kind = 'study.opened'"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_by_sql_is_found(blocks, change):
    blocks.enrol()
    blocks.randomise_some(4)
    assert blocks.verify()
    tamper(blocks.database, *CHANGES[change])
    assert not blocks.verify()


def test_two_people_who_exchanged_their_places_are_found(blocks):
    blocks.randomise_some(10)
    rows = [row for row in blocks.rows(Allocation) if row.list == "profession=nurse|site=ankara"]
    one = rows[0]
    other = next(row for row in rows if row.arm != one.arm)
    statement = "UPDATE allocation SET participant_id = :person WHERE id = :id"
    tamper(blocks.database, "allocation", "DELETE FROM allocation WHERE id = :id", id=other.id)
    tamper(blocks.database, "allocation", statement, person=other.participant_id, id=one.id)
    tamper(
        blocks.database,
        "allocation",
        "INSERT INTO allocation (study_id, participant_id, list, position, arm, allocated_at) "
        "SELECT study_id, :person, list, :position, :arm, allocated_at FROM allocation "
        "WHERE id = :id",
        person=one.participant_id,
        position=other.position,
        arm=other.arm,
        id=one.id,
    )
    assert not blocks.verify()


@pytest.mark.parametrize(
    ("table", "statement"),
    [
        ("allocation", "UPDATE allocation SET arm = 'neither' WHERE cluster = 'profession=nurse'"),
        ("allocation", "DELETE FROM allocation WHERE cluster = 'profession=nurse'"),
        (
            "allocation",
            "UPDATE allocation SET list = 'cluster:profession=physician', position = 1 "
            "WHERE list = 'cluster:profession=nurse' AND position = 3",
        ),
        (
            "allocation",
            "UPDATE allocation SET list = 'site=gaziantep', position = 1 "
            "WHERE cluster = 'profession=nurse'",
        ),
        ("event", "DELETE FROM event WHERE kind = 'cluster.allocated'"),
        (
            "event",
            "INSERT INTO event (study_id, kind, actor, at, payload) SELECT study_id, kind, "
            "actor, at, payload FROM event WHERE kind = 'cluster.allocated'",
        ),
    ],
)
def test_a_change_to_a_cluster_is_found(clusters, table, statement):
    clusters.randomise_some(6)
    assert clusters.verify()
    tamper(clusters.database, table, statement)
    assert not clusters.verify()


def test_settings_of_another_study_do_not_pass(blocks):
    with blocks.database.writing() as session:
        study = studies.get_study(session, blocks.slug)
        settings = studies.sealed_settings(study, blocks.keys)
        forged = dataclasses.replace(settings, seed=bytes(32))
        study.sealed = blocks.keys.encrypt(Purpose.SEALED, forged.to_json().encode(), blocks.slug)
    assert not blocks.verify()


def test_events_from_before_strata_were_told_pass(blocks):
    blocks.randomise()
    (row,) = blocks.rows(Allocation)
    tamper(
        blocks.database,
        "event",
        "UPDATE event SET payload = :payload WHERE kind = 'participant.randomised'",
        payload=f'{{"list": "{row.list}", "position": 0, "arm": "{row.arm}"}}',
    )
    assert blocks.verify()


def test_it_passes_while_people_are_being_randomised(blocks):
    people = blocks.ready(12)
    done = threading.Event()

    def submit_all():
        for person in people:
            blocks.submit(person)
        done.set()

    thread = threading.Thread(target=submit_all)
    thread.start()
    found = []
    while not done.is_set():
        found.append(blocks.verify().passed)
    thread.join()
    assert found and all(found)
    assert blocks.verify() == randomisation.Verification(passed=True, allocations=12)


def test_the_result_tells_no_more_than_whether_and_how_many(blocks):
    assert [field.name for field in dataclasses.fields(randomisation.Verification)] == [
        "passed",
        "allocations",
    ]


def test_a_study_that_is_not_there_or_not_sealed_is_refused(blocks):
    files = edited(blocks.files, {"slug: msc-clinicians": "slug: a-draft"})
    with blocks.database.writing() as session:
        studies.add_study(session, files, actor="test", now=blocks.now)
    with blocks.database.reading() as session:
        with pytest.raises(RefusedTransitionError):
            randomisation.verify(session, "a-draft", keys=blocks.keys)
        with pytest.raises(NotFoundError):
            randomisation.verify(session, "atlantis", keys=blocks.keys)
