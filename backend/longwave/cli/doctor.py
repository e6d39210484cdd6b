"""``longwave doctor``: what is wrong or unsafe about this installation, and what mends it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import typer
from sqlalchemy.exc import SQLAlchemyError

from longwave.cli.edge import out, told_plainly
from longwave.clock import system_clock
from longwave.config import Settings, load_settings
from longwave.services import heartbeat
from longwave.storage import migration
from longwave.storage.database import Database, sqlite_has_wal_reset_bug

_STALE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. A ``fault`` makes the command end with 1."""

    level: Literal["ok", "warning", "fault"]
    what: str
    remedy: str = ""


def doctor() -> None:
    """Look the installation over; end with 1 if something must be mended."""
    with told_plainly():
        settings = load_settings()
        findings = [*_settings(settings), *_live(settings), *_database(settings)]
    style = {"ok": "green", "warning": "yellow", "fault": "bold red"}
    for finding in findings:
        out.print(finding.level.ljust(8), style=style[finding.level], end="")
        out.print(finding.what, markup=False, soft_wrap=True)
        if finding.remedy:
            out.print(" " * 8 + finding.remedy, markup=False, soft_wrap=True)
    if any(finding.level == "fault" for finding in findings):
        raise typer.Exit(1)


def _settings(settings: Settings) -> Iterator[Finding]:
    if settings.has_default_secret:
        yield Finding(
            "fault" if settings.is_exposed else "warning",
            "LONGWAVE_SECRET_KEY is the default that everybody knows.",
            "Set it to the output of `openssl rand -hex 32` before any real participant comes.",
        )
    else:
        yield Finding("ok", "The secret key is this installation's own.")
    if settings.smtp_url:
        yield Finding("ok", "Mail goes out over SMTP.")
    else:
        where = settings.mail_directory or "the console"
        yield Finding("warning", f"Mail goes to {where} only.", "Set LONGWAVE_SMTP_URL to send it.")
    if not settings.secure:
        yield Finding(
            "warning",
            f"Participants are sent to {settings.base_url}, without TLS.",
            "Set LONGWAVE_BASE_URL to an https:// address, behind a proxy that has a certificate.",
        )


def _live(settings: Settings) -> Iterator[Finding]:
    reasons = settings.unsafe_for_participants
    if reasons:
        yield Finding(
            "warning",
            f"No live study can open here: {'; '.join(reasons)}.",
            "Mend this before real participants come; a trial run can open as it is.",
        )
    else:
        yield Finding("ok", "Nothing in the settings keeps a live study from opening.")


def _database(settings: Settings) -> Iterator[Finding]:
    database = Database(settings.database_url)
    if database.is_sqlite:
        yield _sqlite_version()
    try:
        current = migration.is_current(database)
        if not current:
            yield Finding("fault", "The database lacks tables.", "Run `longwave db upgrade`.")
            return
        yield Finding("ok", f"The database answers ({database.engine.dialect.name}).")
        with database.reading() as session:
            last = heartbeat.last_tick(session)
    except SQLAlchemyError as error:
        yield Finding(
            "fault",
            f"The database does not answer: {type(error).__name__}.",
            "Check LONGWAVE_DATABASE_URL and that the server runs.",
        )
        return
    finally:
        database.close()
    if last is None:
        yield Finding("warning", "The clockwork has never run.", "Start `longwave serve`.")
    elif system_clock() - last > _STALE:
        yield Finding(
            "warning",
            f"The clockwork last ticked at {last:%Y-%m-%d %H:%M} UTC.",
            "Start `longwave serve` or `longwave worker`.",
        )
    else:
        yield Finding("ok", "The clockwork is ticking.")


def _sqlite_version() -> Finding:
    if sqlite_has_wal_reset_bug():
        return Finding(
            "warning",
            f"SQLite {sqlite3.sqlite_version} has a rare bug that can harm a database when its "
            "write-ahead log is reset; writes stay behind one lock to avoid it.",
            "Use a Python with SQLite 3.51.3 or newer, or PostgreSQL.",
        )
    return Finding("ok", f"SQLite {sqlite3.sqlite_version}.")
