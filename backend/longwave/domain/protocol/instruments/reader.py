"""An instrument with its wordings, from their files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from longwave.domain.instrument import Instrument
from longwave.domain.protocol.block import Block
from longwave.domain.protocol.document import read_document
from longwave.domain.protocol.faults import FaultList
from longwave.domain.protocol.instruments.files import (
    instrument_file,
    languages_of,
    wording_file,
)
from longwave.domain.protocol.instruments.structure import read_structure
from longwave.domain.protocol.instruments.wording import Wording, put_together, read_wording


def read_instrument(
    instrument: str, files: Mapping[str, bytes], languages: Sequence[str], faults: FaultList
) -> Instrument | None:
    """Read one instrument that a protocol uses, with its wordings, and note faults.

    The structure's file must be there; a language without a wording is left to the caller. An
    instrument with faults comes without its texts, for checks that need its scales alone; None
    is returned when not even these are known.
    """
    return _read(instrument, files, languages, faults, in_use=True)


def read_entry(instrument: str, files: Mapping[str, bytes]) -> Instrument:
    """Read one instrument of a library with all the wordings that ``files`` hold.

    Raises
    ------
    ProtocolFaults
        If anything is wrong with it.
    """
    faults = FaultList()
    found = check_entry(instrument, files, faults)
    faults.raise_if_any()
    assert found is not None
    return found


def check_entry(
    instrument: str, files: Mapping[str, bytes], faults: FaultList
) -> Instrument | None:
    """Do what `read_entry` does, but note the faults."""
    return _read(instrument, files, languages_of(instrument, files), faults, in_use=False)


def _read(
    instrument: str,
    files: Mapping[str, bytes],
    languages: Sequence[str],
    faults: FaultList,
    *,
    in_use: bool,
) -> Instrument | None:
    file = instrument_file(instrument)
    document = read_document(file, files[file], faults)
    if document is None:
        return None
    block = Block(document, "", document.data, "instrument", faults)
    bare = read_structure(block, instrument)
    if bare.stub and in_use:
        block.fault(
            "stub",
            f"{instrument} cannot be used as it is: {bare.stub}",
            f"Put an {file} of your own into the study's folder, and the wording that you are "
            "licensed for beside it (longwave instruments wording import), or leave it out.",
        )
    wordings: dict[str, Wording] = {}
    for language in languages:
        path = wording_file(instrument, language)
        if path in files:
            wording = read_wording(path, files[path], bare, language, block)
            if wording is not None:
                wordings[language] = wording
    paths = [file, *(wording_file(instrument, language) for language in languages)]
    if any(faults.has_file(path) for path in paths):
        return None if block.faulty("scales") else bare
    return put_together(bare, wordings)
