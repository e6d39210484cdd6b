"""The demo's folder: made anew each time, and deleted only if a demo made it."""

from __future__ import annotations

import fcntl
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from longwave.domain.errors import ConfigurationError

MARKER = ".longwave-demo"
_WORDS = "A demonstration of Longwave made this folder. The next one deletes it.\n"


@contextmanager
def demo_folder(directory: Path) -> Iterator[Path]:
    """Give an empty folder for a demo, held for as long as the block lasts.

    What a demo left there before is deleted, also when it was killed half-way. A folder that
    no demo made is left alone.

    Raises
    ------
    ConfigurationError
        If the folder holds anything else, or another demo is using it.
    """
    directory = directory.resolve()
    marker = directory / MARKER
    if directory.exists() and not directory.is_dir():
        raise ConfigurationError(f"{directory} is a file.", "Choose a folder with --directory.")
    if directory.is_dir() and not marker.exists() and any(directory.iterdir()):
        raise ConfigurationError(
            f"{directory} holds files that no demo made, so it was left alone.",
            "Choose another folder with --directory.",
        )
    directory.mkdir(parents=True, exist_ok=True)
    with marker.open("a") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ConfigurationError(
                f"Another demo is using {directory}.",
                "End it first, or choose another folder with --directory.",
            ) from None
        marker.write_text(_WORDS)
        _empty(directory)
        yield directory


def write_env(directory: Path, port: int) -> dict[str, str]:
    """Write the ``.env`` with which any ``longwave`` command works inside the folder."""
    values = {
        "LONGWAVE_DATABASE_URL": "sqlite:///longwave.db",
        "LONGWAVE_SECRET_KEY": secrets.token_hex(32),
        "LONGWAVE_BASE_URL": f"http://127.0.0.1:{port}",
        "LONGWAVE_MAIL_DIRECTORY": "mail",
        "LONGWAVE_EXPORT_DIRECTORY": "export",
        "LONGWAVE_ANALYSIS_DIRECTORY": "analysis",
    }
    text = "".join(f"{name}={value}\n" for name, value in values.items())
    path = directory / ".env"
    path.touch(mode=0o600)
    path.write_text(text)
    return values


def add_to_env(directory: Path, name: str, value: str) -> None:
    """Add one setting to the folder's ``.env``."""
    with (directory / ".env").open("a") as env:
        env.write(f"{name}={value}\n")


def _empty(directory: Path) -> None:
    for entry in directory.iterdir():
        if entry.name == MARKER:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
