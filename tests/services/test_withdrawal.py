"""Leaving is not pausing, and neither loses what was answered."""

from __future__ import annotations

import pytest

from longwave.domain.errors import RefusedTransitionError
from longwave.services import withdrawal
from longwave.storage.tables import Answer, Message, Participant


def act(lab, person, what):
    with lab.database.writing() as session:
        what(session, session.get_one(Participant, person), now=lab.now)


def test_withdrawal_keeps_the_answers_and_cancels_what_was_planned(lab):
    person = lab.randomise()
    before = len(lab.rows(Answer))
    act(lab, person, withdrawal.withdraw)
    found = lab.participant(person)
    assert found.follow_up == "withdrawn" and found.withdrawn_at == lab.now
    assert found.stage == "randomised"
    assert set(lab.statuses(person).values()) == {"completed", "cancelled"}
    assert len(lab.rows(Answer)) == before


def test_after_withdrawal_nothing_goes_out_though_it_was_queued(lab):
    person = lab.randomise()
    lab.wait(days=25)
    lab.transport.mails.clear()
    with lab.database.reading() as session:
        assert session.get_one(Participant, person).follow_up == "active"
    act(lab, person, withdrawal.withdraw)
    for _ in range(12):
        lab.wait(days=30)
    assert lab.transport.mails == []
    assert {row.state for row in lab.rows(Message)} <= {"sent", "cancelled"}


def test_a_started_assessment_becomes_partial(lab):
    person = lab.enrol()
    lab.fill(person, "w0", pages=1)
    act(lab, person, withdrawal.withdraw)
    assert lab.statuses(person) == {"w0": "partial"}


def test_nobody_leaves_twice(lab):
    person = lab.enrol()
    act(lab, person, withdrawal.withdraw)
    with pytest.raises(RefusedTransitionError):
        act(lab, person, withdrawal.withdraw)


def test_pausing_stops_messages_and_nothing_else(lab):
    person = lab.randomise()
    act(lab, person, withdrawal.pause_messages)
    lab.transport.mails.clear()
    lab.wait(days=28)
    assert lab.transport.mails == []
    assert lab.statuses(person)["w1"] == "open"
    act(lab, person, withdrawal.resume_messages)
    lab.wait(days=28)
    assert lab.transport.mails
