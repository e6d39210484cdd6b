"""The instruments that come with Longwave, read once."""

from __future__ import annotations

from functools import cache
from pathlib import PurePosixPath

from longwave import resources
from longwave.domain.instrument import Instrument
from longwave.domain.protocol.instruments import read_entry

LANGUAGES = ("ar", "en", "tr")
OWN = {"caseload", "demographics", "turnover_1", "workplace"}
"""Questions that were written for Longwave."""


@cache
def library() -> dict[str, Instrument]:
    """Every instrument of the library, by id."""
    files = resources.instrument_files(resources.library_directory())
    names = [path.stem for path in map(PurePosixPath, files) if len(path.parts) == 2]
    return {name: read_entry(name, files) for name in names}
