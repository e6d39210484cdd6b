"""What every command needs at the edge: settings, database, and errors told plainly."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer
from rich.console import Console

from longwave.domain.blinding import Viewer
from longwave.domain.errors import ConfigurationError, LongwaveError
from longwave.domain.lifecycle import Role

if TYPE_CHECKING:
    from longwave.config import Settings
    from longwave.keys import KeyRing
    from longwave.storage.database import Database

_PIPED_WIDTH = 120


def _console(*, stderr: bool = False) -> Console:
    """Return a console that does not squeeze its tables where nobody looks at a terminal."""
    console = Console(stderr=stderr, highlight=False)
    if not console.is_terminal:
        console.width = _PIPED_WIDTH
    return console


out = _console()
err = _console(stderr=True)

ACTOR = "cli"
SERVER = Viewer(ACTOR, Role.OWNER, blinded=False)
"""Whoever has the server's command line has the database: an owner who is not blinded."""


def collect_garbage_rarely() -> None:
    """Look for reference cycles once in 200,000 new objects instead of in 700.

    A request makes thousands of objects that live as long as it does; looking through them
    again and again took a fifth of a server's time.
    """
    gc.freeze()
    gc.set_threshold(200_000, 50, 100)


@contextmanager
def told_plainly() -> Iterator[None]:
    """Print a failure as one message on standard error and end with 1, never with a trace."""
    try:
        yield
    except LongwaveError as error:
        err.print("error:", style="bold red", end=" ")
        err.print(error.message, soft_wrap=True, markup=False)
        if error.remedy:
            err.print(error.remedy, soft_wrap=True, markup=False)
        raise typer.Exit(1) from None


@contextmanager
def opened() -> Iterator[tuple[Settings, Database, KeyRing]]:
    """Give settings, database and keys; see `told_plainly` for what happens on failure."""
    # Imported here, so that commands without a database start without SQLAlchemy.
    from sqlalchemy.exc import DatabaseError, DataError, IntegrityError, InternalError

    from longwave.config import load_settings
    from longwave.keys import KeyRing
    from longwave.storage.database import Database

    with told_plainly():
        settings = load_settings()
        database = Database(settings.database_url)
        try:
            yield settings, database, KeyRing(settings.secret_key.get_secret_value())
        except DatabaseError as error:
            if isinstance(error, (DataError, IntegrityError, InternalError)):
                raise  # no fault of the installation, but of the program
            raise ConfigurationError(
                f"The database cannot be used: {error.orig}.",
                "Check LONGWAVE_DATABASE_URL, and run `longwave db upgrade`.",
            ) from None
        finally:
            database.close()
