"""Several senders at once: each message leaves once, and whoever pauses or leaves is left alone."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace

import pytest
from factories.crowd import gather
from factories.lab import Lab, Memory
from factories.racing import at_once

from longwave.services import withdrawal
from longwave.storage.tables import Attempt, Message, Participant

PEOPLE = 60


class Slow(Memory):
    """A transport that takes its time, as servers do."""

    def send(self, mail):
        time.sleep(0.002)
        return super().send(mail)


@pytest.fixture
def lab(database_url):
    opened = Lab(database_url)
    opened.transport = Slow()
    opened.clockwork = replace(opened.clockwork, transport=opened.transport, senders=3)
    yield opened
    opened.close()


def recipients(lab):
    return Counter(mail.recipient for mail in lab.transport.mails)


def test_each_message_leaves_once(lab):
    gather(lab, PEOPLE)
    lab.clockwork.dispatch()
    assert set(recipients(lab).values()) == {1}
    assert len(recipients(lab)) == PEOPLE
    assert Counter(row.state for row in lab.rows(Message)) == {"sent": PEOPLE}
    assert {row.number for row in lab.rows(Attempt)} == {1}


@pytest.mark.parametrize(
    ("leave", "left"), [(withdrawal.withdraw, "cancelled"), (withdrawal.pause_messages, "pending")]
)
def test_whoever_goes_while_messages_leave_gets_one_or_none(lab, leave, left):
    gather(lab, PEOPLE)
    everybody = [row.id for row in lab.rows(Participant)]

    def all_leave():
        for person in reversed(everybody):
            lab.act(person, leave)

    at_once(lab.clockwork.dispatch, all_leave)
    got = recipients(lab)
    assert set(got.values()) <= {1}
    lab.clockwork.dispatch()
    assert recipients(lab) == got  # nobody is written to afterwards
    states = Counter(row.state for row in lab.rows(Message))
    assert states == Counter({"sent": len(got), left: PEOPLE - len(got)})
