"""The commands that analysts use: what they write, print, refuse."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from factories.lab import SECRET, Lab
from typer.testing import CliRunner

from longwave.cli.app import app
from longwave.storage.tables import Event


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
def cohort(lab):
    for _ in range(3):
        lab.randomise()
    return lab


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def events(lab, kinds=("export.unblinded", "export.identifying")):
    return [event for event in lab.rows(Event) if event.kind in kinds]


def test_an_export_is_blinded_and_says_what_it_holds(cohort, tmp_path):
    done = run("export", cohort.slug, "--out", tmp_path / "data")
    assert done.exit_code == 0
    assert ["participants", "3"] in [line.split() for line in done.stdout.splitlines()]
    assert "TRIAL RUN" in done.stdout
    assert "blinded, data up to 2026-02-02T08:00:00Z" in done.stdout
    assert "arm" not in pd.read_csv(tmp_path / "data" / "participants.csv")
    assert events(cohort) == []


def test_formats_and_layouts_are_lists(cohort, tmp_path):
    done = run(
        "export", cohort.slug, "--out", tmp_path / "data",
        "--format", "csv, parquet", "--layout", "wide",
    )  # fmt: skip
    assert done.exit_code == 0
    names = {path.name for path in (tmp_path / "data").iterdir()}
    assert {"panel.csv", "panel.parquet"} <= names
    assert "scores.csv" not in names


def test_an_unblinded_export_leaves_its_reason_in_the_trail(cohort, tmp_path):
    done = run(
        "export", cohort.slug, "--out", tmp_path / "data", "--unblinded", "--reason", "the board"
    )
    assert done.exit_code == 0
    assert pd.read_csv(tmp_path / "data" / "participants.csv")["arm"].notna().all()
    assert [(event.actor, event.payload["reason"]) for event in events(cohort)] == [
        ("cli", "the board")
    ]


def test_free_text_and_dates_leave_their_reason_in_the_trail_too(cohort, tmp_path):
    done = run(
        "export", cohort.slug, "--out", tmp_path / "data", "--include", "text, dates",
        "--unblinded", "--reason", "the board",
    )  # fmt: skip
    assert done.exit_code == 0
    assert "unblinded, with dates and text, data up to" in done.stdout
    assert [event.kind for event in events(cohort)] == ["export.unblinded", "export.identifying"]
    assert "other" in pd.read_csv(tmp_path / "data" / "answers.csv")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--unblinded"], "needs a reason"),
        (["--include", "text"], "needs a reason"),
        (["--include", "names", "--reason", "r"], "Choose among text, dates."),
        (["--format", "xlsx"], "Not a format: xlsx."),
        (["--layout", "tall"], "Not a layout: tall."),
    ],
)
def test_what_cannot_be_done_is_told_in_words(cohort, tmp_path, arguments, message):
    done = run("export", cohort.slug, "--out", tmp_path / "data", *arguments)
    assert done.exit_code == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "data").exists()
    assert events(cohort) == []


def test_an_unblinding_is_not_noted_when_nothing_could_be_written(cohort, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "thesis.txt").write_text("mine")
    done = run("export", cohort.slug, "--out", tmp_path / "data", "--unblinded", "--reason", "r")
    assert done.exit_code == 1
    assert "is not empty, and not an export" in done.stderr
    assert events(cohort) == []


def test_an_unknown_study_is_named(lab, tmp_path):
    for command in ("export", "analyse"):
        done = run(command, "nowhere", "--out", tmp_path / "data")
        assert done.exit_code == 1
        assert "There is no study called nowhere" in done.stderr


def test_analyse_makes_its_own_export_and_says_what_failed(cohort, tmp_path):
    done = run("analyse", cohort.slug, "--out", tmp_path / "report")
    assert done.exit_code == 1  # three persons are too few for every model
    assert done.stdout.count("not estimated") >= 3
    assert "primary: planned, not run by this version" in done.stdout
    manifest = json.loads((tmp_path / "report" / "data" / "manifest.json").read_text())
    assert (manifest["blinded"], manifest["reason"]) == (False, "planned analysis")
    assert (tmp_path / "report" / "report.html").is_file()
    assert len(events(cohort)) == 1


def test_analyse_takes_an_export_that_is_there(cohort, tmp_path):
    run("export", cohort.slug, "--out", tmp_path / "data")
    done = run("analyse", cohort.slug, "--out", tmp_path / "report", "--data", tmp_path / "data")
    assert "the export is blinded" in done.stdout
    assert not (tmp_path / "report" / "data").exists()
    assert events(cohort) == []
