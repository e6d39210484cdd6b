"""Mail and SMS leave side by side, each through the transport of its channel."""

from __future__ import annotations

from dataclasses import replace

import pytest
from factories import returned
from factories.gateway import sms_gateway
from factories.lab import BASE_URL, OPENER, Lab
from factories.smtp import smtp_server
from sqlmodel import select

from longwave.domain.lifecycle import Channel
from longwave.notify import Transports
from longwave.notify.email.dsn import read_report
from longwave.notify.email.smtp import SmtpTransport
from longwave.notify.sms.gateway import SmsTransport
from longwave.services import bounces, contact
from longwave.storage.tables import Attempt, Bounce, Contact, Message, Study

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
    assert states(lab, person)["w0:invitation"] == "pending"  # an invitation goes again
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


def test_a_mail_is_known_again_by_the_address_that_it_is_returned_to(lab):
    person = lab.enrol()
    with smtp_server() as server:
        smtp = SmtpTransport(
            server.url, "study@study.example", is_caught=True, bounces_to="bounces@study.example"
        )
        lab.clockwork = replace(lab.clockwork, transport=Transports({Channel.EMAIL: smtp}))
        lab.clockwork.dispatch()
        smtp.close()
    (sender,) = server.senders
    came_back = read_report(returned.postfix(to=sender, returned=""))
    with lab.database.writing() as session:
        assert bounces.receive(
            session,
            came_back.message_ids,
            came_back.kind,
            came_back.status,
            source="mailbox",
            allowed=lambda *_: True,
            now=lab.now,
        )
    (bounce,) = lab.rows(Bounce)
    assert bounce.participant_id == person


def test_an_address_that_a_real_server_refuses_is_silenced_at_once(lab):
    person, other = lab.enrol(), lab.enrol()
    with smtp_server(at_recipient="550 5.1.1 nobody here") as server:
        smtp = SmtpTransport(server.url, "study@study.example", is_caught=True)
        lab.clockwork = replace(lab.clockwork, transport=Transports({Channel.EMAIL: smtp}))
        lab.clockwork.dispatch()
        smtp.close()
    assert {(row.participant_id, row.source, row.status) for row in lab.rows(Bounce)} == {
        (person, "refusal", "5.1.1"),
        (other, "refusal", "5.1.1"),
    }
    assert all(row.email_suppressed_at == lab.now for row in lab.rows(Contact))
