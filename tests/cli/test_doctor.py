"""What the doctor says of the clockwork and of messages, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from factories.lab import BASE_URL, SECRET, Lab
from typer.testing import CliRunner

from longwave.cli import doctor
from longwave.cli.app import app
from longwave.services import heartbeat, leading
from longwave.services.leading import Holder

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
