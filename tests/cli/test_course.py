"""Courses at the command line: groups made, filled and started; attendance; the ledger."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta

import pytest
from factories.lab import SECRET
from factories.programmes import course_lab
from typer.testing import CliRunner

from longwave.cli import course
from longwave.cli.app import app
from longwave.storage.tables import CourseGroup, Event


@pytest.fixture
def lab(tmp_path, migrated_sqlite, monkeypatch):
    path = tmp_path / "longwave.db"
    shutil.copyfile(migrated_sqlite, path)
    opened = course_lab(f"sqlite:///{path}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LONGWAVE_DATABASE_URL", f"sqlite:///{path}")
    monkeypatch.setenv("LONGWAVE_SECRET_KEY", SECRET)
    monkeypatch.setattr(course, "system_clock", lambda: opened.now)
    yield opened
    opened.close()


def run(*arguments):
    done = CliRunner().invoke(app, ["course", *map(str, arguments)])
    assert "Traceback" not in done.output
    return done


def test_from_a_group_to_its_ledger(lab):
    people = [lab.in_arm("active") for _ in range(2)]
    here, away = map(lab.public_id, people)
    slug = lab.slug
    assert "2 without a group" in run("list", slug).output
    made = run("add", slug, "msc8", "g1", "--zone", "UTC", "--fill", "--format", "in_person")
    assert "2 joined" in made.output
    assert run("start", slug, "msc8", "g1", "--first", "2026-02-03T18:00").exit_code == 0
    lab.now = datetime(2026, 2, 3, 19, tzinfo=UTC)
    lab.wait(minutes=0)
    listed = run("list", slug).output
    assert "2026-02-03T18:00 UTC" in listed
    assert f"{here} {away}" in listed
    entered = run(
        "attend", slug, "msc8", "g1", "--session", 1, "--present", f"{here}=75", "--absent", away
    )
    assert "2 entered" in entered.output
    corrected = run(
        "correct", slug, "msc8", away, "--session", 1, "--attended", "--minutes", 30,
        "--reason", "came late",
    )  # fmt: skip
    assert corrected.exit_code == 0
    ledger = run("doses", slug, "--programme", "msc8").output.splitlines()
    assert len(ledger) == 1 + 16
    first = {line.split()[0]: line.split()[-2:] for line in ledger if " 1 " in line}
    assert first == {here: ["yes", "75"], away: ["yes", "30"]}
    assert lab.rows(Event)[-1].actor == "cli"


def test_joining_leaving_and_closing(lab):
    person = lab.public_id(lab.in_arm("active"))
    run("add", lab.slug, "msc8", "g1")
    assert run("join", lab.slug, "msc8", "g1", person).exit_code == 0
    assert run("leave", lab.slug, person, "--reason", "moved").exit_code == 0
    assert run("close", lab.slug, "msc8", "g1").exit_code == 0
    refused = run("join", lab.slug, "msc8", "g1", person)
    assert refused.exit_code == 1
    assert "is closed" in refused.output
    assert lab.rows(CourseGroup)[0].closed_at == lab.now


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("add", "{slug}", "nothing", "g"), "There is no course nothing"),
        (("add", "{slug}", "msc8", "a b"), "cannot name a group"),
        (("start", "{slug}", "msc8", "none", "--first", "2030-01-01T10:00"), "There is no group"),
        (("attend", "{slug}", "msc8", "g", "--session", "1", "--present", "X=y"), "ID=MINUTES"),
        (("doses", "nowhere"), "There is no study"),
    ],
)
def test_what_cannot_be_done_is_told(lab, arguments, told):
    done = run(*(part.format(slug=lab.slug) for part in arguments))
    assert done.exit_code == 1
    assert told in done.output


def test_sessions_are_planned_after_the_start(lab):
    person = lab.in_arm("active")
    run("add", lab.slug, "msc8", "g1", "--fill")
    first = lab.now + timedelta(days=1)
    run("start", lab.slug, "msc8", "g1", "--first", f"{first:%Y-%m-%dT%H:%M}")
    assert lab.doses(person) == []
    lab.wait(minutes=1)
    assert len(lab.doses(person)) == 8
