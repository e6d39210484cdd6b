"""``longwave doctor``: what is wrong or unsafe about this installation, and what mends it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import typer
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from longwave.cli.edge import SERVER, out, told_plainly
from longwave.clock import system_clock
from longwave.config import Settings, load_settings
from longwave.domain.errors import ConfigurationError
from longwave.domain.lifecycle import Channel
from longwave.notify import Transports
from longwave.services import heartbeat, safety
from longwave.storage import migration
from longwave.storage.database import Database, sqlite_has_wal_reset_bug

_CLOCKS_MAY_BE_APART = timedelta(seconds=5)
_MESSAGES_MAY_WAIT = timedelta(hours=1)


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
        findings = [
            *_settings(settings),
            *_transports(settings),
            *_live(settings),
            *_database(settings),
        ]
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
    if not settings.secure:
        yield Finding(
            "warning",
            f"Participants are sent to {settings.base_url}, without TLS.",
            "Set LONGWAVE_BASE_URL to an https:// address, behind a proxy that has a certificate.",
        )


def _transports(settings: Settings) -> Iterator[Finding]:
    try:
        with closing(Transports.chosen_by(settings)) as transports:
            troubles = transports.troubles()
    except ConfigurationError as error:
        yield Finding("fault", error.message, error.remedy)
        return
    yield from (
        Finding("fault", f"No {channel} can be sent. {trouble}", "See docs/messages.md.")
        for channel, trouble in troubles.items()
    )
    if not settings.smtp_url:
        where = settings.mail_directory or "the console"
        yield Finding("warning", f"Mail goes to {where} only.", "Set LONGWAVE_SMTP_URL to send it.")
    elif Channel.EMAIL not in troubles:
        yield Finding("ok", "The mail server is there, and lets us in.")
    if settings.smtp_url and settings.tells_password:
        yield Finding(
            "warning",
            "The password of the mail server crosses the network in the clear.",
            "Write LONGWAVE_SMTP_URL with smtp+starttls:// or smtps://.",
        )
    if settings.smtp_url and not settings.mail_is_caught and settings.bounce_address is None:
        yield Finding(
            "warning",
            f"Mail that cannot be delivered returns to {settings.mail_from}, and is not noticed.",
            "Set LONGWAVE_BOUNCE_ADDRESS, and hand what comes there to `longwave bounce`.",
        )
    if settings.sms_url is not None:
        yield Finding("ok", "SMS go out through a gateway.")


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
        apart = _clocks_apart(database)
        with database.reading() as session:
            now = system_clock()
            stands = heartbeat.state(session, now=now, late_after=settings.late_after)
            alerts = list(_alerts(session, now))
    except SQLAlchemyError as error:
        yield Finding(
            "fault",
            f"The database does not answer: {type(error).__name__}.",
            "Check LONGWAVE_DATABASE_URL and that the server runs.",
        )
        return
    finally:
        database.close()
    if apart > _CLOCKS_MAY_BE_APART:
        yield Finding(
            "warning",
            f"This machine's clock and the database's are {apart.total_seconds():.0f} seconds "
            "apart.",
            "Keep both in time (NTP): waves open, and messages leave, by the clocks of workers.",
        )
    yield _clockwork(stands)
    yield _messages(stands, now)
    yield from alerts


def _clocks_apart(database: Database) -> timedelta:
    theirs = database.own_clock()
    return abs(system_clock() - theirs) if theirs else timedelta(0)


def _clockwork(stands: heartbeat.Clockwork) -> Finding:
    if stands.last_tick is None:
        return Finding("warning", "The clockwork has never run.", "Start `longwave serve`.")
    leader = stands.leader
    led = f"led by process {leader.holder.pid} on {leader.holder.host}" if leader else "led by none"
    if stands.is_late:
        return Finding(
            "warning",
            f"The clockwork last ticked at {stands.last_tick:%Y-%m-%d %H:%M} UTC; it is {led}.",
            "Look at that process's log." if leader else "Start `longwave serve` or a worker.",
        )
    return Finding("ok", f"The clockwork is ticking, {led}.")


def _messages(stands: heartbeat.Clockwork, now: datetime) -> Finding:
    due = stands.due.for_viewer(SERVER)
    if due is None or due.since is None:
        return Finding("ok", "No message waits to be sent.")
    more = " or more" if due.number == heartbeat.COUNTED else ""
    waits = f"Messages that are due: {due.number}{more}; the first since {due.since:%Y-%m-%d %H:%M}"
    if now - due.since < _MESSAGES_MAY_WAIT:
        return Finding("ok", f"{waits} UTC.")
    return Finding(
        "warning",
        f"{waits} UTC.",
        "Look at the workers' logs, and whether the mail server takes what they send.",
    )


def _alerts(session: Session, now: datetime) -> Iterator[Finding]:
    """Say which alerts about participants nobody looks at, or would be told of."""
    for late in safety.late_alerts(session, now=now):
        wait = "1 alert waits" if late.number == 1 else f"{late.number} alerts wait"
        yield Finding(
            "fault" if late.is_live else "warning",
            f"{late.slug}: {wait} that somebody should have looked at by now.",
            f"Look after the participants: longwave alert list {late.slug}",
        )
    for slug, gap in safety.gaps_in_cover(session):
        yield Finding("fault", f"{slug}: {gap}.", "Let somebody have that role again.")


def _sqlite_version() -> Finding:
    if sqlite_has_wal_reset_bug():
        return Finding(
            "warning",
            f"SQLite {sqlite3.sqlite_version} has a rare bug that can harm a database when its "
            "write-ahead log is reset; writes stay behind one lock to avoid it.",
            "Use a Python with SQLite 3.51.3 or newer, or PostgreSQL.",
        )
    return Finding("ok", f"SQLite {sqlite3.sqlite_version}.")
