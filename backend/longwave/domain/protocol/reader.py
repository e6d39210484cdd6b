"""A protocol, read from its files and checked as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from longwave.domain.instrument import Instrument
from longwave.domain.protocol import (
    arms,
    people,
    permissions,
    plan,
    programmes,
    safety,
    screening,
    texts,
    waves,
)
from longwave.domain.protocol.block import Block, check_format
from longwave.domain.protocol.canonical import protocol_hash
from longwave.domain.protocol.checks import check_references
from longwave.domain.protocol.document import Document, read_document
from longwave.domain.protocol.faults import Fault, FaultList, ProtocolFaults
from longwave.domain.protocol.instruments import check_between, instrument_file, read_instrument
from longwave.domain.protocol.media import Media, split_stored
from longwave.domain.protocol.model import Protocol
from longwave.domain.protocol.planned import check_analysis
from longwave.domain.protocol.references import PROTOCOL_FILE, References, references
from longwave.domain.protocol.timing import check_timing


def read_protocol(files: Mapping[str, bytes], media: Mapping[str, Media] | None = None) -> Protocol:
    """Read and check a protocol.

    Parameters
    ----------
    files
        Content by relative path: ``protocol.yaml`` and everything it refers to, that is
        consent documents, texts of pages and messages, ``instruments/<id>.yaml`` and
        ``instruments/wordings/<id>.<language>.yaml``. Files it does not refer to are ignored.
    media
        Audio files whose content is kept elsewhere, by relative path.

    Raises
    ------
    ProtocolFaults
        If anything is wrong; it lists every fault with file, line, field and remedy.
    """
    faults = FaultList()
    document = _open(files, faults)
    root = Block(document, "", document.data, "protocol", faults)
    referred = references(document.data)
    known = media or {}
    protocol = _read_sections(root, files, known, referred, faults)
    check_references(root, protocol, files.keys())
    asked = [wave.instruments for wave in protocol.waves]
    check_between(asked, protocol.instruments, files, faults)
    safety.check_safety(root, protocol)
    permissions.check_permissions(root, protocol)
    screening.check_eligibility(root, protocol)
    arms.check_arms(root, protocol)
    arms.check_randomisation(root, protocol)
    check_timing(root, protocol)
    check_analysis(root, protocol)
    texts.check_texts(root, protocol, files)
    faults.raise_if_any()
    digests = {path: found.hash for path, found in known.items()}
    return replace(protocol, hash=protocol_hash(document.data, files, referred.files(), digests))


def read_stored(stored: Mapping[str, str]) -> Protocol:
    """Read a protocol from what `stored_form` made of its files."""
    files, media = split_stored(stored)
    return read_protocol(files, media)


def _open(files: Mapping[str, bytes], faults: FaultList) -> Document:
    if PROTOCOL_FILE not in files:
        message = f"There is no {PROTOCOL_FILE}."
        raise ProtocolFaults(
            [Fault(PROTOCOL_FILE, 1, "", message, f"Name a folder that holds a {PROTOCOL_FILE}.")]
        )
    document = read_document(PROTOCOL_FILE, files[PROTOCOL_FILE], faults)
    if document is None or not isinstance(document.data, dict):
        faults.raise_if_any()
        raise ProtocolFaults(
            [
                Fault(
                    PROTOCOL_FILE,
                    1,
                    "",
                    "The file describes no study.",
                    "Begin with 'longwave: 1' and the block 'study'; see docs/protocols.md.",
                )
            ]
        )
    return document


def _read_sections(
    root: Block,
    files: Mapping[str, bytes],
    media: Mapping[str, Media],
    referred: References,
    faults: FaultList,
) -> Protocol:
    check_format(root)
    study = _section(root, "study", "study")
    languages = people.read_languages(study)
    consent = _section(root, "consent", "consent")
    randomisation = root.block("randomisation", "randomisation")
    messages = root.block("messages", "messages")
    rules = safety.read_safety(root, languages)
    return Protocol(
        hash="",
        study=people.read_study(study, languages),
        sites=people.read_sites(root, languages),
        data_protection=people.read_data_protection(
            _section(root, "data_protection", "data_protection"), languages
        ),
        eligibility=screening.read_eligibility(
            _section(root, "eligibility", "eligibility"), languages
        ),
        consent=people.read_consent(consent, languages, files),
        arms=arms.read_arms(root, languages),
        randomisation=None if randomisation is None else arms.read_randomisation(randomisation),
        waves=waves.read_waves(root, languages),
        programmes=programmes.read_programmes(root, languages, files, media),
        messages=replace(
            plan.read_messages(messages),
            texts=texts.read_texts(messages, languages, files),
            calendar=texts.read_calendar(messages),
        ),
        safety=rules,
        analysis=plan.read_analysis(root),
        instruments=_read_instruments(files, referred, faults),
        texts=safety.read_help_pages(root, rules, languages, files, faults),
        permissions=permissions.read_permissions(root),
    )


def _section(root: Block, field: str, kind: str) -> Block:
    """Return a required block; an absent one was noted, and reads as if it were there, empty."""
    return root.block(field, kind) or Block(root.document, field, {}, kind, FaultList())


def _read_instruments(
    files: Mapping[str, bytes], referred: References, faults: FaultList
) -> dict[str, Instrument]:
    found: dict[str, Instrument] = {}
    for name in referred.instruments:
        if instrument_file(name) in files:
            instrument = read_instrument(name, files, referred.languages, faults)
            if instrument is not None:
                found[name] = instrument
    return found
