"""Allocation: once, in balance, never in a race, and what follows from it."""

from __future__ import annotations

import logging
import threading
from collections import defaultdict

import pytest
from factories.randomising import WAYS
from factories.trials import Trial
from sqlalchemy.exc import IntegrityError

from longwave.domain.randomisation import arm_at
from longwave.services.randomisation import randomise_if_due
from longwave.services.study import get_study, sealed_settings
from longwave.storage import participant as participants
from longwave.storage.tables import Allocation, Contact, Event, Message, Participant, Study


def test_completing_the_baseline_randomises_and_plans_what_follows(lab):
    person = lab.participant(lab.randomise())
    assert person.stage == "randomised"
    assert person.stratum == "profession=nurse|site=ankara"
    assert lab.statuses(person.id) == {
        "w0": "completed",
        "w1": "scheduled",
        "w2": "scheduled",
        "w3": "scheduled",
        "w4": "scheduled",
    }


def test_only_the_active_arm_starts_the_programme(lab):
    people = [lab.participant(lab.randomise()) for _ in range(8)]
    arms = {row.participant_id: row.arm for row in lab.rows(Allocation)}
    for person in people:
        assert person.programme == ("on" if arms[person.id] == "active" else "not_started")


def test_every_allocation_is_the_one_of_the_sealed_list(lab):
    for number in range(10):
        lab.randomise(site=("ankara", "gaziantep")[number % 2])
    with lab.database.reading() as session:
        settings = sealed_settings(get_study(session, lab.slug), lab.keys)
    for row in lab.rows(Allocation):
        assert row.arm == arm_at(settings, row.list, row.position)
    assert {row.list for row in lab.rows(Allocation)} == {
        "profession=nurse|site=ankara",
        "profession=nurse|site=gaziantep",
    }


def test_the_settings_are_sealed_in_the_database_and_committed_to(lab):
    with lab.database.reading() as session:
        study = get_study(session, lab.slug)
        settings = sealed_settings(study, lab.keys)
    assert settings.seed not in study.sealed and settings.seed.hex().encode() not in study.sealed
    assert study.commitment == settings.commitment()
    assert all(settings.seed.hex() not in str(event.payload) for event in lab.rows(Event))


def test_a_waitlist_participant_crosses_over_once_after_its_wave(lab):
    people = [lab.randomise() for _ in range(8)]
    arms = {row.participant_id: row.arm for row in lab.rows(Allocation)}
    waiting = next(person for person in people if arms[person] == "waitlist")
    lab.wait(days=26 * 7 + 1)
    assert lab.participant(waiting).crossover_at is None
    lab.complete(waiting, "w3")
    crossed = lab.participant(waiting)
    assert crossed.crossover_at == lab.now and crossed.programme == "on"


def test_a_waitlist_participant_crosses_over_though_the_wave_was_missed(lab):
    people = [lab.randomise() for _ in range(8)]
    lab.wait(days=300)
    arms = {row.participant_id: row.arm for row in lab.rows(Allocation)}
    for person in people:
        crossed = lab.participant(person).crossover_at is not None
        assert crossed == (arms[person] == "waitlist")


def test_an_outage_does_not_move_the_crossover(lab):
    people = [lab.randomise() for _ in range(8)]
    closes = {person: lab.assessment(person, "w3").closes_at for person in people}
    lab.wait(days=400)
    crossed = [lab.participant(person) for person in people]
    moved = [person for person in crossed if person.crossover_at]
    assert moved
    assert all(person.crossover_at == closes[person.id] for person in moved)


@pytest.mark.parametrize("way", ["blocks", "minimisation", "clusters in strata", "list"])
def test_fifty_people_at_once_leave_no_gap_and_no_double(database_url, way):
    number = 12 if way == "list" else 50  # as many as its lists have places for
    trial = Trial(database_url, edits=WAYS[way])
    people = trial.ready(number)
    barrier = threading.Barrier(number)
    failures = []

    def submit(person):
        barrier.wait()
        try:
            trial.submit(person)
        except Exception as error:  # reported below, in the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=submit, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    rows = trial.rows(Allocation)
    positions = defaultdict(list)
    for row in rows:
        positions[row.list].append(row.position)
    assert all(sorted(found) == list(range(len(found))) for found in positions.values())
    assert {row.participant_id for row in rows if row.cluster is None} == set(people)
    assert {trial.participant(person).stage for person in people} == {"randomised"}
    assert trial.verify()
    trial.close()


