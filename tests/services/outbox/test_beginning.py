"""The last look, just before a message is handed over."""

from __future__ import annotations

from datetime import timedelta

import pytest
from factories.crowd import gather
from factories.lab import OPENER
from sqlmodel import select

from longwave.domain.lifecycle import Role
from longwave.domain.messages import Kind
from longwave.services import erasure, follow_up, outbox, withdrawal
from longwave.services.staff import add_staff
from longwave.storage.tables import Assessment, Contact, Message, Participant, Staff, Study

WHY = "as told on the phone"


def withdraw(session, person, now):
    withdrawal.withdraw(session, person, now=now)


def pause(session, person, now):
    withdrawal.pause_messages(session, person, now=now)


def lose(session, person, now):
    follow_up.mark_lost(session, person, reason=WHY, viewer=OPENER, now=now)


def die(session, person, now):
    follow_up.mark_deceased(session, person, reason=WHY, viewer=OPENER, now=now)


def erase(session, person, now):
    erasure.erase(session, person, reason=WHY, viewer=OPENER, now=now)


def suppress(session, person, now):
    session.get_one(Contact, person.id).email_suppressed_at = now


def complete(session, person, now):
    session.exec(select(Assessment)).one().status = "completed"


def expire(session, person, now):
    session.exec(select(Assessment)).one().expires_at = now


def lock(session, person, now):
    session.exec(select(Study)).one().state = "locked"


THEN = [
    (withdraw, "cancelled", "withdrawn"),
    (lose, "cancelled", "lost"),
    (die, "cancelled", "deceased"),
    (erase, "cancelled", "erased"),
    (complete, "cancelled", "completed"),
    (expire, "cancelled", "expired"),
    (lock, "cancelled", "locked"),
    (pause, "pending", "paused"),
    (suppress, "pending", "suppressed"),
]


@pytest.mark.parametrize("kind", [Kind.INVITATION, Kind.REMINDER])
@pytest.mark.parametrize(
    ("happen", "state", "reason"), THEN, ids=[happen.__name__ for happen, _, _ in THEN]
)
def test_what_happens_between_claim_and_hand_over_is_noticed(lab, box, kind, happen, state, reason):
    gather(lab, 1, kind)
    (claimed,) = box.claim().claimed
    with lab.database.writing() as session:
        happen(session, session.exec(select(Participant)).one(), lab.now)
    assert not box.begin(claimed)
    box.settle([], [claimed])
    assert box.claim().claimed == ()
    assert box.found("state", "reason") == [(state, reason)]
    assert lab.rows(Message)[0].attempts == 0


def test_without_a_change_it_may_be_handed_over_once(lab, box):
    gather(lab, 1)
    (claimed,) = box.claim().claimed
    assert box.begin(claimed)
    assert not box.begin(claimed)


def test_nobody_begins_what_another_has_in_hand(lab, box):
    gather(lab, 1)
    (claimed,) = box.claim("one").claimed
    assert not box.begin(claimed, "two")


def test_a_notice_to_somebody_who_left_the_team_is_not_sent(lab, box):
    with lab.database.writing() as session:
        member, _ = add_staff(session, "owner@lab.example", Role.OWNER, blinded=False, now=lab.now)
        study = session.exec(select(Study)).one()
        outbox.queue_notice(
            session, member, Kind.UNBLINDING_NOTICE, "unblinding:1", study.id, now=lab.now
        )
        session.exec(select(Message)).one().kind = Kind.SAFETY_ALERT
        session.get_one(Staff, member.id).removed_at = lab.now
    assert box.claim().claimed == ()
    assert box.found("state", "reason") == [("cancelled", "removed")]


def test_what_was_held_goes_as_soon_as_messages_are_wanted_again(lab, box):
    gather(lab, 1, Kind.REMINDER)
    with lab.database.writing() as session:
        pause(session, session.exec(select(Participant)).one(), lab.now)
    assert box.claim().claimed == ()
    lab.now += timedelta(minutes=10)
    with lab.database.writing() as session:
        withdrawal.resume_messages(session, session.exec(select(Participant)).one(), now=lab.now)
    assert len(box.claim().claimed) == 1


def test_people_who_paused_are_not_looked_at_again_and_again(lab, box):
    gather(lab, 3)
    with lab.database.writing() as session:
        for person in session.exec(select(Participant)):
            pause(session, person, lab.now)
    assert box.claim().has_changed
    assert not box.claim().has_changed
    assert {reason for (reason,) in box.found("reason")} == {"paused"}
    assert box.found("planned_at")[0] == (lab.now,)
