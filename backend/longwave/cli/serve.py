"""``longwave serve`` and ``longwave worker``."""

from __future__ import annotations

import errno
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from typing import Annotated

import typer
import uvicorn

from longwave import log
from longwave.cli.edge import collect_garbage_rarely, opened, out
from longwave.clock import system_clock
from longwave.config import Settings
from longwave.domain.errors import ConfigurationError
from longwave.jobs import scheduler
from longwave.jobs.leading import Leadership
from longwave.jobs.tick import Clockwork
from longwave.keys import KeyRing
from longwave.notify import Transports
from longwave.services.outbox import Limits
from longwave.storage import migration
from longwave.storage.database import Database
from longwave.web.app import create_app


def serve(
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="The port.")] = 8000,
    worker: Annotated[
        bool, typer.Option("--worker/--no-worker", help="Run the clockwork in this process too.")
    ] = True,
) -> None:
    """Serve the pages and the API."""
    collect_garbage_rarely()
    with opened() as (settings, database, keys):
        settings.require_safe_key()
        _require_schema(database)
        app = create_app(settings, database, system_clock)
        config = uvicorn.Config(
            app, host=host, port=port, log_config=log.uvicorn_config(settings.log_level)
        )
        clockwork = ticking(settings, database, keys) if worker else nullcontext()
        with ending_in_order(), listening(host, port) as listener, clockwork:
            out.print(f"Longwave listens at http://{host}:{listener.getsockname()[1]}")
            uvicorn.Server(config).run(sockets=[listener])


def worker() -> None:
    """Run the clockwork alone: open and close waves, send messages, seal the trail."""
    collect_garbage_rarely()
    with opened() as (settings, database, keys):
        settings.require_safe_key()
        _require_schema(database)
        log.configure(settings.log_level)
        stop = threading.Event()
        told = _answering(lambda *_: stop.set(), signal.SIGINT, signal.SIGTERM)
        with told, ticking(settings, database, keys):
            out.print(f"The clockwork ticks every {settings.tick_seconds:g} seconds.")
            stop.wait()


def ending_in_order() -> AbstractContextManager[None]:
    """Let SIGTERM end the block as any exit does: what is in hand is finished, then it ends.

    uvicorn finishes its requests and then raises the signal once more, which would end the
    process there.
    """

    def end(*_: object) -> None:
        raise SystemExit(0)

    return _answering(end, signal.SIGTERM)


@contextmanager
def _answering(handler: Callable[..., None], *signals: signal.Signals) -> Iterator[None]:
    before = {name: signal.signal(name, handler) for name in signals}
    try:
        yield
    finally:
        for name, former in before.items():
            signal.signal(name, former)


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """Give a socket that listens for as long as the block lasts.

    Raises
    ------
    ConfigurationError
        If the port is in use, or this machine cannot listen at ``host``.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ConfigurationError(
                f"Port {port} is in use.", "Choose another one with --port, or end what uses it."
            ) from None
        raise ConfigurationError(
            f"Longwave cannot listen at {host}:{port}: {error}.", "Check --host and --port."
        ) from None
    with listener:
        yield listener


@contextmanager
def ticking(settings: Settings, database: Database, keys: KeyRing) -> Iterator[None]:
    """Let the clockwork tick for as long as the block lasts.

    Raises
    ------
    ConfigurationError
        If another process runs it, where only one may.
    """
    transports = Transports.chosen_by(settings)
    clockwork = Clockwork(
        database,
        transports,
        keys,
        settings.base_url,
        system_clock,
        Limits.set_by(settings),
        settings.senders,
    )
    leadership = Leadership(database, system_clock, settings.lease)
    with closing(transports), scheduler.running(clockwork, leadership, settings.tick_seconds):
        yield


def _require_schema(database: Database) -> None:
    if not migration.is_current(database):
        raise ConfigurationError(
            "The database lacks tables that this version needs.", "Run `longwave db upgrade`."
        )
