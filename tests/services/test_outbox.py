"""The outbox: each message once, and only while it is wanted."""

from __future__ import annotations

import re
import threading
from collections import Counter
from datetime import timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from factories.diary import cohort, wave
from factories.lab import BASE_URL, Lab
from sqlmodel import select

from longwave.domain.messages import MOST_ATTEMPTS
from longwave.jobs.dispatch import dispatch
from longwave.notify import Delivery, Outcome
from longwave.services import outbox, withdrawal
from longwave.storage.tables import Attempt, Contact, Message, Participant, Study


def die(lab, *, begun=True):
    """Take on the message that is due, begin to hand it over (or not), and be heard of no more."""
    with lab.database.writing() as session:
        batch = outbox.claim(
            session, "dead", keys=lab.keys, base_url=BASE_URL, now=lab.now, limit=1
        )
    (lost,) = batch.claimed
    if begun:
        with lab.database.marking() as marker:
            assert outbox.begin(marker, "dead", lost, None, now=lab.now)
    return lost


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
        # A link ends in letters drawn by chance, which may spell anything.
        told = re.sub(rf"{BASE_URL}/l/\S+", "", f"{mail.subject} {mail.body}")
        for word in words:
            assert word not in told.lower()


def test_two_dispatchers_send_each_message_once(lab):
    for _ in range(20):
        lab.enrol()
    threads = [
        threading.Thread(
            target=dispatch,
            args=(lab.database, lab.transport),
            kwargs={"keys": lab.keys, "base_url": BASE_URL, "clock": lambda: lab.now},
        )
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lab.clockwork.dispatch()
    sent = Counter(mail.message_id for mail in lab.transport.mails)
    assert len(sent) == 20 and set(sent.values()) == {1}


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Outcome.SENT, "sent"),
        (Outcome.REFUSED, "failed"),
        (Outcome.RETRY, "pending"),
        (Outcome.UNCERTAIN, "pending"),
    ],
)
def test_the_outcome_decides_the_state_and_is_kept(lab, outcome, state):
    lab.enrol()
    lab.transport.answer = Delivery(outcome, "why")
    lab.clockwork.dispatch()
    assert states(lab)["w0:invitation"] == state
    (attempt,) = lab.rows(Attempt)
    assert (attempt.outcome, attempt.detail, attempt.number) == (outcome, "why", 1)


def test_what_should_be_tried_again_is_after_a_pause_and_fails_in_the_end(lab):
    lab.enrol()
    lab.transport.answer = Delivery(Outcome.RETRY)
    for _ in range(2 * MOST_ATTEMPTS):
        lab.wait(minutes=61)
    (invitation,) = [row.id for row in lab.rows(Message) if row.kind == "invitation"]
    times = [row.started_at for row in lab.rows(Attempt) if row.message_id == invitation]
    pauses = [later - sooner for sooner, later in pairwise(times)]
    assert len(times) == MOST_ATTEMPTS
    assert min(pauses) >= timedelta(minutes=61)
    assert states(lab)["w0:invitation"] == "failed"


def test_an_invitation_that_may_have_arrived_goes_out_three_times_at_most(lab):
    lab.enrol()
    lab.transport.answer = Delivery(Outcome.UNCERTAIN)
    for _ in range(10):
        lab.wait(minutes=61)
    assert states(lab)["w0:invitation"] == "uncertain"
    assert len(lab.transport.mails) == 3
    assert len({mail.message_id for mail in lab.transport.mails}) == 1


def test_a_reminder_that_may_have_arrived_is_not_repeated(lab):
    lab.enrol()
    lab.wait(minutes=0)
    lab.transport.answer = Delivery(Outcome.UNCERTAIN)
    lab.transport.mails.clear()
    lab.wait(days=4)
    lab.wait(hours=2)
    assert states(lab)["w0:reminder-1"] == "uncertain"
    assert len(lab.transport.mails) == 1


def test_an_invitation_whose_sender_died_goes_out_again_under_the_same_id(lab):
    lab.enrol()
    lost = die(lab)
    lab.wait(minutes=9)
    assert lab.transport.mails == []
    lab.wait(minutes=2)
    assert [mail.message_id for mail in lab.transport.mails] == [lost.letter.message_id]
    first, second = lab.rows(Attempt)
    assert first.outcome == "uncertain" and second.outcome == "sent"