def test_nobody_is_randomised_before_her_address_is_verified(blocks):
    person = blocks.enrol()
    blocks.fill(person, "w0")
    with blocks.database.writing() as session:
        session.get_one(Contact, person).verified_at = None
    blocks.submit(person)
    assert blocks.participant(person).stage == "enrolled"
    with blocks.database.writing() as session:
        session.get_one(Contact, person).verified_at = blocks.now
    assert randomise(blocks, person) == "randomised"


def test_nobody_is_randomised_twice_or_without_a_baseline_or_after_leaving(blocks):
    enrolled, randomised, gone = blocks.enrol(), blocks.randomise(), blocks.enrol()
    blocks.fill(enrolled, "w0")
    blocks.fill(gone, "w0")
    with blocks.database.writing() as session:
        session.get_one(Participant, gone).follow_up = "lost"
    blocks.submit(gone)
    for person in (enrolled, randomised, gone):
        randomise(blocks, person)
    assert [row.participant_id for row in blocks.rows(Allocation)] == [randomised]
    assert blocks.verify()


def test_a_list_at_its_end_allocates_nobody_and_keeps_the_answers(database_url):
    trial = Trial(database_url, edits=WAYS["list"])
    try:
        for _ in range(5):
            trial.randomise()
        late = trial.randomise()
        assert trial.participant(late).stage == "enrolled"
        assert trial.statuses(late) == {"w0": "completed"}
        (told,) = trial.events("randomisation.list_ended")
        assert (told.participant_id, told.payload) == (
            late,
            {"list": "profession=nurse|site=ankara"},
        )
        assert len(trial.rows(Allocation)) == 5
        assert trial.verify()
    finally:
        trial.close()


def test_members_have_the_arm_of_their_cluster_in_the_order_of_joining(clusters):
    people = clusters.randomise_some(10)
    rows = clusters.rows(Allocation)
    arms = {row.cluster: row.arm for row in rows if row.cluster}
    assert set(arms) == {f"profession={p}" for p in ("nurse", "physician", "psychologist")}
    members = [row for row in rows if row.participant_id]
    assert all(row.arm == arms[row.list.removeprefix("cluster:")] for row in members)
    nurses = [row for row in members if row.list == "cluster:profession=nurse"]
    assert [row.position for row in nurses] == list(range(6))
    # Nurses came in first at Ankara, psychologists at Gaziantep.
    lists = {row.cluster: row.list for row in rows if row.cluster}
    assert lists["profession=nurse"] == "site=ankara"
    assert lists["profession=psychologist"] == "site=gaziantep"
    assert clusters.participant(people[1]).stratum == "site=gaziantep"


def test_the_trail_tells_of_a_cluster_once_and_of_each_member(clusters):
    clusters.randomise_some(5)
    events = clusters.rows(Event)
    told = [event.payload for event in events if event.kind == "cluster.allocated"]
    assert [payload["cluster"] for payload in told] == [
        "profession=nurse",
        "profession=physician",
        "profession=psychologist",
    ]
    members = [event.payload for event in events if event.kind == "participant.randomised"]
    assert members[1] == {
        "list": "cluster:profession=nurse",
        "position": 1,
        "arm": told[0]["arm"],
        "stratum": "site=gaziantep",
        "cluster": "profession=nurse",
    }


def test_the_database_itself_refuses_a_second_allocation_and_a_double_position(blocks):
    blocks.randomise_some(2)
    one, other = blocks.rows(Allocation)
    person = blocks.enrol()
    for doubled in (
        {"list": one.list, "position": one.position, "participant_id": person},
        {"list": one.list, "position": 7, "participant_id": other.participant_id},
    ):
        with pytest.raises(IntegrityError), blocks.database.writing() as session:
            row = Allocation(study_id=1, arm="active", allocated_at=blocks.now, **doubled)
            session.add(row)


def test_nothing_that_is_written_or_logged_tells_the_settings(blocks, caplog):
    caplog.set_level(logging.DEBUG)
    blocks.randomise_some(6)
    with blocks.database.reading() as session:
        settings = sealed_settings(get_study(session, blocks.slug), blocks.keys)
    told = caplog.text + "".join(
        f"{row!r}{row.model_dump()}"
        for table in (Event, Message, Study)
        for row in blocks.rows(table)
    )
    told += "".join(str(mail) for mail in blocks.transport.mails)
    assert settings.seed.hex() not in told and repr(settings.seed)[2:-1] not in told
    assert "block_sizes" not in told and str(settings.block_sizes) not in told.replace("()", "")


def randomise(lab, person: int) -> str:
    """Randomise a person if that is due; return her stage."""
    with lab.database.writing() as session:
        found = participants.lock(session, person)
        study = get_study(session, lab.slug)
        randomise_if_due(session, study, found, keys=lab.keys, now=lab.now)
        return found.stage
