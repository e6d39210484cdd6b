"""What becomes of messages whose sender died, at each moment at which it can die."""

from __future__ import annotations

from datetime import timedelta

import pytest
from factories.crowd import gather

from longwave.domain.messages import Kind
from longwave.notify import Delivery, Outcome
from longwave.services.outbox import LEASE, Sent
from longwave.storage.tables import Assessment, Attempt, Event, Message


@pytest.fixture(params=[Kind.INVITATION, Kind.REMINDER])
def kind(request):
    return request.param


def wait_for_the_lease(lab):
    lab.now += LEASE + timedelta(seconds=1)


def test_nothing_is_recovered_before_the_lease_is_over(lab, box):
    gather(lab, 1)
    (claimed,) = box.claim().claimed
    lab.now += LEASE
    assert box.recover() == 0
    lab.now += timedelta(seconds=1)
    assert box.recover() == 1
    assert claimed.attempt == 1


def test_what_was_taken_and_not_begun_goes_back_at_no_cost(lab, box, kind):
    gather(lab, 3, kind)
    assert len(box.claim("dead").claimed) == 3
    wait_for_the_lease(lab)
    box.recover()
    assert box.found("state", "attempts", "begun_at") == [("pending", 0, None)] * 3
    assert lab.rows(Attempt) == []
    assert [one.attempt for one in box.claim().claimed] == [1, 1, 1]


def test_what_was_begun_goes_again_or_stays_uncertain_by_its_kind(lab, box, kind):
    gather(lab, 1, kind)
    (lost,) = box.claim("dead").claimed
    assert box.begin(lost, "dead")
    wait_for_the_lease(lab)
    box.recover()
    (attempt,) = lab.rows(Attempt)
    assert attempt.outcome == "uncertain"
    if kind == Kind.INVITATION:
        assert box.found("state", "attempts", "reason") == [("pending", 1, None)]
        (again,) = box.claim().claimed
        assert (again.attempt, again.letter.message_id) == (2, lost.letter.message_id)
    else:
        assert box.found("state", "reason") == [("uncertain", "unknown_outcome")]
        assert [event.kind for event in lab.events("message.")] == ["message.uncertain"]


@pytest.mark.parametrize(
    ("outcome", "state"), [(Outcome.SENT, "sent"), (Outcome.REFUSED, "failed")]
)
def test_what_was_written_down_before_the_sender_died_holds(lab, box, kind, outcome, state):
    gather(lab, 2, kind)
    first, second = box.claim("dead").claimed
    assert box.begin(first, "dead")
    before = Sent(first, Delivery(outcome, "said"), lab.now)
    assert box.begin(second, "dead", before)
    wait_for_the_lease(lab)
    box.recover()
    assert box.found("state", id=first.message_id) == [(state,)]
    told = [row for row in lab.rows(Event) if row.kind.startswith("message.")]
    assert f"message.{state}" in {row.kind for row in told}
    assert {row.detail for row in lab.rows(Attempt) if row.message_id == first.message_id} == {
        "said"
    }


def test_one_that_was_to_be_tried_again_is(lab, box):
    gather(lab, 2, Kind.REMINDER)
    first, second = box.claim("dead").claimed
    assert box.begin(first, "dead")
    assert box.begin(second, "dead", Sent(first, Delivery(Outcome.RETRY), lab.now))
    wait_for_the_lease(lab)
    box.recover()
    assert box.found("state", id=first.message_id) == [("pending",)]


def test_a_sender_that_slept_too_long_begins_nothing(lab, box):
    gather(lab, 2)
    first, second = box.claim("slow").claimed
    wait_for_the_lease(lab)
    assert not box.begin(first, "slow")
    box.recover()
    assert not box.begin(second, "slow")


def test_a_late_word_changes_nothing_about_what_another_has_in_hand(lab, box):
    gather(lab, 1)
    (lost,) = box.claim("slow").claimed
    assert box.begin(lost, "slow")
    wait_for_the_lease(lab)
    box.recover()
    (again,) = box.claim("other").claimed
    box.settle([Sent(lost, Delivery(Outcome.REFUSED), lab.now)], worker="slow")
    assert box.found("state", "worker") == [("sending", "other")]
    box.settle([], [again], worker="slow")
    assert box.found("state", "attempts") == [("sending", 2)]


def test_what_is_given_back_is_taken_again_at_once(lab, box):
    gather(lab, 2)
    batch = box.claim()
    box.settle([], batch.claimed)
    assert box.found("state", "attempts") == [("pending", 0)] * 2
    assert lab.rows(Attempt) == []
    assert [one.message_id for one in box.claim().claimed] == [
        one.message_id for one in batch.claimed
    ]


def test_two_recoveries_at_once_settle_each_message_once(lab, box):
    gather(lab, 1, Kind.REMINDER)
    (lost,) = box.claim("dead").claimed
    box.begin(lost, "dead")
    wait_for_the_lease(lab)
    assert [box.recover(), box.recover()] == [1, 0]
    assert len(lab.events("message.uncertain")) == 1
    assert lab.rows(Message)[0].settled_at == lab.now


def test_an_invitation_that_was_sent_is_noted_with_its_assessment_whoever_tells(lab, box):
    gather(lab, 3)
    first, second, third = box.claim("dead").claimed
    sent = Sent(first, Delivery(Outcome.SENT), lab.now)
    assert box.begin(first, "dead")
    assert box.begin(second, "dead", sent)
    at = lab.now
    wait_for_the_lease(lab)
    box.recover()
    invited = {row.id: row.invited_at for row in lab.rows(Assessment)}
    assert invited[first.invites_to] == at
    assert invited[second.invites_to] is None and invited[third.invites_to] is None
    again = box.claim().claimed
    box.settle([Sent(one, Delivery(Outcome.SENT), lab.now) for one in again])
    invited = {row.id: row.invited_at for row in lab.rows(Assessment)}
    assert invited[second.invites_to] == invited[third.invites_to] == lab.now
