"""The commands that prove the record: what they print, and when they fail."""

from __future__ import annotations

import json

import pytest
from factories.lab import SECRET, Lab
from factories.tampering import tamper
from typer.testing import CliRunner

from longwave.cli.app import app
from longwave.storage.tables import Event, Seal


@pytest.fixture
def lab(tmp_path, migrated_sqlite, monkeypatch):
    path = tmp_path / "longwave.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    opened = Lab(f"sqlite:///{path}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LONGWAVE_DATABASE_URL", f"sqlite:///{path}")
    monkeypatch.setenv("LONGWAVE_SECRET_KEY", SECRET)
    yield opened
    opened.close()


@pytest.fixture
def sealed(lab):
    lab.randomise()
    lab.wait(hours=1)
    lab.randomise()
    lab.wait(hours=1)
    return lab


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_a_record_that_proves_itself_passes(sealed):
    done = run("audit", "verify")
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"{len(sealed.rows(Seal))} seals over {len(sealed.rows(Event))} ")
    assert lines[1] == "2 participants, the answers of 2 assessments proved"
    assert lines[-1] == "pass: the record proves itself"


def test_what_is_not_sealed_yet_is_told(sealed):
    sealed.screen()
    done = run("audit", "verify")
    assert "1 events since 2026-02-02 10:00:00.000000 UTC are not sealed yet" in done.stdout
    assert done.exit_code == 0


def test_a_record_that_does_not_fails_and_says_where(sealed):
    tamper(sealed.database, "allocation", "UPDATE allocation SET position = 99 WHERE id = 1")
    done = run("audit", "verify")
    assert done.exit_code == 1
    who = sealed.participant(1).public_id
    assert f"participant {who} of {sealed.slug}: allocation: " in done.stdout
    assert done.stdout.splitlines()[-1] == "fail: 1 things do not hold"
    assert not any(arm in done.stdout for arm in sealed.protocol.arms)


def test_a_head_that_was_printed_proves_the_past(sealed):
    done = run("audit", "heads")
    last = sealed.rows(Seal)[-1]
    assert done.stdout == f"{last.number}:{last.head}\n"
    assert run("audit", "verify", "--head", done.stdout.strip()).exit_code == 0
    tamper(sealed.database, "seal", f"DELETE FROM seal WHERE number = {last.number}")
    assert run("audit", "verify").exit_code == 0
    after = run("audit", "verify", "--head", done.stdout.strip())
    assert after.exit_code == 1
    assert f"seal {last.number}: a head of it was kept elsewhere" in after.stdout


@pytest.mark.parametrize("how", [(), ("--unblinded", "--reason", "the board")])
def test_manifests_prove_the_past(sealed, tmp_path, how):
    sealed.wait(hours=1)
    sealed.randomise()
    assert run("export", sealed.slug, "--out", tmp_path / "data", *how).exit_code == 0
    manifest = tmp_path / "data" / "manifest.json"
    both = ("--manifest", manifest, "--manifest", tmp_path / "data")
    done = run("audit", "verify", *both)
    assert done.exit_code == 0 and "2 heads kept elsewhere" in done.stdout
    kept = json.loads(manifest.read_text())["trail"]
    tamper(sealed.database, "seal", f"DELETE FROM seal WHERE head = '{kept['head']}'")
    after = run("audit", "verify", *both)
    assert after.exit_code == 1
    assert "was kept elsewhere" in after.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--head", "nonsense"], "nonsense is not a head of the trail."),
        (["--head", "0:" + "a" * 64], "is not a head of the trail."),
        (["--manifest", "nowhere"], "There is no export in"),
    ],
)
def test_what_is_no_head_is_refused(sealed, arguments, message):
    done = run("audit", "verify", *arguments)
    assert done.exit_code == 1
    assert message in done.stderr


def test_a_manifest_without_a_head_is_refused(lab, tmp_path):
    run("export", lab.slug, "--out", tmp_path / "data")
    done = run("audit", "verify", "--manifest", tmp_path / "data" / "manifest.json")
    assert done.exit_code == 1
    assert "holds no head of the trail" in done.stderr


def test_a_trail_without_a_seal_has_no_head(lab):
    done = run("audit", "heads")
    assert done.exit_code == 1
    assert "Nothing is sealed yet." in done.stderr
