"""The trail: an event for each thing that happened, sealed so that a change shows."""

from __future__ import annotations

import json
from itertools import pairwise

from longwave.keys import KeyRing, Purpose
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


def test_a_head_follows_from_the_events_the_head_before_them_and_the_seal(lab):
    lab.wait(hours=1)
    lab.randomise()
    lab.wait(hours=1)
    previous = audit.GENESIS
    events = {event.id: event for event in lab.rows(Event)}
    for seal in lab.rows(Seal):
        block = [events[n] for n in range(seal.first_event, seal.last_event + 1)]
        assert seal.head == plain_head(lab.keys, previous, block, seal)
        assert seal.head != plain_head(KeyRing("another secret " * 3), previous, block, seal)
        previous = seal.head


def plain_head(keys, previous, events, seal=None):
    """Write down what a head is of, as plainly as can be."""
    lines = [previous]
    for event in events:
        who = [event.id, event.study_id, event.participant_id]
        told = [event.kind, event.actor, event.at.isoformat(), event.payload]
        lines.append(json.dumps([*who, *told], sort_keys=True))
    if seal is not None:
        at = seal.sealed_at.isoformat()
        lines.append(f"seal {seal.number} {seal.first_event} {seal.last_event} {at}")
    return keys.mac(Purpose.TRAIL, "\n".join(lines))


def test_a_quiet_hour_seals_nothing(lab):
    lab.wait(hours=1)
    before = len(lab.rows(Seal))
    lab.wait(hours=1)
    assert len(lab.rows(Seal)) == before
