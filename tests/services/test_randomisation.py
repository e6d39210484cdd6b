"""Allocation: once, in balance, never in a race, and what follows from it."""

from __future__ import annotations

import threading
from collections import Counter

from longwave.domain.randomisation import arm_at
from longwave.services.study import get_study, sealed_settings
from longwave.storage.tables import Allocation, Event


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


def test_concurrent_baselines_leave_no_gap_and_no_double(lab):
    people = [lab.enrol() for _ in range(24)]
    for person in people:
        lab.fill(person, "w0")
    barrier = threading.Barrier(8)
    failures = []

    def submit(mine):
        barrier.wait()
        for person in mine:
            try:
                lab.complete(person, "w0")
            except Exception as error:  # reported below, in the test's own thread
                failures.append(error)

    threads = [threading.Thread(target=submit, args=(people[k::8],)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    rows = lab.rows(Allocation)
    assert sorted(row.position for row in rows) == list(range(24))
    assert len({row.participant_id for row in rows}) == 24
    assert abs(Counter(row.arm for row in rows)["active"] - 12) <= 3


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
