"""Instruments and their wordings, read from the files that a protocol refers to."""

from longwave.domain.protocol.instruments.branching import check_between
from longwave.domain.protocol.instruments.files import (
    instrument_file,
    languages_of,
    wording_file,
)
from longwave.domain.protocol.instruments.reader import (
    check_entry,
    read_entry,
    read_instrument,
)

__all__ = [
    "check_between",
    "check_entry",
    "instrument_file",
    "languages_of",
    "read_entry",
    "read_instrument",
    "wording_file",
]
