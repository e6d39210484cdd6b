"""The least that a server of answers can do: one form read, one durable insert, one short reply.

What benchmarks are held against. Run as ``python bare.py URL``; it prints its port.
"""

from __future__ import annotations

import queue
import socket
import sqlite3
import sys
import threading
from collections.abc import Callable
from typing import Annotated

import psycopg
import uvicorn
from fastapi import FastAPI, Form

CONNECTIONS = 15
INSERT = "INSERT INTO bare_answer (value) VALUES ({})"
CREATE = "CREATE TABLE IF NOT EXISTS bare_answer (id {}, value TEXT)"


def writer(url: str) -> Callable[[str], None]:
    """Return what inserts a value durably, from any thread."""
    if url.startswith("sqlite:///"):
        return _sqlite(url.removeprefix("sqlite:///"))
    return _postgresql(url)


def _sqlite(path: str) -> Callable[[str], None]:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(CREATE.format("INTEGER PRIMARY KEY"))
    turn = threading.Lock()

    def write(value: str) -> None:
        with turn:
            connection.execute(INSERT.format("?"), (value,))

    return write


def _postgresql(url: str) -> Callable[[str], None]:
    with psycopg.connect(url, autocommit=True) as first:
        first.execute("SELECT pg_advisory_lock(1)")  # two of them may begin at once
        first.execute(CREATE.format("BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"))
    idle: queue.SimpleQueue[psycopg.Connection] = queue.SimpleQueue()
    for _ in range(CONNECTIONS):
        idle.put(psycopg.connect(url, autocommit=True))

    def write(value: str) -> None:
        connection = idle.get()
        try:
            connection.execute(INSERT.format("%s"), (value,))
        finally:
            idle.put(connection)

    return write


def application(url: str) -> FastAPI:
    """Return the server."""
    app, write = FastAPI(), writer(url)

    @app.post("/", status_code=204)
    def save(value: Annotated[str, Form()]) -> None:
        write(value)

    return app


def main(url: str) -> None:
    """Serve until killed."""
    listening = socket.create_server(("127.0.0.1", 0))
    print(f"listens at http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    config = uvicorn.Config(application(url), log_level="error", access_log=False)
    uvicorn.Server(config).run([listening])


if __name__ == "__main__":
    main(sys.argv[1])
