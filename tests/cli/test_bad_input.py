"""Every bad input is told in one clear message on standard error; nobody sees a trace."""

from __future__ import annotations

import logging
import os
import shutil
import socket
import sqlite3
from datetime import timedelta

import pytest
from factories.smtp import smtp_server
from typer.testing import CliRunner

from longwave import resources
from longwave.cli.app import app
from longwave.clock import system_clock
from longwave.jobs.leading import Leadership, this_process
from longwave.services.leading import Holder
from longwave.storage.database import Database
from longwave.storage.migration import upgrade

PROTOCOL = resources.protocols_directory() / "msc_burnout_rct"
SLUG = "msc-clinicians"
OWN_KEY = "a secret of thirty-two characters or more"
UNREACHABLE = "postgresql://nobody:hunter2@127.0.0.1:1/nothing"


@pytest.fixture(autouse=True)
def folder(tmp_path, migrated_sqlite, monkeypatch):
    """Work in a folder with a migrated database and no settings."""
    monkeypatch.chdir(tmp_path)
    shutil.copyfile(migrated_sqlite, tmp_path / "longwave.db")
    return tmp_path


def run(command, *more):
    return CliRunner().invoke(app, [*command.split(), *map(str, more)])


def refused(done, *words):
    """Check that a command ended with 1 and one message that says ``words``."""
    assert done.exit_code == 1, done.output
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("error:") == 1
    for word in words:
        assert word in done.stderr
    assert "Traceback" not in done.output
    assert isinstance(done.exception, SystemExit)


# --- what works ----------------------------------------------------------------------------------


def test_from_an_empty_folder_to_an_open_study(folder):
    (folder / "longwave.db").unlink()
    assert "up to date" in run("db upgrade").stdout
    assert "There are no studies yet" in run("study list").stdout
    assert f"Added {SLUG}, a draft" in run("study add", PROTOCOL).stdout
    opened = run(f"study open {SLUG} --trial-run")
    assert f"http://127.0.0.1:8000/s/{SLUG}" in opened.stdout
    assert "commitment" in opened.stdout
    listed = run("study list").stdout
    assert SLUG in listed
    assert "trial_run" in listed
    added = run("staff add ada@example.org --role owner --unblinded")
    assert "ada@example.org is owner, unblinded." in added.stdout
    assert len(added.stdout.split()[-1]) >= 40  # the token, shown once


def test_upgrading_twice_is_harmless(folder):
    run("study add", PROTOCOL)
    assert run("db upgrade").exit_code == 0
    assert SLUG in run("study list").stdout


# --- what is refused -----------------------------------------------------------------------------


def test_a_folder_without_a_protocol(folder):
    refused(run("study add", folder / "nowhere"), "nowhere", "protocol.yaml")
    refused(run("study add", folder), "protocol.yaml")


def test_a_study_that_is_there_already(folder):
    run("study add", PROTOCOL)
    refused(run("study add", PROTOCOL), SLUG, "already")


@pytest.mark.parametrize("command", ["study open nothing", "export nothing --out data"])
def test_an_unknown_study(command):
    refused(run(command), "There is no study called nothing", "longwave study list")


def test_a_live_study_opens_with_approval_only(folder):
    run("study add", PROTOCOL)
    refused(run(f"study open {SLUG}"), "draft", "--trial-run")


def test_a_role_that_was_granted_already():
    run("staff add ada@example.org --role owner")
    refused(run("staff add ada@example.org --role owner"), "ada@example.org", "already")


def test_a_role_that_does_not_exist_is_a_wrong_use():
    done = run("staff add ada@example.org --role king")
    assert done.exit_code == 2
    assert "king" in done.stderr


COMMANDS = ["study list", "staff add ada@example.org --role owner", "serve --port 0", "worker"]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_database_without_tables(folder, command):
    (folder / "longwave.db").unlink()
    refused(run(command), "longwave db upgrade")


@pytest.mark.parametrize("command", [*COMMANDS, "db upgrade"])
def test_a_database_that_does_not_answer(monkeypatch, command):
    monkeypatch.setenv("LONGWAVE_DATABASE_URL", UNREACHABLE)
    done = run(command)
    refused(done, "LONGWAVE_DATABASE_URL")
    assert "hunter2" not in done.output


@pytest.mark.parametrize("command", [*COMMANDS, "db upgrade"])
def test_a_file_that_is_no_database(folder, command):
    (folder / "longwave.db").write_bytes(b"this is no database at all, and long enough" * 40)
    refused(run(command), "LONGWAVE_DATABASE_URL")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "nonsense"),
        ("DATABASE_URL", "mysql://host/name"),
        ("SECRET_KEY", "short"),
        ("BASE_URL", "study.example"),
        ("TICK_SECONDS", "often"),
        ("TICK_SECONDS", "0"),
        ("TICK_SECONDS", "-1"),
        ("TICK_SECONDS", "nan"),
        ("LEASE_SECONDS", "0"),
        ("LOG_LEVEL", "loud"),
    ],
)
@pytest.mark.parametrize("command", ["study list", "serve --port 0", "worker", "doctor"])
def test_a_setting_that_cannot_be_used(monkeypatch, command, name, value):
    monkeypatch.setenv(f"LONGWAVE_{name}", value)
    refused(run(command), f"LONGWAVE_{name}")


