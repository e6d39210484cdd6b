"""Senders that are killed at each step of their work: nothing is lost, nothing wrongly repeated.

Real processes, SIGKILL, a real SMTP server. What nobody can know is whether the one mail arrived
that a sender had begun to hand over: an invitation goes again under the same Message-ID, a reminder
does not, and stays uncertain for all to see.
"""

from __future__ import annotations

import signal
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from factories.crowd import gather
from factories.dying import STEPS, send
from factories.lab import OPENER, Lab
from factories.smtp import smtp_server

from longwave.domain.messages import Kind
from longwave.notify.email.smtp import SmtpTransport
from longwave.services.delivery_log import read_log
from longwave.services.outbox import LEASE
from longwave.services.study import get_study
from longwave.storage.tables import Attempt, Message

EACH = 3
LEAVES_IN_DOUBT = STEPS[2:]
HAS_ARRIVED = STEPS[4:]
BEFORE_COMMIT = STEPS[-1]


@pytest.fixture
def lab(database_url):
    opened = Lab(database_url)
    yield opened
    opened.close()


def mail_ids(lab, kind):
    return {row.mail_id for row in lab.rows(Message) if row.kind == kind}


def die(lab, database_url, server, step, kind):
    """Let messages of a kind be due, and a sender die at the second of them."""
    gather(lab, EACH, kind)
    assert send(database_url, server.url, lab.now, step, at=2) == -signal.SIGKILL
    lab.now += LEASE + timedelta(seconds=1)


@pytest.mark.parametrize("step", STEPS)
def test_a_sender_killed_at_a_step_loses_nothing_and_leaves_one_in_doubt_at_most(
    lab, database_url, step
):
    with smtp_server() as server:
        for kind in (Kind.INVITATION, Kind.REMINDER):
            die(lab, database_url, server, step, kind)
            transport = SmtpTransport(server.url, "study@study.example", is_caught=True)
            lab.clockwork = replace(lab.clockwork, transport=transport)
            lab.clockwork.dispatch()
            transport.close()
    arrived = Counter(mail["Message-ID"].strip("<>") for mail in server.mails)
    twice = {found for found, times in arrived.items() if times > 1}
    in_doubt = int(step in LEAVES_IN_DOUBT)

    invited, reminded = mail_ids(lab, Kind.INVITATION), mail_ids(lab, Kind.REMINDER)
    assert invited <= set(arrived), "an invitation was lost"
    assert not twice & reminded, "a reminder came twice"
    assert len(twice) == int(step in HAS_ARRIVED)
    assert max(arrived.values()) <= 2
    assert Counter((row.kind, row.state) for row in lab.rows(Message)) == +Counter(
        {
            (Kind.INVITATION, "sent"): EACH,
            (Kind.REMINDER, "sent"): EACH - in_doubt,
            (Kind.REMINDER, "uncertain"): in_doubt,
        }
    )
    assert {row.mail_id for row in lab.rows(Message) if row.state == "sent"} <= set(arrived)
    assert [row.outcome for row in lab.rows(Attempt)].count("uncertain") == 2 * in_doubt
    assert_uncertain_ones_are_seen(lab, in_doubt)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("answer", ["451 later", "554 no", "drop"])
def test_a_sender_killed_beside_a_server_in_trouble_loses_nothing_either(lab, database_url, answer):
    with smtp_server(at_data=answer) as server:
        server.delay = 0.05
        for kind in (Kind.INVITATION, Kind.REMINDER):
            die(lab, database_url, server, BEFORE_COMMIT, kind)
        server.at_data = "250 OK"
        transport = SmtpTransport(server.url, "study@study.example", is_caught=True)
        lab.clockwork = replace(lab.clockwork, transport=transport)
        for _ in range(4):  # what was refused for now has pauses of up to an hour
            lab.clockwork.dispatch()
            lab.now += timedelta(hours=1)
        transport.close()
    arrived = Counter(mail["Message-ID"].strip("<>") for mail in server.mails)
    assert all(arrived[found] <= 1 for found in mail_ids(lab, Kind.REMINDER))
    for row in lab.rows(Message):
        assert row.state in {"sent", "failed", "uncertain"}
        if row.state == "sent":
            assert arrived[row.mail_id] >= 1
        if row.state == "failed":
            assert (answer, arrived[row.mail_id]) == ("554 no", 0)
        if row.state == "uncertain":
            assert row.kind == Kind.REMINDER


def assert_uncertain_ones_are_seen(lab, number):
    """Check that log and trail tell of each uncertain message."""
    with lab.database.reading() as session:
        lines, _ = read_log(session, get_study(session, lab.slug), OPENER)
    seen = [(line.kind, line.reason) for line in lines if line.state == "uncertain"]
    assert seen == [(Kind.REMINDER, "unknown_outcome")] * number
    told = [event.payload["message"] for event in lab.events("message.uncertain")]
    assert told == [Kind.REMINDER] * number
