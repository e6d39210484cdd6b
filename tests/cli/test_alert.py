"""Alerts at the command line: listed, looked after."""

from __future__ import annotations

import pytest
from factories.alarming import WORN, AlarmingLab
from factories.lab import SECRET
from typer.testing import CliRunner

from longwave.cli.app import app
from longwave.domain.lifecycle import Role


@pytest.fixture
def lab(tmp_path, migrated_sqlite, monkeypatch):
    path = tmp_path / "longwave.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    opened = AlarmingLab(f"sqlite:///{path}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LONGWAVE_DATABASE_URL", f"sqlite:///{path}")
    monkeypatch.setenv("LONGWAVE_SECRET_KEY", SECRET)
    monkeypatch.setattr("longwave.cli.alert.system_clock", lambda: opened.now)
    yield opened
    opened.close()


def run(*arguments):
    done = CliRunner().invoke(app, ["alert", *arguments])
    assert "Traceback" not in done.output
    return done


def test_alerts_are_listed_and_looked_after(lab):
    assert run("list", lab.slug).output == "No alert waits.\n"
    lab.employ("owner", Role.OWNER)
    person = lab.came()
    lab.answer(person, WORN)
    name = f"{lab.participant(person).public_id}.worn.1"
    assert run("list", lab.slug).output == (
        f"{name}  2026-02-02 08:00 UTC, north\n"
        "    0 reminders so far; the first on 2026-02-02 10:00 UTC\n"
    )
    lab.wait(hours=3)
    assert "1 reminder so far; the next on 2026-02-02 12:00 UTC" in run("list", lab.slug).output
    done = run("acknowledge", lab.slug, name, "--note", "called [twice]")
    assert (done.exit_code, done.output) == (0, f"{name} is acknowledged.\n")
    assert run("list", lab.slug).output == "No alert waits.\n"
    assert "cli looked after it on 2026-02-02 11:00 UTC: called [twice]" in (
        run("list", lab.slug, "--acknowledged").output
    )


def test_what_cannot_be_acknowledged_is_told(lab):
    done = run("acknowledge", lab.slug, "nobody.worn.1", "--note", "called")
    assert (done.exit_code, "no such alert" in done.output) == (1, True)
    assert run("list", lab.slug, "--acknowledged").output == "Nothing was looked after yet.\n"
