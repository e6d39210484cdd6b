"""Which transport each channel gets, and the transports that need no server."""

from __future__ import annotations

import email
import email.policy
from datetime import UTC, datetime
from pathlib import Path

import pytest

from longwave import notify
from longwave.config import Settings
from longwave.domain.errors import ConfigurationError
from longwave.domain.lifecycle import Channel
from longwave.notify import Delivery, Mail, Outcome, Sms, Transports
from longwave.notify.folder import FolderTransport

MAIL = Mail(
    recipient="a@clinic.example",
    subject="Sıradaki anket",
    body="Merhaba,\n\nhttps://study.example/l/abc\n",
    message_id="0123@longwave",
    date=datetime(2026, 5, 4, 12, tzinfo=UTC),
    unsubscribe="https://study.example/l/abc/unsubscribe",
)
SMS = Sms("+905551234567", "Merhaba: https://study.example/l/abc", "4567@longwave", "Durdur: ...")


def chosen(**settings) -> Transports:
    return Transports.chosen_by(Settings(_env_file=None, **settings))


@pytest.mark.parametrize(
    ("settings", "mail", "sms"),
    [
        ({}, "ConsoleTransport", "ConsoleTransport"),
        ({"mail_directory": "d"}, "FolderTransport", "FolderTransport"),
        ({"smtp_url": "smtp://h"}, "SmtpTransport", "ConsoleTransport"),
        ({"smtp_url": "smtp://h", "mail_directory": "d"}, "SmtpTransport", "FolderTransport"),
        (
            {"mail_directory": "d", "sms_url": "json://h/{to}"},
            "FolderTransport",
            "SmsTransport",
        ),
    ],
)
def test_each_channel_gets_the_first_way_that_the_settings_offer(settings, mail, sms):
    transports = chosen(**settings)
    assert type(transports.of(Channel.EMAIL)).__name__ == mail
    assert type(transports.of("sms")).__name__ == sms
    transports.close()


@pytest.mark.parametrize("is_caught", [True, False])
def test_whether_a_server_is_a_catcher_is_said_and_not_guessed(is_caught):
    transports = chosen(
        smtp_url="smtp://127.0.0.1:2525",
        mail_is_caught=is_caught,
        sms_url="json://127.0.0.1/{to}",
        sms_is_caught=is_caught,
    )
    for channel in Channel:
        assert transports.of(channel).is_caught is is_caught


def test_what_reaches_nobody_says_so(tmp_path):
    for settings in ({}, {"mail_directory": tmp_path}):
        assert all(chosen(**settings).of(channel).is_caught for channel in Channel)


@pytest.mark.parametrize("setting", ["smtp_url", "sms_url"])
def test_an_unusable_setting_is_explained(setting):
    with pytest.raises(ConfigurationError, match=f"LONGWAVE_{setting.upper()}"):
        chosen(**{setting: "nonsense"})


def test_a_folder_of_the_package_is_all_that_a_new_transport_needs(tmp_path, monkeypatch):
    (tmp_path / "pigeon").mkdir()
    (tmp_path / "pigeon" / "__init__.py").write_text(
        "from longwave.notify import Delivery, Outcome, Plugin\n"
        "class Pigeon:\n"
        "    is_caught = False\n"
        "    def send(self, letter): return Delivery(Outcome.UNCERTAIN, 'it flies')\n"
        "    def trouble(self): return 'it rains'\n"
        "    def close(self): pass\n"
        "PLUGIN = Plugin(1, lambda channel, settings: Pigeon() if channel == 'sms' else None)\n"
    )
    monkeypatch.setattr(notify, "__path__", [*notify.__path__, str(tmp_path)])
    transports = chosen(mail_directory=tmp_path / "mail")
    assert transports.of(Channel.SMS).send(SMS) == Delivery(Outcome.UNCERTAIN, "it flies")
    assert transports.of(Channel.EMAIL).send(MAIL).outcome is Outcome.SENT
    assert transports.troubles() == {Channel.SMS: "it rains"}


def test_a_folder_holds_one_file_for_each_letter_however_often_it_is_tried(tmp_path):
    transport = FolderTransport(tmp_path / "mail", "study@clinic.example")
    for _ in range(2):
        assert transport.send(MAIL).outcome is Outcome.SENT
        assert transport.send(SMS) == Delivery(Outcome.SENT, segments=1)
    mail, sms = sorted((tmp_path / "mail").iterdir())
    found = email.message_from_bytes(mail.read_bytes(), policy=email.policy.default)
    assert found["Subject"] == MAIL.subject
    assert sms.name == "4567.sms"
    assert sms.read_text() == f"To: {SMS.recipient}\n\n{SMS.body}\nDurdur: ...\n"


def test_a_folder_that_cannot_be_written_is_tried_again_later(tmp_path):
    (tmp_path / "mail").write_text("a file is in the way")
    transport = FolderTransport(tmp_path / "mail", "study@clinic.example")
    for letter in (MAIL, SMS):
        delivery = transport.send(letter)
        assert (delivery.outcome, delivery.server_trouble) == (Outcome.RETRY, True)
    assert "cannot be made" in transport.trouble()


def test_the_console_prints_mail_and_sms(capsys):
    transports = chosen()
    transports.of(Channel.EMAIL).send(MAIL)
    transports.of(Channel.SMS).send(SMS)
    printed = capsys.readouterr().out
    assert MAIL.subject in printed and MAIL.body in printed
    assert SMS.recipient in printed and SMS.text in printed
    assert transports.troubles() == {}


def test_every_transport_of_the_package_is_a_plugin():
    folders = {path.name for path in Path(notify.__file__).parent.iterdir() if path.is_dir()}
    assert len(notify.plugins()) == len(folders - {"__pycache__"})
