"""Where the files of an instrument lie, relative to a study's folder or a library."""

from __future__ import annotations

import re
from collections.abc import Iterable

FOLDER = "instruments"


def instrument_file(instrument: str) -> str:
    """Return the path of an instrument's structure and scoring key."""
    return f"{FOLDER}/{instrument}.yaml"


def wording_file(instrument: str, language: str) -> str:
    """Return the path of an instrument's wording in one language."""
    return f"{FOLDER}/wordings/{instrument}.{language}.yaml"


def languages_of(instrument: str, files: Iterable[str]) -> tuple[str, ...]:
    """Return the languages in which ``files`` have a wording of an instrument, in order."""
    pattern = re.compile(rf"{FOLDER}/wordings/{re.escape(instrument)}\.([A-Za-z-]+)\.yaml")
    found = [match[1] for path in files if (match := pattern.fullmatch(path))]
    return tuple(sorted(found))
