"""The main job's wall time per 100 participants, beside a bare server that does the least of it.

The baseline is what no platform of this kind can avoid: as many requests as the demo made, over
HTTP on one kept connection, to a FastAPI endpoint that makes one durable insert into SQLite and
answers with a short text. It runs in the same process right after the demo, so that both meet the
same machine. The ratio says what everything else costs: pages, validation, the trail, mail,
clockwork, export and analysis.

    python tests/benchmarks/bench_demo.py [participants]
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
import time
from pathlib import Path

from fastapi import FastAPI

from longwave.cli.edge import collect_garbage_rarely
from longwave.rehearsal.browser import Browser
from longwave.rehearsal.demo import Demo, DemoResult
from longwave.rehearsal.folder import demo_folder
from longwave.rehearsal.server import serving


def main(participants: int = 40) -> None:
    """Measure once and print."""
    collect_garbage_rarely()
    with tempfile.TemporaryDirectory() as folder:
        seconds, result = _demo(Path(folder) / "demo", participants)
        bare = _bare(Path(folder) / "bare.db", result.requests)
    print(f"longwave demo, {participants} participants, {result.requests} requests")
    print(f"  wall time                  {seconds:8.1f} s")
    print(f"  per 100 participants       {seconds * 100 / participants:8.1f} s")
    print("bare endpoint, as many durable inserts")
    print(f"  wall time                  {bare:8.1f} s")
    print(f"ratio                        {seconds / bare:8.1f}")


def _demo(folder: Path, participants: int) -> tuple[float, DemoResult]:
    with demo_folder(folder) as held:
        begun = time.perf_counter()
        job = Demo(held, participants=participants, seed=1, port=8000)
        result = job.run(lambda tally: None)
        return time.perf_counter() - begun, result


def _bare(database: Path, requests: int) -> float:
    app = FastAPI()
    connection = sqlite3.connect(database, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE answer (id INTEGER PRIMARY KEY, value TEXT)")

    @app.post("/")
    def save() -> str:
        connection.execute("INSERT INTO answer (value) VALUES ('3')")
        return "saved"

    with serving(app) as port:
        browser = Browser(port)
        begun = time.perf_counter()
        for _ in range(requests):
            browser.post("/", {"value": "3"}, {})
        seconds = time.perf_counter() - begun
        browser.close()
    connection.close()
    return seconds


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
