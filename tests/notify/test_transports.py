"""Each transport says truly what became of a mail."""

from __future__ import annotations

import email
import email.policy
import socket
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from factories.smtp import smtp_server

from longwave.domain.errors import ConfigurationError
from longwave.notify import Attachment, Mail, Outcome, transport_for
from longwave.notify.folder import FolderTransport
from longwave.notify.smtp import SmtpTransport

MAIL = Mail(
    recipient="a@clinic.example",
    subject="Sıradaki anket",
    body="Merhaba,\n\nhttps://study.example/l/abc\n",
    message_id="0123@longwave",
    date=datetime(2026, 5, 4, 12, tzinfo=UTC),
    unsubscribe="https://study.example/l/abc/unsubscribe",
)


def send(url: str):
    transport = SmtpTransport(url, "study@clinic.example")
    try:
        return transport.send(MAIL)
    finally:
        transport.close()


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
        transport._connection.sock.shutdown(socket.SHUT_RDWR)
        assert transport.send(MAIL).outcome is Outcome.SENT
        transport.close()
    assert len(server.mails) == 4
    assert server.connections == 2


def test_a_refused_mail_does_not_spoil_the_next():
    with smtp_server(at_data="554 no") as server:
        transport = SmtpTransport(server.url, "study@clinic.example")
        assert transport.send(MAIL).outcome is Outcome.REFUSED
        server.at_data = "250 OK"
        assert transport.send(MAIL).outcome is Outcome.SENT
        transport.close()


def test_a_folder_holds_one_file_for_each_mail_however_often_it_is_tried(tmp_path):
    transport = FolderTransport(tmp_path / "mail", "study@clinic.example")
    assert transport.send(MAIL).outcome is Outcome.SENT
    assert transport.send(MAIL).outcome is Outcome.SENT
    (file,) = (tmp_path / "mail").iterdir()
    found = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    assert found["Subject"] == MAIL.subject


def test_a_folder_that_cannot_be_written_is_tried_again_later(tmp_path):
    (tmp_path / "mail").write_text("a file is in the way")
    transport = FolderTransport(tmp_path / "mail", "study@clinic.example")
    assert transport.send(MAIL).outcome is Outcome.RETRY


@pytest.mark.parametrize("url", ["http://mail.example", "smtp://", "mail.example"])
def test_an_unusable_url_is_explained(url):
    with pytest.raises(ConfigurationError, match="LONGWAVE_SMTP_URL"):
        transport_for(smtp_url=url, directory=None, sender="study@clinic.example", is_caught=False)


@pytest.mark.parametrize("is_caught", [True, False])
def test_whether_a_server_is_a_catcher_is_said_and_not_guessed(is_caught):
    transport = transport_for(
        smtp_url="smtp://127.0.0.1:2525",
        directory=None,
        sender="study@clinic.example",
        is_caught=is_caught,
    )
    assert transport.is_caught is is_caught


def test_trouble_of_the_server_is_told_from_trouble_with_a_mailbox():
    with smtp_server(at_recipient="450 mailbox full") as server:
        assert not send(server.url).server_trouble
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert send(f"smtp://127.0.0.1:{port}").server_trouble


def test_the_console_prints_the_mail(capsys):
    transport = transport_for(
        smtp_url=None, directory=None, sender="study@clinic.example", is_caught=False
    )
    transport.send(MAIL)
    assert "https://study.example/l/abc" in capsys.readouterr().out