def test_a_copy_of_a_signature_whose_sender_died_goes_out_again(lab):
    lab.consent(lab.screen(), copy=True)
    lost = die(lab)
    assert lost.letter.subject == "A copy of what you signed"
    lab.wait(minutes=11)
    again = [mail for mail in lab.transport.mails if mail.message_id == lost.letter.message_id]
    assert [mail.body for mail in again] == [lost.letter.body]


def test_a_copy_waits_for_nobody_elses_reminders_and_pauses_with_all_messages(lab):
    person = lab.screen()
    lab.consent(person, copy=True)
    lab.act(person, withdrawal.pause_messages)
    lab.wait(hours=2)
    assert lab.transport.mails == []
    lab.act(person, withdrawal.resume_messages)
    lab.wait(minutes=1)
    assert {mail.subject for mail in lab.transport.mails} == {
        "A copy of what you signed",
        "Your next questionnaire is ready",
    }


def test_a_reminder_whose_sender_died_stays_uncertain(lab):
    lab.enrol()
    lab.clockwork.dispatch()
    lab.now += timedelta(days=3, hours=3)
    lost = die(lab)
    lab.transport.mails.clear()
    lab.wait(minutes=11)
    assert lab.transport.mails == []
    assert states(lab)["w0:reminder-1"] == "uncertain"
    assert lost.attempt == 1


def test_a_late_word_about_a_lost_attempt_changes_nothing(lab):
    lab.enrol()
    lost = die(lab)
    lab.wait(minutes=11)
    with lab.database.writing() as session:
        late = outbox.Sent(lost, Delivery(Outcome.REFUSED), lab.now)
        outbox.settle(session, "dead", [late], now=lab.now)
    assert states(lab)["w0:invitation"] == "sent"


def test_a_trial_run_sends_nothing_beyond_this_machine(lab):
    lab.enrol()
    lab.transport.is_caught = False
    lab.clockwork.dispatch()
    assert lab.transport.mails == []
    assert states(lab)["w0:invitation"] == "failed"


def local_hour(lab):
    return lab.now.astimezone(ZoneInfo("Europe/Istanbul")).hour


def test_nothing_is_sent_in_quiet_hours_however_it_came_to_be_due(lab):
    person = lab.randomise()
    lab.transport.mails.clear()
    opens = lab.assessment(person, "w1").opens_at
    lab.now = opens.replace(hour=20)
    lab.clockwork.tick()
    assert local_hour(lab) == 23 and lab.transport.mails == []
    lab.now += timedelta(hours=8, minutes=59)
    lab.clockwork.tick()
    assert lab.transport.mails == []
    lab.now += timedelta(minutes=2)
    lab.clockwork.tick()
    assert local_hour(lab) == 8 and len(lab.transport.mails) == 1


def test_the_baseline_goes_out_at_night_to_somebody_who_enrols_at_night(lab):
    lab.now = lab.now.replace(hour=22)
    lab.enrol()
    lab.clockwork.dispatch()
    assert len(lab.transport.mails) == 1


EVENING = wave(
    *("evening", "enrolment", "P15D"),
    at='"18:00"',
    window="{before: P0D, after: PT5H}",
    reminders="[PT2H]",
)


def evening_lab(database_url):
    """A lab with somebody whose evening has not opened yet, and an empty mailbox."""
    lab = Lab(database_url, protocol=cohort(EVENING, reminders="[P3D]"))
    person = lab.enrol(site="north", answers={"age": "40", "licensed": "yes"})
    lab.wait(days=15)
    opens_at = lab.assessment(person, "evening").opens_at
    lab.transport.mails.clear()
    return lab, opens_at


def mails_by_hour(lab, hours):
    sent = []
    for _ in range(hours):
        lab.wait(hours=1)
        sent.append(len(lab.transport.mails))
    return sent


def test_a_wave_may_be_reminded_of_within_the_day(database_url):
    lab, opens_at = evening_lab(database_url)
    lab.now = opens_at - timedelta(hours=2)
    assert mails_by_hour(lab, 6) == [0, 1, 1, 2, 2, 2]
    assert states(lab)["evening:reminder-1"] == "sent"
    lab.close()


def test_a_reminder_keeps_its_planned_distance_from_an_invitation_that_was_late(database_url):
    lab, opens_at = evening_lab(database_url)
    lab.now = opens_at + timedelta(minutes=30)
    assert mails_by_hour(lab, 4) == [1, 1, 2, 2]
    lab.close()


