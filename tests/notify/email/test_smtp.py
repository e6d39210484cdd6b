"""Each transport says truly what became of a mail."""

from __future__ import annotations

import socket
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import pytest
from factories.certificates import LONG_AGO, Authority
from factories.racing import at_once
from factories.smtp import smtp_server

from longwave.domain.errors import ConfigurationError
from longwave.notify import Attachment, Mail, Outcome, Sms
from longwave.notify.email.smtp import SmtpTransport

MAIL = Mail(
    recipient="a@clinic.example",
    subject="Sıradaki anket",
    body="Merhaba,\n\nhttps://study.example/l/abc\n",
    message_id="0123@longwave",
    date=datetime(2026, 5, 4, 12, tzinfo=UTC),
    unsubscribe="https://study.example/l/abc/unsubscribe",
)


def send(url: str, **settings):
    transport = SmtpTransport(url, "study@clinic.example", **settings)
    try:
        return transport.send(MAIL)
    finally:
        transport.close()


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("certificates"))


def test_an_accepted_mail_arrives_whole():
    with smtp_server() as server:
        assert send(server.url).outcome is Outcome.SENT
    (mail,) = server.mails
    assert mail["Subject"] == MAIL.subject
    assert mail["Message-ID"] == "<0123@longwave>"
    assert mail["To"] == MAIL.recipient
    assert mail["Date"].datetime == MAIL.date
    assert mail["List-Unsubscribe"] == "<https://study.example/l/abc/unsubscribe>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "https://study.example/l/abc" in mail.get_content()


def test_a_mail_may_have_a_second_form_and_files():
    file = Attachment("dates.ics", "text/calendar", b"BEGIN:VCALENDAR")
    told = replace(MAIL, html="<p>Merhaba</p>", attachments=(file,)).as_email("s@clinic.example")
    assert [part.get_content_type() for part in told.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
    ]
    (attached,) = told.iter_attachments()
    assert attached.get_filename() == "dates.ics"
    assert attached.get_payload(decode=True) == b"BEGIN:VCALENDAR"


@pytest.mark.parametrize(
    ("behaviour", "outcome"),
    [
        ({"at_recipient": "450 later"}, Outcome.RETRY),
        ({"at_recipient": "550 nobody here"}, Outcome.REFUSED),
        ({"at_data": "451 later"}, Outcome.RETRY),
        ({"at_data": "554 no"}, Outcome.REFUSED),
        ({"at_data": "drop"}, Outcome.UNCERTAIN),
    ],
)
def test_what_the_server_answers_decides_the_outcome(behaviour, outcome):
    with smtp_server(**behaviour) as server:
        assert send(server.url).outcome is outcome


def test_a_server_that_is_not_there_is_tried_again_later():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert send(f"smtp://127.0.0.1:{port}").outcome is Outcome.RETRY


def test_the_detail_of_a_failure_names_no_address():
    with smtp_server(at_recipient="550 a@clinic.example is not here") as server:
        assert "clinic" not in send(server.url).detail


def test_one_connection_carries_many_mails_and_is_renewed_when_it_is_lost():
    with smtp_server() as server:
        transport = SmtpTransport(server.url, "study@clinic.example")
        for _ in range(3):
            transport.send(MAIL)
        assert server.connections == 1
        transport._idle[0]._connection.sock.shutdown(socket.SHUT_RDWR)
        assert transport.send(MAIL).outcome is Outcome.SENT
        transport.close()
    assert len(server.mails) == 4
    assert server.connections == 2


def test_threads_that_send_at_once_have_a_connection_each_which_is_used_again():
    with smtp_server() as server:
        transport = SmtpTransport(server.url, "study@clinic.example")
        for _ in range(3):
            at_once(*[partial(transport.send, MAIL)] * 2)
        transport.close()
    assert len(server.mails) == 6
    assert server.connections <= 2


def test_a_refused_mail_does_not_spoil_the_next():
    with smtp_server(at_data="554 no") as server:
        transport = SmtpTransport(server.url, "study@clinic.example")
        assert transport.send(MAIL).outcome is Outcome.REFUSED
        server.at_data = "250 OK"
        assert transport.send(MAIL).outcome is Outcome.SENT
        transport.close()


def test_a_refused_recipient_costs_no_connection():
    with smtp_server(at_recipient="550 5.1.1 nobody here") as server:
        transport = SmtpTransport(server.url, "study@clinic.example")
        assert transport.send(MAIL).outcome is Outcome.REFUSED
        server.at_recipient = "250 OK"
        assert transport.send(MAIL).outcome is Outcome.SENT
        assert server.connections == 1
        transport.close()


def test_a_server_that_ended_an_idle_conversation_is_met_anew():
    with smtp_server() as server:
        transport = SmtpTransport(server.url, "study@clinic.example")
        transport.send(MAIL)
        server.at_sender = "421 idle for too long"
        transport._idle[0]._connection.ehlo_resp = None
        assert transport.send(MAIL).server_trouble
        assert server.connections == 2
        server.at_sender = "250 OK"
        assert transport.send(MAIL).outcome is Outcome.SENT
        transport.close()


@pytest.mark.parametrize(
    ("answer", "bounce"),
    [
        ("550 5.1.1 <a@clinic.example> is not here", "5.1.1"),
        ("550 nobody here", "550"),
        ("552 5.2.2 full", "5.2.2"),
        ("554 5.7.1 relay access denied", "5.7.1"),
        ("450 4.2.0 greylisted", None),
    ],
)
def test_the_status_of_a_refused_address_is_told_where_it_is_refused_for_good(answer, bounce):
    with smtp_server(at_recipient=answer) as server:
        delivery = send(server.url)
    assert delivery.bounce == bounce
    assert not delivery.server_trouble
    assert "clinic" not in delivery.detail


