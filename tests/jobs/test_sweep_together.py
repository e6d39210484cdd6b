"""Sweeps beside others who write, on PostgreSQL: nobody waits, nothing is done twice or left."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from factories.lab import Lab

from longwave.jobs import tick
from longwave.storage import participant as participants
from longwave.storage.migration import upgrade
from longwave.storage.tables import Message


@pytest.fixture
def lab(new_postgres_database, monkeypatch):
    url = new_postgres_database()
    upgrade(url)
    opened = Lab(url)
    monkeypatch.setattr(tick, "BATCH", 2)
    yield opened
    opened.close()


def due(lab, count):
    """Return people whose first wave after randomisation has just come."""
    people = [lab.randomise() for _ in range(count)]
    lab.now = lab.assessment(people[-1], "w1").opens_at
    return people


def opened(lab, people):
    return [person for person in people if lab.assessment(person, "w1").status == "open"]


def test_who_is_busy_is_left_to_the_next_sweep_and_keeps_nobody_waiting(lab):
    busy, *others = people = due(lab, 6)
    with lab.database.writing() as session:
        participants.lock(session, busy)
        lab.clockwork.sweep()  # would neither come back nor go on if it waited
        assert opened(lab, people) == others
    lab.clockwork.sweep()
    assert opened(lab, people) == people


def test_who_is_busy_is_left_when_something_closes_too(lab):
    busy, *others = people = due(lab, 5)
    lab.clockwork.sweep()
    lab.now = lab.assessment(people[-1], "w1").closes_at + timedelta(hours=1)
    with lab.database.writing() as session:
        participants.lock(session, busy)
        lab.clockwork.sweep()
        statuses = {person: lab.assessment(person, "w1").status for person in people}
    assert statuses == {busy: "open", **dict.fromkeys(others, "expired")}
    lab.clockwork.sweep()
    assert lab.assessment(busy, "w1").status == "expired"


def test_two_sweeps_at_once_open_each_assessment_once(lab):
    people = due(lab, 12)
    barrier, failures = threading.Barrier(3), []

    def run():
        barrier.wait()
        try:
            lab.clockwork.sweep()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lab.clockwork.sweep()
    assert failures == []
    assert opened(lab, people) == people
    events = [event for event in lab.events("assessment.opened") if event.payload["wave"] == "w1"]
    assert len(events) == 12
    assert len([row for row in lab.rows(Message) if row.step == "w1:invitation"]) == 12