def test_after_an_outage_messages_do_not_come_all_at_once(lab):
    person = lab.randomise()
    lab.transport.mails.clear()
    lab.now = lab.assessment(person, "w1").opens_at + timedelta(days=8)
    lab.clockwork.tick()
    assert [mail.subject for mail in lab.transport.mails] == ["Your next questionnaire is ready"]
    lab.wait(hours=23)
    assert len(lab.transport.mails) == 1
    lab.wait(hours=2)
    assert len(lab.transport.mails) == 2
    lab.wait(days=1)
    assert len(lab.transport.mails) == 2


def test_a_withdrawal_between_queueing_and_sending_is_noticed_in_the_claim(lab):
    person = lab.enrol()
    with lab.database.writing() as session:
        session.get_one(Participant, person).follow_up = "withdrawn"
    lab.clockwork.dispatch()
    assert lab.transport.mails == []
    assert states(lab)["w0:invitation"] == "cancelled"


def test_a_pause_holds_an_invitation_and_does_not_lose_it(lab):
    person = lab.enrol()
    with lab.database.writing() as session:
        withdrawal.pause_messages(session, session.get_one(Participant, person), now=lab.now)
    lab.wait(hours=2)
    assert lab.transport.mails == []
    with lab.database.writing() as session:
        withdrawal.resume_messages(session, session.get_one(Participant, person), now=lab.now)
    lab.wait(hours=1)
    assert len(lab.transport.mails) == 1


def test_one_full_mailbox_holds_up_nobody_else(lab):
    people = [lab.enrol() for _ in range(10)]
    full = f"person{people[0]}@clinic.example"
    accept = lab.transport.send

    def send(mail):
        return Delivery(Outcome.RETRY, "452") if mail.recipient == full else accept(mail)

    lab.transport.send = send
    lab.clockwork.dispatch()
    assert len({mail.recipient for mail in lab.transport.mails}) == 9


def test_a_server_in_trouble_is_left_alone_until_the_next_tick(lab):
    for _ in range(5):
        lab.enrol()
    lab.transport.answer = Delivery(Outcome.RETRY, server_trouble=True)
    lab.clockwork.dispatch()
    assert len(lab.transport.mails) == 1
    assert len(lab.rows(Attempt)) == 1
    lab.transport.answer = Delivery(Outcome.SENT)
    lab.wait(minutes=5)
    assert len({mail.message_id for mail in lab.transport.mails[1:]}) == 5


def test_a_fault_of_ours_is_one_messages_fault_and_tells_nothing(lab, caplog):
    for _ in range(3):
        lab.enrol()

    def send(mail):
        raise ValueError(mail.recipient)

    lab.transport.send = send
    lab.clockwork.dispatch()
    assert {row.state for row in lab.rows(Message) if row.kind == "invitation"} == {"failed"}
    assert {row.detail for row in lab.rows(Attempt)} == {"ValueError"}
    assert "clinic" not in caplog.text


def test_a_participant_without_an_address_stops_nobody_elses_mail(lab):
    first = lab.enrol()
    lab.enrol()
    with lab.database.writing() as session:
        session.delete(session.get_one(Contact, first))
    lab.clockwork.dispatch()
    assert len(lab.transport.mails) == 1
    by_person = {row.participant_id: row.state for row in lab.rows(Message)[::3]}
    assert sorted(by_person.values()) == ["failed", "sent"]


def test_a_live_study_sends_nothing_to_a_catcher_and_keeps_it_for_later(lab):
    lab.enrol()
    with lab.database.writing() as session:
        session.exec(select(Study)).one().mode = "live"
    lab.clockwork.dispatch()
    assert lab.transport.mails == []
    assert states(lab)["w0:invitation"] == "pending"


def test_a_sender_that_dies_leaves_only_its_own_message_in_doubt(lab):
    for _ in range(4):
        lab.enrol()

    class SenderDiedError(BaseException):
        pass

    tried = []

    def send(mail):
        if len(tried) == 2:
            raise SenderDiedError
        tried.append(mail.message_id)
        return Delivery(Outcome.SENT)

    lab.transport.send, working = send, lab.transport.send
    with pytest.raises(SenderDiedError):
        lab.clockwork.dispatch()
    lab.transport.send = working
    lab.wait(minutes=11)
    again = [mail.message_id for mail in lab.transport.mails]
    assert len(set(again)) == len(again) == 2 and not set(again) & set(tried)
