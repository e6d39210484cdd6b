"""The trail: an event for each thing that happened, sealed so that a change shows."""

from __future__ import annotations

from itertools import pairwise

from longwave.keys import KeyRing
from longwave.services import audit
from longwave.storage.tables import Event, Seal


def test_every_step_of_a_participant_leaves_an_event(lab):
    lab.randomise()
    assert [event.kind for event in lab.rows(Event)] == [
        "study.added",
        "study.opened",
        "participant.screened",
        "participant.enrolled",
        "assessment.opened",
        "assessment.completed",
        "participant.randomised",
    ]


def test_each_tick_seals_what_came_since_the_last(lab):
    lab.wait(hours=1)
    lab.randomise()
    lab.wait(hours=1)
    lab.wait(hours=1)
    seals = lab.rows(Seal)
    events = lab.rows(Event)
    assert [seal.number for seal in seals] == list(range(1, len(seals) + 1))
    assert seals[0].first_event == events[0].id and seals[-1].last_event == events[-1].id
    for earlier, later in pairwise(seals):
        assert later.first_event == earlier.last_event + 1


def test_a_head_follows_from_the_events_and_the_head_before_it(lab):
    lab.wait(hours=1)
    lab.randomise()
    lab.wait(hours=1)
    previous = audit.GENESIS
    events = {event.id: event for event in lab.rows(Event)}
    for seal in lab.rows(Seal):
        block = [events[n] for n in range(seal.first_event, seal.last_event + 1)]
        assert seal.head == audit.block_head(lab.keys, previous, block)
        assert seal.head != audit.block_head(KeyRing("another secret " * 3), previous, block)
        previous = seal.head


def test_a_changed_event_has_another_head(lab):
    lab.wait(hours=1)
    events = lab.rows(Event)
    (seal,) = lab.rows(Seal)
    events[0].payload = {**events[0].payload, "hash": "0" * 64}
    assert audit.block_head(lab.keys, audit.GENESIS, events) != seal.head


def test_a_quiet_hour_seals_nothing(lab):
    lab.wait(hours=1)
    before = len(lab.rows(Seal))
    lab.wait(hours=1)
    assert len(lab.rows(Seal)) == before
