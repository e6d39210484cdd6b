"""What the doctor says of the clockwork and of messages, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from factories.alarming import WORN, AlarmingLab
from factories.certificates import Authority
from factories.gateway import sms_gateway
from factories.lab import BASE_URL, SECRET, Lab
from factories.smtp import smtp_server
from sqlmodel import update
from typer.testing import CliRunner

from longwave.cli import doctor
from longwave.cli.app import app
from longwave.domain.lifecycle import Role
from longwave.services import heartbeat, leading
from longwave.services.leading import Holder
from longwave.storage.tables import Study

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def lab(database_url, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LONGWAVE_DATABASE_URL", database_url)
    monkeypatch.setenv("LONGWAVE_SECRET_KEY", SECRET)
    monkeypatch.setenv("LONGWAVE_BASE_URL", BASE_URL)
    opened = Lab(database_url)
    opened.now = NOW
    monkeypatch.setattr(doctor, "system_clock", lambda: opened.now)
    yield opened
    opened.close()


def said() -> str:
    done = CliRunner().invoke(app, ["doctor"])
    assert done.exit_code == 0, done.output
    return done.output


def beat(lab):
    with lab.database.writing() as session:
        heartbeat.beat(session, now=lab.now)
        leading.hold(session, Holder("lab", 17, "a1"), timedelta(hours=1), now=lab.now)


def test_a_clockwork_that_never_ran(lab):
    assert "warning The clockwork has never run." in said()


def test_a_clockwork_that_ticks_and_who_leads_it(lab):
    beat(lab)
    assert "ok      The clockwork is ticking, led by process 17 on lab." in said()


def test_a_clockwork_that_is_late(lab):
    beat(lab)
    lab.now += timedelta(minutes=3)
    assert (
        "warning The clockwork last ticked at 2026-03-02 09:00 UTC; it is led by process 17 on lab."
        in said()
    )


def test_messages_that_wait(lab):
    assert "ok      No message waits to be sent." in said()
    lab.enrol()
    assert "ok      Messages that are due: 1; the first since 2026-03-02 09:00 UTC." in said()
    lab.now += timedelta(hours=1)
    assert "warning Messages that are due: 1; the first since 2026-03-02 09:00 UTC." in said()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_clock_that_goes_wrong(lab):
    assert "clock and the database's are" in said()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_clocks_that_agree(database_url, monkeypatch):
    monkeypatch.setenv("LONGWAVE_DATABASE_URL", database_url)
    assert "clock and the database's are" not in said()


# --- alerts about participants -------------------------------------------------------------------


@pytest.fixture
def alarming(database_url, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LONGWAVE_DATABASE_URL", database_url)
    monkeypatch.setenv("LONGWAVE_SECRET_KEY", SECRET)
    opened = AlarmingLab(database_url)
    monkeypatch.setattr(doctor, "system_clock", lambda: opened.now)
    yield opened
    opened.close()


def made_live(lab):
    """Let the trial run count as a live study, which only a database could do."""
    with lab.database.writing() as session:
        session.exec(update(Study).values(mode="live"))


def found() -> tuple[int, str]:
    done = CliRunner().invoke(app, ["doctor"])
    return done.exit_code, done.output


def test_alerts_that_nobody_looked_at_in_time_are_told(alarming):
    alarming.answer(alarming.came(), WORN)
    assert "somebody should have looked" not in said()
    alarming.now += timedelta(hours=2)  # nobody sweeps, and yet it is seen
    late = "small-trial: 1 alert waits that somebody should have looked at by now."
    assert f"warning {late}" in said()
    alarming.wait(hours=1)
    assert f"warning {late}" in said()
    assert "Look after the participants: longwave alert list small-trial" in said()


def test_in_a_live_study_they_are_a_fault(alarming):
    alarming.employ("owner", Role.OWNER)
    alarming.answer(alarming.came(), WORN)
    alarming.wait(hours=3)
    made_live(alarming)
    code, told = found()
    assert code == 1
    assert "fault   small-trial: 1 alert waits" in told
    assert "would reach nobody" not in told


def test_alerts_of_a_live_study_that_would_reach_nobody_are_a_fault(alarming):
    assert "would reach nobody" not in said()
    made_live(alarming)
    code, told = found()
    assert code == 1
    assert "fault   small-trial: an alert of worn at north, south would reach nobody" in told


# --- mail and SMS --------------------------------------------------------------------------------


@pytest.fixture
def settings(tmp_path, monkeypatch, migrated_sqlite):
    """Give a function that sets settings of an installation that has a database."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "longwave.db").write_bytes(migrated_sqlite.read_bytes())
    monkeypatch.setenv("LONGWAVE_SECRET_KEY", SECRET)

    def change(**values):
        for name, value in values.items():
            monkeypatch.setenv(f"LONGWAVE_{name.upper()}", str(value))
        return CliRunner().invoke(app, ["doctor"])

    return change


def test_a_mail_server_that_is_there(settings):
    with smtp_server() as server:
        done = settings(smtp_url=server.url)
    assert done.exit_code == 0
    assert "ok      The mail server is there, and lets us in." in done.output
    assert "warning Mail that cannot be delivered returns to study@localhost" in done.output
    assert server.mails == []


def test_a_mail_server_whose_certificate_proves_nothing(settings, tmp_path):
    authority = Authority(tmp_path)
    with smtp_server(starttls=authority.context()) as server:
        refused = settings(smtp_url=server.url, bounce_address="bounces@study.example")
        trusted = settings(smtp_ca_file=authority.ca_file)
    assert refused.exit_code == 1
    assert "fault   No email can be sent. The certificate of the mail server" in refused.output
    assert trusted.exit_code == 0
    assert "returns to" not in trusted.output


def test_a_setting_that_no_transport_can_use(settings):
    done = settings(sms_url="nonsense")
    assert done.exit_code == 1
    assert "fault   LONGWAVE_SMS_URL cannot be used." in done.output


def test_a_gateway_is_told_of_and_sent_nothing(settings):
    with sms_gateway() as gateway:
        assert "ok      SMS go out through a gateway." in settings(sms_url=gateway.url).output
    assert gateway.sent == []
