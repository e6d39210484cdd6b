"""Pages in a real browser: a site that can go away and come back, and devices."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn

from factories.site import Site

CHROMIUM = Path("/usr/bin/chromium")
PATIENCE = 10_000
SIZES = {360: {"width": 360, "height": 740}, 1280: {"width": 1280, "height": 800}}


class Served:
    """A site at an address of its own, which stays the same while the server goes and comes."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.site: Site = None
        self._port = port

    def start(self) -> None:
        """Serve, as a process does that knows nothing but the database."""
        self.site.restart()
        listener = socket.create_server(("127.0.0.1", self._port))
        config = uvicorn.Config(self.site.app, log_config=None, lifespan="off")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listener]}, daemon=True
        )
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        self._listener = listener

    def stop(self) -> None:
        """Let nobody connect any more."""
        self._server.should_exit = True
        self._thread.join(30)
        self._listener.close()

    def link(self, person: int) -> str:
        """Return the whole address of somebody's link to the baseline."""
        return f"{self.url}{self.site.link(person)}"


@contextmanager
def served(database: Path, folder: Path, files: dict[str, bytes]) -> Iterator[Served]:
    """Serve a study over a migrated SQLite file for as long as the block lasts."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        found = Served(free.getsockname()[1])
    found.site = Site(f"sqlite:///{database}", folder, files=files, base_url=found.url)
    found.start()
    try:
        yield found
    finally:
        found.stop()
        found.site.close()


@contextmanager
def launched() -> Iterator[object]:
    """Give Chromium, or skip with the reason why there is none."""
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


class Devices:
    """Browsers that know nothing of each other, and what their consoles complained of."""

    def __init__(self, chromium) -> None:
        self.complaints: list[str] = []
        self._chromium = chromium
        self._contexts = []

    def page(self, *, width: int = 360, script: bool = True, language: str = "en"):
        """Return a page of a new device."""
        context = self._chromium.new_context(
            viewport=SIZES[width], java_script_enabled=script, locale=language
        )
        self._contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._hear)
        return page

    def _hear(self, line) -> None:
        # A failed request is what tests provoke; the rest is about our code.
        if line.type in ("error", "warning") and "Failed to load resource" not in line.text:
            self.complaints.append(line.text)

    def close(self) -> None:
        """Close them all; nothing may have been complained of."""
        for context in self._contexts:
            context.close()
        assert self.complaints == []
