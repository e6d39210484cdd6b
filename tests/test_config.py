"""Settings: read from the environment, refused by name when unusable."""

from __future__ import annotations

import pytest

from longwave.config import load_settings
from longwave.domain.errors import ConfigurationError


@pytest.fixture(autouse=True)
def nowhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_an_env_file_in_the_folder_is_read(nowhere):
    (nowhere / ".env").write_text("LONGWAVE_BASE_URL=https://study.example/\n")
    settings = load_settings()
    assert settings.base_url == "https://study.example"
    assert settings.secure


def test_the_environment_overrules_the_file(nowhere, monkeypatch):
    (nowhere / ".env").write_text("LONGWAVE_BASE_URL=https://study.example\n")
    monkeypatch.setenv("LONGWAVE_BASE_URL", "http://127.0.0.1:9000")
    assert not load_settings().secure


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LONGWAVE_SECRET_KEY", "short"),
        ("LONGWAVE_BASE_URL", "study.example"),
        ("LONGWAVE_TICK_SECONDS", "often"),
        ("LONGWAVE_BOUNCE_ADDRESS", "bounces"),
        ("LONGWAVE_BOUNCE_ADDRESS", "a+b@study.example"),
    ],
)
def test_an_unusable_setting_is_named(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=name):
        load_settings()


def test_a_secret_is_not_printed():
    settings = load_settings()
    assert settings.secret_key.get_secret_value() not in repr(settings)
    assert settings.has_default_secret


def test_what_is_set_to_nothing_is_not_set(monkeypatch):
    for name in ("LONGWAVE_SMTP_CA_FILE", "LONGWAVE_BOUNCE_ADDRESS", "LONGWAVE_SMS_URL"):
        monkeypatch.setenv(name, "")
    settings = load_settings()
    assert (settings.smtp_ca_file, settings.bounce_address, settings.sms_url) == (None, None, None)


SAFE = {"LONGWAVE_SECRET_KEY": "k" * 40, "LONGWAVE_SMTP_URL": "smtp://mail.example:25"}


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({}, ()),
        ({"LONGWAVE_SECRET_KEY": None}, ("LONGWAVE_SECRET_KEY",)),
        ({"LONGWAVE_SMTP_URL": None}, ("LONGWAVE_SMTP_URL",)),
        ({"LONGWAVE_SMS_URL": "json://gateway.example/{to}"}, ()),
        (
            {"LONGWAVE_SMS_URL": "json://127.0.0.1/{to}", "LONGWAVE_SMS_IS_CAUGHT": "true"},
            ("LONGWAVE_SMS_IS_CAUGHT",),
        ),
        (
            {"LONGWAVE_SMTP_URL": None, "LONGWAVE_MAIL_DIRECTORY": "mail"},
            ("LONGWAVE_SMTP_URL",),
        ),
        ({"LONGWAVE_MAIL_IS_CAUGHT": "true"}, ("LONGWAVE_MAIL_IS_CAUGHT",)),
        (
            {"LONGWAVE_SECRET_KEY": None, "LONGWAVE_SMTP_URL": None},
            ("LONGWAVE_SECRET_KEY", "LONGWAVE_SMTP_URL"),
        ),
    ],
)
def test_what_is_unsafe_for_real_participants_is_told_all_at_once(monkeypatch, changes, named):
    for name, value in {**SAFE, **changes}.items():
        if value is not None:
            monkeypatch.setenv(name, value)
    reasons = load_settings().unsafe_for_participants
    assert len(reasons) == len(named)
    assert all(name in reason for name, reason in zip(named, reasons, strict=True))


@pytest.mark.parametrize(
    ("url", "tells"),
    [
        ("smtp://user:secret@mail.example", True),
        ("smtp+starttls://user:secret@mail.example", False),
        ("smtps://user:secret@mail.example", False),
        ("smtp://user:secret@127.0.0.1", False),
        ("smtp://mail.example", False),
    ],
)
def test_a_password_in_the_clear_is_noticed(monkeypatch, url, tells):
    monkeypatch.setenv("LONGWAVE_SMTP_URL", url)
    assert load_settings().tells_password == tells
