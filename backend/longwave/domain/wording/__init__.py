"""Wordings that a team is licensed to use, taken from the files that it has them in."""

from longwave.domain.wording.faults import WordingFault, WordingFaults
from longwave.domain.wording.imported import FORMATS, Format, Told, imported_wording

__all__ = [
    "FORMATS",
    "Format",
    "Told",
    "WordingFault",
    "WordingFaults",
    "imported_wording",
]
