"""The folder of a rehearsal: only ever overwritten if a rehearsal made it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from longwave.domain.errors import ConfigurationError

MARKER = ".longwave-rehearsal"
_WORDS = "A rehearsal of Longwave made this folder. The next one overwrites it.\n"


def check_folder(directory: Path) -> None:
    """Refuse a folder that holds what no rehearsal made.

    Raises
    ------
    ConfigurationError
        If it does, or is a file.
    """
    if directory.exists() and not directory.is_dir():
        raise ConfigurationError(f"{directory} is a file.", "Choose a folder with --out.")
    if directory.is_dir() and not (directory / MARKER).exists() and any(directory.iterdir()):
        raise ConfigurationError(
            f"{directory} holds files that no rehearsal made, so it was left alone.",
            "Choose another folder with --out.",
        )


def write_folder(directory: Path, files: Mapping[str, str]) -> None:
    """Write a rehearsal's files, over those of an earlier one.

    Raises
    ------
    ConfigurationError
        If the folder is not a rehearsal's, or cannot be written.
    """
    check_folder(directory)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        (directory / MARKER).write_text(_WORDS, encoding="utf-8")
        for name, text in files.items():
            (directory / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"{directory} cannot be written: {error.strerror}.", "Choose another folder with --out."
        ) from None
