"""The life of each message, as staff may see it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from factories.lab import OPENER

from longwave.domain.blinding import Viewer
from longwave.domain.errors import NotAllowedError, NotFoundError
from longwave.domain.lifecycle import BounceKind, Role
from longwave.notify import Delivery, Outcome
from longwave.services import bounces, delivery_log
from longwave.services.study import get_study
from longwave.storage.tables import Message

EARLY = {
    "\nprogrammes:\n": """
  - {id: p1, label: {en: Early, tr: E, ar: E}, anchor: programme, target: P2W,
     window: {before: P0D, after: P10D}, instruments: [scs_sf]}

programmes:
"""
}


def log(lab, viewer=OPENER, **how):
    with lab.database.reading() as session:
        return delivery_log.read_log(session, get_study(session, lab.slug), viewer, **how)


def lines(lab, viewer=OPENER, **how):
    return {line.step: line for line in log(lab, viewer, **how)[0]}


def test_a_message_is_followed_from_its_plan_to_the_answer(lab):
    person = lab.enrol()
    planned = lab.now
    lab.wait(minutes=1)
    sent = lab.now
    lab.now += timedelta(hours=1)
    lab.begin(person, "w0")
    opened = lab.now
    lab.now += timedelta(hours=1)
    lab.complete(person, "w0")
    line = lines(lab)["w0:invitation"]
    assert line.public_id == lab.participant(person).public_id
    assert (line.kind, line.channel, line.state, line.attempts) == (
        "invitation",
        "email",
        "sent",
        1,
    )
    assert (line.planned_at, line.claimed_at, line.sent_at) == (planned, sent, sent)
    assert (line.opened_at, line.answered_at) == (opened, lab.now)
    assert (line.bounced_at, line.bounce) == (None, None)
    reminder = lines(lab)["w0:reminder-1"]
    assert (reminder.state, reminder.claimed_at, reminder.sent_at) == ("cancelled", None, None)


def test_a_bounce_and_the_parts_of_an_sms_are_told(lab):
    lab.enrol()
    lab.transport.answer = Delivery(Outcome.SENT, segments=2)
    lab.wait(minutes=1)
    lab.now += timedelta(minutes=5)
    mail_id = lab.transport.mails[-1].message_id
    with lab.database.writing() as session:
        bounces.receive(
            session,
            (mail_id,),
            BounceKind.HARD,
            "5.1.1",
            source="webhook",
            allowed=lambda *_: True,
            now=lab.now,
        )
    line = lines(lab)["w0:invitation"]
    assert (line.bounce, line.bounce_status, line.bounced_at) == ("hard", "5.1.1", lab.now)
    assert line.segments == 2
    assert lines(lab)["w0:reminder-1"].reason == "suppressed"


def test_what_was_tried_twice_was_taken_on_at_the_first_time(lab):
    lab.enrol()
    first = lab.now
    lab.transport.answer = Delivery(Outcome.RETRY)
    lab.clockwork.dispatch()
    lab.transport.answer = Delivery(Outcome.SENT)
    lab.wait(hours=2)
    line = lines(lab)["w0:invitation"]
    assert (line.claimed_at, line.attempts, line.sent_at) == (first, 2, lab.now)


def test_parts_of_the_log_make_up_the_whole(lab):
    for _ in range(3):
        lab.enrol()
        lab.now += timedelta(minutes=1)
    whole, total = log(lab)
    assert total == len(whole) == len(lab.rows(Message))
    parts = [log(lab, offset=offset, limit=4) for offset in range(0, total, 4)]
    assert [line for part, _ in parts for line in part] == whole
    assert {count for _, count in parts} == {total}


def test_the_log_of_one_participant_or_site_holds_nobody_elses(lab):
    near, far = lab.enrol(site="ankara"), lab.enrol(site="gaziantep")
    ids = [lab.participant(person).public_id for person in (near, far)]
    here = Viewer("x", Role.COORDINATOR, blinded=False, sites=frozenset({"ankara"}))
    assert {line.public_id for line in log(lab, here)[0]} == {ids[0]}
    assert {line.public_id for line in log(lab, public_id=ids[1].lower())[0]} == {ids[1]}
    for nobody in (ids[1], "NOBODY"):
        with pytest.raises(NotFoundError):
            log(lab, here, public_id=nobody)
    for role in (Role.FACILITATOR, Role.ANALYST):
        with pytest.raises(NotAllowedError):
            log(lab, Viewer("x", role, blinded=False))


def test_the_blinded_see_no_message_that_tells_an_arm_nor_that_one_was_in_the_way(make_lab):
    lab = make_lab(EARLY)
    people = [lab.randomise() for _ in range(4)]
    lab.now = lab.now + timedelta(days=15)
    lab.wait(hours=2)
    assert "p1:invitation" in lines(lab)
    blinded = Viewer("x", Role.COORDINATOR, blinded=True)
    seen, total = log(lab, blinded, limit=500)
    assert total == len(seen) < log(lab)[1]
    assert not any(line.step.startswith("p1") for line in seen)
    assert {line.due_at for line in seen} == {line.planned_at for line in seen}
    assert {line.reason for line in seen} == {None}
    whole = [log(lab, blinded, public_id=lab.participant(who).public_id)[1] for who in people]
    assert len(set(whole)) == 1
