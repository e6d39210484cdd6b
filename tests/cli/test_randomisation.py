"""``longwave randomisation``: pass or fail and no more; and what is disclosed after the lock."""

from __future__ import annotations

import json

import pytest
from factories.lab import SECRET, Lab
from factories.tampering import tamper
from typer.testing import CliRunner

from longwave.cli.app import app
from longwave.services.study import get_study
from longwave.storage.tables import Allocation, Event


@pytest.fixture
def lab(tmp_path, migrated_sqlite, monkeypatch):
    path = tmp_path / "longwave.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    opened = Lab(f"sqlite:///{path}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LONGWAVE_DATABASE_URL", f"sqlite:///{path}")
    monkeypatch.setenv("LONGWAVE_SECRET_KEY", SECRET)
    opened.randomise()
    opened.randomise()
    yield opened
    opened.close()


def run(*arguments):
    return CliRunner().invoke(app, ["randomisation", *(str(argument) for argument in arguments)])


def lock(lab):
    with lab.database.writing() as session:
        get_study(session, lab.slug).state = "locked"


def test_verify_prints_pass_and_nothing_else(lab):
    done = run("verify", lab.slug)
    assert (done.exit_code, done.output) == (0, "pass\n")


def test_verify_prints_fail_and_not_what(lab):
    tamper(lab.database, "allocation", "UPDATE allocation SET arm = 'other' WHERE position = 1")
    done = run("verify", lab.slug)
    assert (done.exit_code, done.output) == (1, "fail\n")


def test_verify_names_a_study_that_is_not_there(lab):
    done = run("verify", "atlantis")
    assert done.exit_code == 1 and "atlantis" in done.output


def test_disclose_writes_a_new_file_after_the_lock(lab, tmp_path):
    lock(lab)
    done = run("disclose", lab.slug, "--out", tmp_path / "all.json", "--reason", "an audit")
    assert done.exit_code == 0
    data = json.loads((tmp_path / "all.json").read_text(encoding="utf-8"))
    assert [row["arm"] for row in data["allocations"]] == [row.arm for row in lab.rows(Allocation)]
    assert json.loads(data["settings"])["seed"] not in done.output


@pytest.mark.parametrize(
    ("locked", "name", "reason", "message"),
    [
        (False, "all.json", "an audit", "Lock it first"),
        (True, "longwave.db", "an audit", "exists already"),
        (True, "nowhere/all.json", "an audit", "does not exist"),
        (True, "all.json", " ", "A reason is missing"),
    ],
)
def test_disclose_refuses_without_a_trace(lab, tmp_path, locked, name, reason, message):
    if locked:
        lock(lab)
    done = run("disclose", lab.slug, "--out", tmp_path / name, "--reason", reason)
    assert done.exit_code == 1
    assert message in " ".join(done.output.split())
    assert not [row for row in lab.rows(Event) if row.kind == "randomisation.disclosed"]
    assert not (tmp_path / "all.json").exists()
