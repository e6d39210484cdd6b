"""Sending rates: shared by all senders, by channel and receiving domain."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from factories.crowd import gather
from sqlmodel import select

from longwave.config import Settings
from longwave.domain.lifecycle import Channel
from longwave.domain.messages import Kind
from longwave.services.outbox import Limits
from longwave.storage.tables import Message, SendingRate

MINUTE = timedelta(minutes=1)
SIX_A_MINUTE = Limits({Channel.EMAIL: 6})
SIX_TO_A_DOMAIN = Limits(per_domain=6)


def send(box, limits, worker="w"):
    """Claim and send until nothing more may go now; return the ids of what went."""
    sent = []
    while (batch := box.claim(worker, limits=limits)).claimed:
        sent += box.send(batch, worker)
    return sent


def test_no_more_leave_in_a_minute_than_are_allowed_and_the_rest_have_their_place(lab, box):
    gather(lab, 30)
    first = send(box, SIX_A_MINUTE)
    assert len(first) == 5
    waiting = [row for row in lab.rows(Message) if row.state == "pending"]
    assert {row.reason for row in waiting} == {"rate"}
    assert max(row.due_at for row in waiting) == lab.now + 25 * MINUTE / 6
    for _ in range(5):
        lab.now += MINUTE
        more = send(box, SIX_A_MINUTE)
        assert len(more) <= 6
        first += more
    assert len(first) == len(set(first)) == 30


def test_one_receiving_domain_does_not_hold_up_another(lab, box):
    gather(lab, 20, domains=2)
    sent = send(box, SIX_TO_A_DOMAIN)
    assert len(sent) == 10
    lanes = lab.rows(SendingRate)
    assert len(lanes) == 2
    assert not any("clinic" in row.domain for row in lanes)


def test_what_somebody_waits_for_leaves_at_once_and_is_counted(lab, box):
    gather(lab, 8, Kind.CONSENT_COPY)
    with lab.database.writing() as session:
        for row in session.exec(select(Message)):
            row.kind, row.at_once = Kind.INVITATION, True
    assert len(send(box, SIX_A_MINUTE)) == 8
    gather(lab, 1)
    assert send(box, SIX_A_MINUTE) == []


def test_without_limits_nothing_is_counted(lab, box):
    gather(lab, 3)
    assert len(box.claim().claimed) == 3
    assert lab.rows(SendingRate) == []


def test_a_place_that_was_missed_for_long_is_given_anew(lab, box):
    """After an outage, what had its place in it does not leave all at once."""
    gather(lab, 12)
    send(box, SIX_A_MINUTE)
    lab.now += 60 * MINUTE
    assert len(send(box, SIX_A_MINUTE)) == 5


def test_several_senders_keep_the_rate_together(lab, box):
    gather(lab, 40)
    sent, failed = [], []

    def work(name):
        try:
            sent.extend(send(box, SIX_A_MINUTE, name))
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(f"w{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(sent) == len(set(sent)) == 5


@pytest.mark.parametrize("number", ["0", "-3", "1000000", "many"])
def test_a_rate_that_makes_no_sense_is_refused(number):
    with pytest.raises(ValueError, match=r"whole number|valid integer"):
        Settings(email_per_minute=number)


@pytest.mark.parametrize("number", [0, 21, -1])
def test_somebody_sends_and_not_too_many_at_once(number):
    with pytest.raises(ValueError, match="is a whole number from 1 to 20"):
        Settings(senders=number)


def test_limits_are_what_the_settings_say_and_an_empty_one_is_none():
    settings = Settings(email_per_minute="600", email_per_minute_and_domain="60", sms_per_minute="")
    assert Limits.set_by(settings) == Limits({Channel.EMAIL: 600}, 60)
