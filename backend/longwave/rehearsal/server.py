"""The real web application on a free port, in a thread of this process, under a virtual clock."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from longwave.domain.errors import LongwaveError

_PATIENCE_SECONDS = 20.0


@contextmanager
def serving(app: FastAPI) -> Iterator[int]:
    """Serve an application for as long as the block lasts; give the port."""
    # asyncio switches off Nagle's algorithm only where the protocol is named.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(
            uvicorn.Config(app, log_level="error", access_log=False, lifespan="on")
        )
        thread = threading.Thread(
            target=server.run, kwargs={"sockets": [listening]}, name="rehearsal-web", daemon=True
        )
        thread.start()
        try:
            _wait_for(server, thread)
            yield int(listening.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join(_PATIENCE_SECONDS)


def _wait_for(server: uvicorn.Server, thread: threading.Thread) -> None:
    until = time.monotonic() + _PATIENCE_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > until:
            raise LongwaveError("The web server did not start.", "Look at the messages above.")
        time.sleep(0.01)
