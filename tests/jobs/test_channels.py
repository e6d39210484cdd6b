"""Mail and SMS leave side by side, each through the transport of its channel."""

from __future__ import annotations

from dataclasses import replace

import pytest
from factories.gateway import sms_gateway
from factories.lab import BASE_URL, OPENER, Lab
from sqlmodel import select

from longwave.domain.lifecycle import Channel
from longwave.notify import Transports
from longwave.notify.sms.gateway import SmsTransport
from longwave.services import contact
from longwave.storage.tables import Attempt, Message, Study

NUMBER = "+905551234567"


@pytest.fixture
def lab(database_url):
    opened = Lab(database_url)
    yield opened
    opened.close()


def through(lab, gateway, *, is_caught=True):
    """Let SMS go through a gateway, and mail where it always goes."""
    sms = SmsTransport(gateway.url, is_caught=is_caught)
    both = Transports({Channel.EMAIL: lab.transport, Channel.SMS: sms})
    lab.clockwork = replace(lab.clockwork, transport=both)


def by_sms(lab):
    person = lab.enrol()
    lab.act(
        person,
        contact.change_contact,
        phone=NUMBER,
        channel=Channel.SMS,
        reason="asked for it",
        viewer=OPENER,
        keys=lab.keys,
    )
    return person


def states(lab, person):
    return {row.step: row.state for row in lab.rows(Message) if row.participant_id == person}


def test_each_participant_hears_by_the_channel_that_was_chosen(lab):
    with sms_gateway() as gateway:
        through(lab, gateway)
        person, other = by_sms(lab), lab.enrol()
        lab.clockwork.dispatch()
    link = f"{BASE_URL}/l/{lab.keys.link_token(lab.assessment(person, 'w0').uid)}"
    (sms,) = gateway.sent
    assert sms["to"] == NUMBER and link in sms["message"]
    assert [mail.recipient for mail in lab.transport.mails] == [f"person{other}@clinic.example"]
    assert states(lab, person)["w0:invitation"] == states(lab, other)["w0:invitation"] == "sent"
    counted = {row.segments for row in lab.rows(Attempt)}
    assert None in counted and max(filter(None, counted)) >= 1


@pytest.mark.parametrize("status", [400, 0], ids=["refuses", "says nothing"])
def test_what_a_gateway_does_not_confirm_is_uncertain_and_mail_goes_on(lab, status):
    with sms_gateway(status) as gateway:
        through(lab, gateway)
        person, other = by_sms(lab), lab.enrol()
        lab.clockwork.dispatch()
    outcomes = {row.outcome for row in lab.rows(Attempt) if row.segments is not None}
    assert outcomes == {"uncertain"}
    assert states(lab, person)["w0:invitation"] == "uncertain"
    assert states(lab, other)["w0:invitation"] == "sent"


def test_a_trial_run_sends_no_sms_beyond_this_machine(lab):
    with sms_gateway() as gateway:
        through(lab, gateway, is_caught=False)
        person = by_sms(lab)
        lab.clockwork.dispatch()
    assert gateway.sent == []
    assert states(lab, person)["w0:invitation"] == "failed"


def test_a_live_study_keeps_its_sms_until_there_is_a_gateway_that_delivers(lab):
    person = by_sms(lab)
    with lab.database.writing() as session:
        session.exec(select(Study)).one().mode = "live"
    with sms_gateway() as gateway:
        through(lab, gateway)
        lab.clockwork.dispatch()
    assert gateway.sent == []
    assert states(lab, person)["w0:invitation"] == "pending"
    assert "LONGWAVE_SMS_URL" in {row.detail for row in lab.rows(Attempt)}.pop()
