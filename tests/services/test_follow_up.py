"""Lost, found again, deceased: what is open ends, and what was not missed is asked later."""

from __future__ import annotations

import pytest

from longwave.domain.blinding import Viewer
from longwave.domain.errors import (
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    RefusedTransitionError,
)
from longwave.domain.lifecycle import Role
from longwave.services import follow_up

COORDINATOR = Viewer("coordinator@lab.example", Role.COORDINATOR, blinded=True)
ELSEWHERE = Viewer("c", Role.COORDINATOR, blinded=True, sites=frozenset({"gaziantep"}))


def lose(lab, person, viewer=COORDINATOR, reason="three calls without an answer"):
    lab.act(person, follow_up.mark_lost, reason=reason, viewer=viewer)


def find(lab, person):
    lab.act(person, follow_up.mark_found, reason="wrote", viewer=COORDINATOR, keys=lab.keys)


def test_a_lost_participant_is_asked_and_sent_nothing(lab):
    person = lab.randomise()
    lab.now = lab.assessment(person, "w1").opens_at
    lab.clockwork.tick()
    lab.transport.mails.clear()
    lose(lab, person)
    assert lab.participant(person).follow_up == "lost"
    assert lab.statuses(person)["w1"] == "cancelled"
    lab.now = lab.assessment(person, "w2").opens_at
    lab.clockwork.tick()
    assert lab.statuses(person)["w2"] == "cancelled"
    assert lab.transport.mails == []
    (event,) = lab.events("participant.lost")
    assert event.payload == {"reason": "three calls without an answer"}
    assert event.actor == COORDINATOR.name


def test_what_a_lost_participant_had_begun_is_kept(lab):
    person = lab.enrol()
    lab.fill(person, "w0", pages=1)
    lose(lab, person)
    assert lab.statuses(person) == {"w0": "partial"}
    assert len(lab.events("assessment.partial")) == 1


def test_who_is_found_is_asked_what_was_not_missed(lab):
    person = lab.randomise()
    lose(lab, person)
    lab.now = lab.assessment(person, "w1").due_at
    lab.clockwork.tick()
    find(lab, person)
    assert lab.participant(person).follow_up == "active"
    lab.now = lab.assessment(person, "w2").opens_at
    lab.clockwork.tick()
    assert lab.statuses(person)["w1"] == "cancelled"
    assert lab.statuses(person)["w2"] == "open"


def test_who_is_found_after_the_last_wave_has_completed_follow_up(lab):
    person = lab.randomise()
    lose(lab, person)
    lab.now = lab.assessment(person, "w4").closes_at
    lab.clockwork.tick()
    assert lab.participant(person).follow_up == "lost"
    find(lab, person)
    assert lab.participant(person).follow_up == "completed"


def test_after_a_death_all_is_cancelled_for_ever(lab):
    person = lab.randomise()
    lab.act(person, follow_up.mark_deceased, reason="told by the site", viewer=COORDINATOR)
    assert lab.participant(person).follow_up == "deceased"
    assert set(lab.statuses(person).values()) == {"completed", "cancelled"}
    lab.transport.mails.clear()
    for _ in range(12):
        lab.wait(days=30)
    assert lab.transport.mails == []
    with pytest.raises(RefusedTransitionError):
        find(lab, person)


@pytest.mark.parametrize(
    ("how", "failure"),
    [
        ({"reason": " "}, InvalidInputError),
        ({"viewer": Viewer("m", Role.MONITOR, blinded=True)}, NotAllowedError),
        ({"viewer": ELSEWHERE}, NotFoundError),
    ],
)
def test_a_loss_needs_a_reason_a_role_and_the_site(lab, how, failure):
    person = lab.enrol()
    with pytest.raises(failure):
        lose(lab, person, **how)
    assert lab.participant(person).follow_up == "active"