# --- serving -------------------------------------------------------------------------------------


def test_a_port_in_use():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused(run(f"serve --port {port}"), f"Port {port} is in use", "--port")
        refused(run(f"demo --participants 6 --port {port}"), f"Port {port} is in use")


def test_an_address_that_is_not_this_machine():
    refused(run("serve --host 192.0.2.1 --port 0"), "192.0.2.1", "--host")
    assert run("serve --port 70000").exit_code == 2


@pytest.mark.parametrize("command", ["serve --port 0", "worker"])
@pytest.mark.parametrize("address", ["https://study.example", "http://192.0.2.7:8000"])
def test_nobody_is_served_under_the_key_that_everybody_knows(monkeypatch, command, address):
    monkeypatch.setenv("LONGWAVE_BASE_URL", address)
    refused(run(command), "LONGWAVE_SECRET_KEY", "openssl rand -hex 32")


@pytest.mark.parametrize("command", ["serve --port 0", "worker"])
def test_a_second_clockwork_on_sqlite(command):
    database = Database("sqlite:///longwave.db")
    other = Leadership(
        database,
        system_clock,
        timedelta(minutes=1),
        Holder(this_process().host, os.getppid(), "a1"),
    )
    other.begin()
    refused(run(command), f"in process {os.getppid()} on ", "serve --no-worker")
    other.give_back()
    database.close()


# --- the doctor ----------------------------------------------------------------------------------


def findings(done):
    return [line.split()[0] for line in done.stdout.splitlines() if not line.startswith(" ")]


def test_the_doctor_is_content_with_warnings(monkeypatch):
    done = run("doctor")
    assert done.exit_code == 0
    assert "everybody knows" in done.stdout
    assert "fault" not in findings(done)
    assert "warning" in findings(done)


def test_the_doctor_sees_a_key_of_its_own_and_tls(monkeypatch):
    monkeypatch.setenv("LONGWAVE_SECRET_KEY", OWN_KEY)
    monkeypatch.setenv("LONGWAVE_BASE_URL", "https://study.example")
    with smtp_server() as server:
        monkeypatch.setenv("LONGWAVE_SMTP_URL", server.url)
        done = run("doctor")
    assert done.exit_code == 0
    assert findings(done).count("ok") >= 3
    assert "TLS" not in done.stdout
    assert OWN_KEY not in done.stdout


def test_the_known_key_is_a_fault_where_others_are_served(monkeypatch):
    for address, code in (
        ("https://study.example", 1),
        ("http://127.0.0.2:8000", 0),
        ("http://[::1]:8000", 0),
        ("http://localhost", 0),
        ("http://localhost.study.example", 1),
    ):
        monkeypatch.setenv("LONGWAVE_BASE_URL", address)
        done = run("doctor")
        assert (done.exit_code, "fault" in findings(done)) == (code, bool(code)), address


def test_the_doctor_finds_missing_tables_and_servers(folder, monkeypatch):
    with sqlite3.connect(folder / "longwave.db") as connection:
        connection.execute("DELETE FROM alembic_version")
    connection.close()
    done = run("doctor")
    assert done.exit_code == 1
    assert "longwave db upgrade" in done.stdout
    monkeypatch.setenv("LONGWAVE_DATABASE_URL", UNREACHABLE)
    done = run("doctor")
    assert done.exit_code == 1
    assert "does not answer" in done.stdout
    assert "hunter2" not in done.output


def test_the_doctor_s_remedy_works(folder):
    (folder / "longwave.db").unlink()
    assert run("doctor").exit_code == 1
    upgrade("sqlite:///longwave.db")
    assert run("doctor").exit_code == 0


def test_a_demo_leaves_the_folder_of_somebody_else_alone(folder):
    kept = folder / "thesis"
    kept.mkdir()
    (kept / "chapter.txt").write_text("years of work")
    refused(run("demo --participants 6 --no-serve --directory", kept), "thesis", "left alone")
    assert [path.name for path in kept.iterdir()] == ["chapter.txt"]


def test_asking_for_the_health_is_not_logged_by_the_migrations(capsys, folder):
    from longwave import log
    from longwave.storage.database import Database
    from longwave.storage.migration import is_current

    logger, alembic = logging.getLogger(), logging.getLogger("alembic")
    before = (logger.handlers[:], logger.level, alembic.level)
    try:
        log.configure("INFO")
        database = Database("sqlite:///longwave.db")
        assert is_current(database)
        database.close()
        alembic.warning("a table is odd")
    finally:
        logger.handlers[:], level, quiet = before
        logger.setLevel(level)
        alembic.setLevel(quiet)
    (line,) = capsys.readouterr().err.splitlines()
    assert "a table is odd" in line
