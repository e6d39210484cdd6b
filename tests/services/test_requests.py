"""Waves that come on request: asked by the team, answered by a link of their own."""

from __future__ import annotations

from datetime import timedelta

import pytest
from factories.diary import cohort, wave
from factories.lab import OPENER, Lab

from longwave.domain.blinding import Viewer
from longwave.domain.errors import (
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    RefusedTransitionError,
)
from longwave.domain.lifecycle import Role
from longwave.services import audit, erasure, follow_up, withdrawal
from longwave.services.requests import request_wave

EVENT = wave("event", "request", "P0D", window="{before: P0D, after: P3D}", at_most="2")
LATER = wave("later", "request", "P2D", window="{before: P0D, after: P3D}", at='"09:00"')
LAST = wave("last", "enrolment", "P26W", window="{before: P0D, after: P7D}")
ELSEWHERE = Viewer("c", Role.COORDINATOR, blinded=True, sites=frozenset({"south"}))


@pytest.fixture
def lab(database_url):
    opened = Lab(database_url, cohort(LAST, EVENT, LATER))
    yield opened
    opened.close()


@pytest.fixture
def person(lab):
    person = lab.enrol(site="north")
    lab.complete(person, "w0")
    lab.clockwork.tick()
    lab.transport.mails.clear()
    return person


def ask(lab, person, name="event", viewer=OPENER):
    lab.act(person, request_wave, wave=name, viewer=viewer, keys=lab.keys)


def proves_itself(lab):
    with lab.database.reading() as session:
        return audit.verify(session, keys=lab.keys).findings == []


def test_a_request_opens_a_wave_and_its_invitation_leaves(lab, person):
    ask(lab, person)
    found = lab.assessment(person, "event")
    assert (found.status, found.opens_at, found.closes_at) == (
        "open",
        lab.now,
        lab.now + timedelta(days=3),
    )
    lab.clockwork.tick()
    (mail,) = lab.transport.mails
    assert lab.keys.link_token(found.uid) in mail.body
    lab.complete(person, "event")
    assert lab.participant(person).follow_up == "active"  # the last wave is still to come
    (event,) = lab.events("assessment.requested")
    assert (event.payload, event.actor) == ({"wave": "event", "occurrence": 1}, OPENER.name)
    assert proves_itself(lab)


def test_a_request_with_a_delay_waits_for_its_time(lab, person):
    ask(lab, person, "later")
    found = lab.assessment(person, "later")
    assert found.status == "scheduled"
    assert found.due_wall == "2026-02-04T09:00"
    lab.now = found.opens_at
    lab.clockwork.tick()
    assert lab.assessment(person, "later").status == "open"


def test_each_request_has_a_link_of_its_own_up_to_so_many(lab, person):
    ask(lab, person)
    with pytest.raises(RefusedTransitionError, match="before them already"):
        ask(lab, person)
    lab.complete(person, "event")
    lab.now += timedelta(days=1)
    ask(lab, person)
    first, second = (lab.assessment(person, "event", number) for number in (1, 2))
    assert first.token_hash != second.token_hash
    assert second.opens_at == lab.now
    lab.wait(days=4)
    assert lab.assessment(person, "event", 2).status == "expired"
    with pytest.raises(RefusedTransitionError, match="requested 2 times"):
        ask(lab, person)
    assert proves_itself(lab)


def test_whoever_had_answered_everything_is_followed_until_the_request_is_over(lab, person):
    lab.now = lab.assessment(person, "last").opens_at
    lab.clockwork.tick()
    lab.complete(person, "last")
    assert lab.participant(person).follow_up == "completed"
    ask(lab, person)
    assert lab.participant(person).follow_up == "active"
    lab.clockwork.tick()
    assert len(lab.transport.mails) == 2
    lab.complete(person, "event")
    assert lab.participant(person).follow_up == "completed"
    assert proves_itself(lab)


@pytest.mark.parametrize(
    ("name", "viewer", "failure"),
    [
        ("nothing", OPENER, NotFoundError),
        ("last", OPENER, InvalidInputError),
        ("event", ELSEWHERE, NotFoundError),
        ("event", Viewer("m", Role.MONITOR, blinded=True), NotAllowedError),
    ],
)
def test_a_request_needs_such_a_wave_and_the_right_to_ask(lab, person, name, viewer, failure):
    with pytest.raises(failure):
        ask(lab, person, name, viewer)
    assert ("event", 1) not in lab.occasions(person)


def test_whose_data_were_erased_is_asked_nothing(lab, person):
    lab.now = lab.assessment(person, "last").opens_at
    lab.clockwork.tick()
    lab.complete(person, "last")
    lab.act(person, erasure.erase, reason="asked us to", viewer=OPENER)
    with pytest.raises(RefusedTransitionError, match="erased"):
        ask(lab, person)
    assert ("event", 1) not in lab.occasions(person)


def test_who_left_or_is_lost_is_asked_nothing(lab, person):
    lab.act(person, follow_up.mark_lost, reason="no answer", viewer=OPENER)
    with pytest.raises(RefusedTransitionError, match="is lost"):
        ask(lab, person)
    other = lab.enrol(site="north")
    lab.act(other, withdrawal.withdraw)
    with pytest.raises(RefusedTransitionError, match="is withdrawn"):
        ask(lab, other)
