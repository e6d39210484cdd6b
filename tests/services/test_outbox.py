"""The outbox: each message once, and only while it is wanted."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta
from itertools import pairwise

import pytest
from factories.lab import BASE_URL

from longwave.jobs.dispatch import dispatch
from longwave.notify import Delivery, Outcome
from longwave.services import outbox
from longwave.storage.tables import Attempt, Message


def claim(lab, limit=100):
    with lab.database.writing() as session:
        claims = outbox.claim(session, keys=lab.keys, base_url=BASE_URL, now=lab.now, limit=limit)
        return claims.claimed


def states(lab):
    return {row.step: row.state for row in lab.rows(Message)}


def test_the_invitation_carries_the_link_and_reminders_follow_while_it_is_open(lab):
    person = lab.enrol()
    link = f"{BASE_URL}/l/{lab.keys.link_token(lab.assessment(person, 'w0').uid)}"
    for _ in range(10):
        lab.wait(days=1)
    assert len(lab.transport.mails) == 1 + len(lab.protocol.messages.reminders)
    assert all(link in mail.body for mail in lab.transport.mails)


def test_reminders_stop_when_the_wave_is_completed(lab):
    person = lab.enrol()
    lab.wait(hours=1)
    lab.complete(person, "w0")
    lab.transport.mails.clear()
    lab.wait(days=10)
    assert lab.transport.mails == []
    assert states(lab)["w0:reminder-1"] == "cancelled"


def test_nothing_tells_topic_or_arm_outside_the_participants_own_page(lab):
    for _ in range(4):
        lab.randomise()
    for _ in range(30):
        lab.wait(days=1)
    words = ("burnout", "compassion", "waitlist", "active", "msc", "msc-clinicians")
    for mail in lab.transport.mails:
        for word in words:
            assert word not in f"{mail.subject} {mail.body}".lower()


def test_two_dispatchers_send_each_message_once(lab):
    for _ in range(20):
        lab.enrol()
    threads = [
        threading.Thread(
            target=dispatch,
            args=(lab.database, lab.transport),
            kwargs={"keys": lab.keys, "base_url": BASE_URL, "now": lab.now, "limit": 3},
        )
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lab.clockwork.dispatch(lab.now)
    sent = Counter(mail.message_id for mail in lab.transport.mails)
    assert len(sent) == 20 and set(sent.values()) == {1}


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Outcome.SENT, "sent"),
        (Outcome.REFUSED, "failed"),
        (Outcome.RETRY, "pending"),
        (Outcome.UNCERTAIN, "uncertain"),
    ],
)
def test_the_outcome_decides_the_state_and_is_kept(lab, outcome, state):
    lab.enrol()
    lab.transport.answer = Delivery(outcome, "why")
    lab.clockwork.dispatch(lab.now)
    assert states(lab)["w0:invitation"] == state
    (attempt,) = lab.rows(Attempt)
    assert (attempt.outcome, attempt.detail, attempt.number) == (outcome, "why", 1)


def test_what_should_be_tried_again_is_after_a_pause_and_fails_in_the_end(lab):
    lab.enrol()
    lab.transport.answer = Delivery(Outcome.RETRY)
    for _ in range(outbox.MOST_ATTEMPTS + 8):
        lab.wait(minutes=61)
    times = [row.started_at for row in lab.rows(Attempt)]
    pauses = [later - sooner for sooner, later in pairwise(times)]
    assert len(times) == outbox.MOST_ATTEMPTS
    assert min(pauses) >= timedelta(minutes=4)
    assert states(lab)["w0:invitation"] == "failed"


def test_an_invitation_whose_sender_died_goes_out_again_under_the_same_id(lab):
    lab.enrol()
    (lost,) = claim(lab)
    lab.wait(minutes=9)
    assert lab.transport.mails == []
    lab.wait(minutes=2)
    assert [mail.message_id for mail in lab.transport.mails] == [lost.mail.message_id]
    first, second = lab.rows(Attempt)
    assert first.outcome == "uncertain" and second.outcome == "sent"


def test_a_reminder_whose_sender_died_stays_uncertain(lab):
    lab.enrol()
    lab.clockwork.dispatch(lab.now)
    lab.now += timedelta(days=3, hours=12)
    (lost,) = claim(lab)
    lab.transport.mails.clear()
    lab.wait(minutes=11)
    assert lab.transport.mails == []
    assert states(lab)["w0:reminder-1"] == "uncertain"
    assert lost.attempt == 1


def test_a_late_word_about_a_lost_attempt_changes_nothing(lab):
    lab.enrol()
    (lost,) = claim(lab)
    lab.wait(minutes=11)
    with lab.database.writing() as session:
        state = outbox.settle(session, lost, Delivery(Outcome.REFUSED), now=lab.now)
    assert state == "sent"
    assert states(lab)["w0:invitation"] == "sent"


def test_a_trial_run_sends_nothing_beyond_this_machine(lab):
    lab.enrol()
    lab.transport.is_local = False
    lab.clockwork.dispatch(lab.now)
    assert lab.transport.mails == []
    assert states(lab)["w0:invitation"] == "failed"


def test_invitations_wait_for_the_end_of_quiet_hours(lab):
    from zoneinfo import ZoneInfo

    person = lab.randomise()
    lab.transport.mails.clear()
    opens = lab.assessment(person, "w1").opens_at
    lab.now = opens
    lab.clockwork.tick(lab.now)
    assert opens.astimezone(ZoneInfo("Europe/Istanbul")).hour == 9
    assert len(lab.transport.mails) == 1


def test_after_trouble_with_the_server_the_rest_of_the_batch_waits(lab):
    for _ in range(5):
        lab.enrol()
    lab.transport.answer = Delivery(Outcome.RETRY)
    lab.clockwork.dispatch(lab.now)
    assert len(lab.transport.mails) == 1
    lab.transport.answer = Delivery(Outcome.SENT)
    lab.wait(minutes=5)
    sent = [mail.message_id for mail in lab.transport.mails[1:]]
    assert len(sent) == len(set(sent)) == 5


def test_a_sender_that_dies_leaves_only_its_own_message_in_doubt(lab):
    for _ in range(4):
        lab.enrol()

    class SenderDiedError(Exception):
        pass

    tried = []

    def send(mail):
        if len(tried) == 2:
            raise SenderDiedError
        tried.append(mail.message_id)
        return Delivery(Outcome.SENT)

    lab.transport.send, working = send, lab.transport.send
    with pytest.raises(SenderDiedError):
        lab.clockwork.dispatch(lab.now)
    lab.transport.send = working
    lab.wait(minutes=11)
    again = [mail.message_id for mail in lab.transport.mails]
    assert len(again) == 2 and not set(again) & set(tried)