@pytest.mark.parametrize("answer", ["550 5.7.1 who are you", "451 later", "421 closing"])
def test_a_server_that_does_not_know_the_sender_is_trouble_and_costs_no_mail(answer):
    with smtp_server(at_sender=answer) as server:
        delivery = send(server.url)
    assert (delivery.outcome, delivery.server_trouble) == (Outcome.RETRY, True)
    assert answer[:3] in delivery.detail


@pytest.mark.parametrize("answer", ["530 5.7.0 sign in first", "421 closing"])
def test_a_server_that_wants_us_to_sign_in_first_is_trouble(answer):
    with smtp_server(at_recipient=answer) as server:
        delivery = send(server.url)
    assert (delivery.outcome, delivery.server_trouble) == (Outcome.RETRY, True)


def test_each_mail_is_returned_to_an_address_of_its_own_and_shows_a_sender_that_is_not():
    with smtp_server() as server:
        assert send(server.url, bounces_to="bounces@study.example").outcome is Outcome.SENT
    assert server.senders == ["bounces+0123@study.example"]
    assert server.mails[0]["From"] == "study@clinic.example"


def test_a_sender_may_have_a_name():
    with smtp_server() as server:
        transport = SmtpTransport(server.url, "The team <study@clinic.example>")
        assert transport.send(MAIL).outcome is Outcome.SENT
        transport.close()
    assert server.senders == ["study@clinic.example"]


def test_lines_that_begin_with_a_dot_arrive_as_they_are():
    with smtp_server() as server:
        transport = SmtpTransport(server.url, "study@clinic.example")
        transport.send(replace(MAIL, body=".\n..two\nend\n."))
        transport.send(MAIL)
        transport.close()
    assert server.mails[0].get_content().replace("\r\n", "\n") == ".\n..two\nend\n.\n"
    assert len(server.mails) == 2


def test_an_address_that_cannot_be_written_is_refused_and_the_next_is_not():
    with smtp_server() as server:
        transport = SmtpTransport(server.url, "study@clinic.example")
        assert transport.send(replace(MAIL, recipient="ö@k.example")).outcome is Outcome.REFUSED
        assert transport.send(MAIL).outcome is Outcome.SENT
        transport.close()


# --- TLS -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["tls", "starttls"])
def test_a_server_whose_certificate_is_trusted_gets_the_mail(how, authority):
    with smtp_server(**{how: authority.context()}) as server:
        assert send(server.url, ca_file=authority.ca_file).outcome is Outcome.SENT
    assert len(server.mails) == 1


@pytest.mark.parametrize("how", ["tls", "starttls"])
@pytest.mark.parametrize(
    ("shown", "reason"),
    [
        ({}, "unable to get local issuer certificate"),
        ({"address": "127.0.0.2"}, "IP address mismatch"),
        ({"until": LONG_AGO}, "certificate has expired"),
    ],
    ids=["of an unknown authority", "of another host", "of long ago"],
)
def test_a_certificate_that_proves_nothing_is_told_and_nothing_is_sent(
    how, shown, reason, authority
):
    trusted = {"ca_file": authority.ca_file} if shown else {}
    with smtp_server(**{how: authority.context(**shown)}) as server:
        delivery = send(server.url, **trusted)
        found = SmtpTransport(server.url, "study@clinic.example", **trusted).trouble()
    assert (delivery.outcome, delivery.server_trouble) == (Outcome.RETRY, True)
    assert reason in delivery.detail
    assert found == delivery.detail
    assert server.mails == []


def test_a_password_never_leaves_for_a_server_that_offers_no_tls():
    with smtp_server() as server:
        delivery = send(server.url.replace("smtp://", "smtp+starttls://user:secret@"))
    assert "STARTTLS" in delivery.detail and delivery.server_trouble


@pytest.mark.parametrize(
    ("password", "outcome"), [("s%40cret", Outcome.SENT), ("wrong", Outcome.RETRY)]
)
def test_one_signs_in_with_the_password_of_the_url(password, outcome, authority):
    with smtp_server(starttls=authority.context(), users={"user": "s@cret"}) as server:
        url = server.url.replace("//", f"//user:{password}@")
        delivery = send(url, ca_file=authority.ca_file)
    assert delivery.outcome is outcome
    assert delivery.server_trouble == (outcome is Outcome.RETRY)
    assert ("password" in delivery.detail) == (outcome is Outcome.RETRY)


def test_a_server_that_takes_mail_is_no_trouble():
    with smtp_server() as server:
        assert SmtpTransport(server.url, "study@clinic.example").trouble() is None


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_file_without_certificates_is_explained(content, tmp_path):
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ConfigurationError, match="LONGWAVE_SMTP_CA_FILE"):
        SmtpTransport("smtp://127.0.0.1", "study@clinic.example", ca_file=file)


@pytest.mark.parametrize("url", ["http://mail.example", "smtp://", "mail.example"])
def test_an_unusable_url_is_explained(url):
    with pytest.raises(ConfigurationError, match="LONGWAVE_SMTP_URL"):
        SmtpTransport(url, "study@clinic.example")


def test_trouble_of_the_server_is_told_from_trouble_with_a_mailbox():
    with smtp_server(at_recipient="450 mailbox full") as server:
        assert not send(server.url).server_trouble
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert send(f"smtp://127.0.0.1:{port}").server_trouble


def test_nothing_but_mail_goes_over_smtp():
    with pytest.raises(TypeError):
        SmtpTransport("smtp://127.0.0.1", "study@clinic.example").send(Sms("+1", "x", "1@l"))
