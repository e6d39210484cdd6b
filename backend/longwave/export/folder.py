"""The folder of an export: made beside, swapped in whole, never over anything else."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from longwave.domain.errors import InvalidInputError, NotFoundError

try:
    import fcntl
except ImportError:  # Windows: what a killed export left behind is removed by hand
    fcntl = None  # type: ignore[assignment]

MANIFEST = "manifest.json"
KIND = "longwave-export"
_OTHER = "Choose another folder, or move what is in it."


@contextmanager
def replacing(directory: Path) -> Iterator[Path]:
    """Give a temporary folder that takes the place of ``directory`` if the block succeeds.

    Until then, and if the block fails or the process is killed, the former export stays.

    Raises
    ------
    InvalidInputError
        If there is something in ``directory`` that is not a former export.
    """
    directory = directory.absolute()
    check_replaceable(directory)
    directory.parent.mkdir(parents=True, exist_ok=True)
    former = directory.with_name(f".{directory.name}.former")
    _recover(directory, former)
    prefix = f".{directory.name}.partial-"
    _remove_abandoned(directory.parent, prefix)
    partial = Path(tempfile.mkdtemp(prefix=prefix, dir=directory.parent))
    try:
        with _locked(partial):
            yield partial
        partial.chmod(0o750)
        check_replaceable(directory)
        if directory.exists():
            directory.rename(former)
        partial.rename(directory)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        _recover(directory, former)


def check_replaceable(directory: Path) -> None:
    """Refuse a place that holds anything but a former export, whole and with nothing added."""
    if not directory.exists():
        return
    if not directory.is_dir():
        raise InvalidInputError(f"{directory} is a file, not a folder.", _OTHER)
    present = {path.name for path in directory.iterdir()}
    if not present:
        return
    if MANIFEST not in present:
        raise InvalidInputError(f"{directory} is not empty, and not an export.", _OTHER)
    strangers = sorted(present - {MANIFEST, *read_manifest(directory)["files"]})
    if strangers:
        raise InvalidInputError(
            f"{directory} holds what no export wrote: {', '.join(strangers[:5])}.", _OTHER
        )


def read_manifest(directory: Path) -> dict[str, Any]:
    """Return the manifest of an export.

    Raises
    ------
    NotFoundError
        If there is no export in ``directory``.
    InvalidInputError
        If its manifest cannot be read.
    """
    path = directory / MANIFEST
    if not path.is_file():
        raise NotFoundError(
            f"There is no export in {directory}.", "`longwave export SLUG --out D` makes one."
        )
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        if manifest["kind"] != KIND:
            raise KeyError("kind")
        dict(manifest["files"])
    except (ValueError, KeyError, TypeError):
        raise InvalidInputError(f"{path} is not the manifest of an export.", _OTHER) from None
    found: dict[str, Any] = manifest
    return found


@contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Hold a lock on a folder, which ends with the process; give whether it was free."""
    if fcntl is None:
        yield False
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        free = False
        with suppress(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            free = True
        yield free
    finally:
        os.close(handle)


def _remove_abandoned(parent: Path, prefix: str) -> None:
    """Remove what killed exports left behind; it holds research data."""
    for left in parent.glob(f"{prefix}*"):
        with _locked(left) as free:
            if free:
                shutil.rmtree(left, ignore_errors=True)


def _recover(directory: Path, former: Path) -> None:
    """Put the former export back if a swap was cut short, or remove it if it was not."""
    if not former.exists():
        return
    if directory.exists():
        shutil.rmtree(former)
    else:
        former.rename(directory)
