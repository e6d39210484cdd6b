"""What participants' pages weigh, and when they can be used on a slow phone.

Chromium opens each page with nothing kept from before, at 400 kbit/s, with 400 ms added to each
request, and with a processor slowed down four times. A page can be used when it is read, styled,
and its script has run: from then on what is pressed counts. The least that is possible there is
one answer of a few bytes without anything to load; the ratio is to that, in the same run. What
connecting costs besides, with encryption, is not in it: the server is on the same machine.

    python tests/benchmarks/bench_pages.py [rounds]
"""

from __future__ import annotations

import socket
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from factories.browsing import PATIENCE, SIZES, Served, launched
from factories.tour import SLUG, STOPS, Tour, World
from playwright.sync_api import CDPSession, Page, Request

from longwave.storage.migration import upgrade

ROUNDS = 3
BYTES_PER_SECOND = 50_000
LATENCY = 400
"""Milliseconds added to each request."""
SLOWER = 4
LEAST = "/healthz"
WAYS = {
    "the study's page": "/s/{slug}",
    "eligibility": "/s/{slug}/{site}",
    "consent": "/enrol/consent",
    "behind a link": "/l/{token} ready",
    "questions": "/survey/{instrument_id}",
    "most questions": "/survey/{instrument_id} last",
    "her own place": "/place",
    "contact": "/place/contact",
}
TIMES = """() => {
  const shown = performance.getEntriesByName('first-contentful-paint')[0].startTime;
  const ready = performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd;
  return [shown, Math.max(shown, ready)];
}"""
IS_SHOWN = "() => performance.getEntriesByName('first-contentful-paint').length > 0"


@dataclass(frozen=True)
class Measured:
    """A page's bytes on the wire and its milliseconds until something shows and all works."""

    weight: int
    shown: float
    usable: float


def main(rounds: int) -> None:
    """Measure every page in both directions of writing, and print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = f"sqlite:///{folder / 'pages.db'}"
        upgrade(url)
        with socket.create_server(("127.0.0.1", 0)) as free:
            served = Served(free.getsockname()[1])
        served.site = World(url, folder, served.url)
        served.start()
        try:
            measure_all(served, rounds)
        finally:
            served.stop()
            served.site.close()


def measure_all(served: Served, rounds: int) -> None:
    """Open a browser, and print one line for each page."""
    with launched() as chromium:
        context = chromium.new_context(viewport=SIZES[360], locale="en-GB")
        page = context.new_page()
        page.set_default_timeout(6 * PATIENCE)
        line = context.new_cdp_session(page)
        tour = Tour(page, served.site, served.url, "en")
        tour.go(f"/s/{SLUG}")
        least = measured(page, line, f"{served.url}{LEAST}", rounds)
        print(f"{'':24}  weight   shown  usable  ratio")
        print(f"{'the least there is':24} {told(least, least)}")
        for language in ("en", "ar"):
            for name, stop in WAYS.items():
                context.clear_cookies()
                way = next(each.way for each in STOPS if each.name == stop)
                way(Tour(page, served.site, served.url, language))
                found = measured(page, line, page.url, rounds)
                print(f"{f'{name} ({language})':24} {told(found, least)}", flush=True)


def measured(page: Page, line: CDPSession, address: str, rounds: int) -> Measured:
    """Return the medians of a page that is opened several times with nothing kept."""
    found = []
    slow_down(line, LATENCY, BYTES_PER_SECOND, SLOWER)
    for _ in range(rounds):
        page.goto("about:blank")
        found.append(opened(page, address))
    slow_down(line, 0, -1, 1)
    return Measured(
        max(each.weight for each in found),
        statistics.median(each.shown for each in found),
        statistics.median(each.usable for each in found),
    )


def opened(page: Page, address: str) -> Measured:
    """Open a page once."""
    sent: list[Request] = []

    def note(request: Request) -> None:
        sent.append(request)

    page.on("request", note)
    page.goto(address, wait_until="load")
    page.remove_listener("request", note)
    page.wait_for_function(IS_SHOWN)
    shown, usable = page.evaluate(TIMES)
    return Measured(sum(weight(each) for each in sent), shown, usable)


def slow_down(line: CDPSession, latency: int, throughput: int, slower: int) -> None:
    """Let everything take longer, or (with ``-1`` and 1) as long as it does."""
    conditions = {
        "offline": False,
        "latency": latency,
        "downloadThroughput": throughput,
        "uploadThroughput": throughput,
    }
    line.send("Network.enable")
    line.send("Network.setCacheDisabled", {"cacheDisabled": True})
    line.send("Network.emulateNetworkConditions", conditions)
    line.send("Emulation.setCPUThrottlingRate", {"rate": slower})


def weight(request: Request) -> int:
    """Return the bytes of an answer, its headers included."""
    if not request.url.startswith("http"):
        return 0
    sizes = request.sizes()
    return sizes["responseBodySize"] + sizes["responseHeadersSize"]


def told(found: Measured, least: Measured) -> str:
    """Return a line's figures."""
    return (
        f"{found.weight / 1000:5.1f} kB {found.shown / 1000:5.2f} s {found.usable / 1000:5.2f} s"
        f" {found.usable / least.usable:5.1f} x"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
