"""Where migrations and example protocols are, and how a protocol's files are gathered.

A wheel carries both inside the package, under ``_data``; an editable install finds them at the
root of the repository.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from longwave.domain.errors import ConfigurationError, InvalidInputError, NotFoundError
from longwave.domain.protocol import PROTOCOL_FILE, referred_files
from longwave.domain.protocol.media import MAXIMUM_MEDIA_BYTES, is_media

MAXIMUM_FILE_BYTES = 1_048_576
_PACKAGE = Path(__file__).resolve().parent
_REPOSITORY = _PACKAGE.parents[1]
_LIBRARY = "instruments"


def protocols_directory() -> Path:
    """Return the folder of the example protocols and of the instrument library."""
    return _find("study_protocols")


def migrations_directory() -> Path:
    """Return the folder of the database migrations."""
    return _find("migrations")


def protocol_files(path: Path) -> dict[str, bytes]:
    """Read a protocol's files: ``protocol.yaml`` and what it refers to, and nothing else.

    Each instrument and each wording is taken from the first of these places that has it: the
    study's own folder, the library beside that folder, the library that comes with Longwave.
    What is found nowhere is left out; reading the protocol then says so.

    Parameters
    ----------
    path
        A study's folder, or its ``protocol.yaml``.

    Raises
    ------
    NotFoundError
        If there is no protocol at ``path``.
    InvalidInputError
        If a file is too large, leads out of its folder by a symbolic link, or is unreadable.
    """
    folder = path.parent if path.name == PROTOCOL_FILE and not path.is_dir() else path
    protocol = _read(folder, PROTOCOL_FILE) if folder.is_dir() else None
    if protocol is None:
        raise NotFoundError(
            f"There is no protocol at {path}.", f"Name a folder that holds a {PROTOCOL_FILE}."
        )
    files = {PROTOCOL_FILE: protocol}
    for name in referred_files(protocol):
        content = _first([folder, *_libraries(folder, name)], name)
        if content is not None:
            files[name] = content
    return files


def library_directory() -> Path:
    """Return the folder of the instruments that come with Longwave."""
    return protocols_directory() / _LIBRARY


def instrument_files(folder: Path) -> dict[str, bytes]:
    """Read every instrument of a folder with all its wordings.

    Parameters
    ----------
    folder
        Holds ``<id>.yaml`` files and, under ``wordings``, ``<id>.<language>.yaml`` files.

    Returns
    -------
    dict
        Content by path as a protocol refers to it: ``instruments/<id>.yaml`` and
        ``instruments/wordings/<id>.<language>.yaml``.

    Raises
    ------
    InvalidInputError
        If a file is too large, leads out of the folder by a symbolic link, or is unreadable.
    """
    found: dict[str, bytes] = {}
    for path in sorted([*folder.glob("*.yaml"), *(folder / "wordings").glob("*.yaml")]):
        name = path.relative_to(folder).as_posix()
        content = _read(folder, name)
        if content is not None:
            found[f"{_LIBRARY}/{name}"] = content
    return found


def _find(name: str) -> Path:
    for folder in (_PACKAGE / "_data" / name, _REPOSITORY / name):
        if folder.is_dir():
            return folder
    raise ConfigurationError(
        f"This installation of Longwave lacks its folder {name!r}.", "Install Longwave again."
    )


def _libraries(folder: Path, name: str) -> Sequence[Path]:
    if not name.startswith(f"{_LIBRARY}/"):
        return ()
    return (folder.resolve().parent, protocols_directory())


def _first(places: Sequence[Path], name: str) -> bytes | None:
    for place in places:
        content = _read(place, name)
        if content is not None:
            return content
    return None


def _read(base: Path, name: str) -> bytes | None:
    """Return the content of ``base / name``, or None where there is no such file."""
    file = base / name
    most = MAXIMUM_MEDIA_BYTES if is_media(name) else MAXIMUM_FILE_BYTES
    try:
        if not file.is_file():
            return None
        if not file.resolve().is_relative_to(base.resolve()):
            raise InvalidInputError(
                f"{file} is a symbolic link that leads out of its folder.",
                "Put the file itself there.",
            )
        with file.open("rb") as stream:
            content = stream.read(most + 1)
    except OSError as error:
        raise InvalidInputError(
            f"{file} cannot be read: {error.strerror}.", "Check the file and who may read it."
        ) from None
    if len(content) > most:
        raise InvalidInputError(
            f"{file} is larger than {most // 1024} KiB.",
            "Save it again with fewer bits a second: 64 kbit/s are good for speech."
            if is_media(name)
            else "A protocol's files are short texts: shorten it.",
        )
    return content
