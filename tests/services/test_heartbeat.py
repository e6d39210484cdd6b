"""How the clockwork stands: late or not, and how much waits to be sent."""

from __future__ import annotations

from datetime import timedelta

import pytest
from factories.lab import OPENER, Lab
from sqlmodel import select

from longwave.domain.blinding import Viewer
from longwave.domain.lifecycle import Role
from longwave.services import heartbeat
from longwave.services.heartbeat import Due
from longwave.storage.tables import Message, Participant

LATE = timedelta(minutes=3)
BLINDED = Viewer("test", Role.OWNER, blinded=True)


@pytest.fixture
def lab(database_url):
    opened = Lab(database_url)
    yield opened
    opened.close()


def state(lab):
    with lab.database.reading() as session:
        return heartbeat.state(session, now=lab.now, late_after=LATE)


def due(lab):
    return state(lab).due.for_viewer(OPENER)


def test_one_that_never_ran_is_late(lab):
    stands = state(lab)
    assert (stands.has_run, stands.is_late, stands.leader) == (False, True, None)


def test_it_is_late_when_it_stands_still_for_longer_than_it_may(lab):
    lab.clockwork.tick()
    lab.now += LATE
    assert not state(lab).is_late
    lab.now += timedelta(seconds=1)
    assert state(lab).is_late


def test_what_is_due_is_counted_since_the_earliest_and_leaves_with_a_tick(lab):
    first = lab.now
    lab.enrol()
    lab.now += timedelta(minutes=2)
    lab.enrol()
    assert due(lab) == Due(2, first)
    lab.clockwork.tick()
    assert due(lab) == Due(0, None)


def test_the_blinded_do_not_learn_how_much_is_due(lab):
    lab.enrol()
    assert state(lab).due.for_viewer(BLINDED) is None


def test_messages_of_whoever_paused_them_do_not_count(lab):
    person = lab.enrol()
    with lab.database.writing() as session:
        session.get_one(Participant, person).messages = "paused"
    assert due(lab) == Due(0, None)


def test_no_more_are_counted_than_somebody_wants_to_know(lab, monkeypatch):
    monkeypatch.setattr(heartbeat, "COUNTED", 2)
    for _ in range(3):
        lab.enrol()
    assert due(lab).number == 2


def test_messages_count_whatever_their_priority(lab):
    for _ in range(5):
        lab.enrol()
    with lab.database.writing() as session:
        for priority, message in enumerate(session.exec(select(Message)).all()[:5]):
            message.priority = priority
    assert due(lab).number == 5
