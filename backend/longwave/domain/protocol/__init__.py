"""Protocols: read from files, checked, hashed."""

from longwave.domain.protocol.canonical import canonical_form, protocol_hash
from longwave.domain.protocol.faults import Fault, ProtocolFaults
from longwave.domain.protocol.media import stored_form
from longwave.domain.protocol.model import Protocol
from longwave.domain.protocol.reader import read_protocol, read_stored
from longwave.domain.protocol.references import PROTOCOL_FILE, referred_files

__all__ = [
    "PROTOCOL_FILE",
    "Fault",
    "Protocol",
    "ProtocolFaults",
    "canonical_form",
    "protocol_hash",
    "read_protocol",
    "read_stored",
    "referred_files",
    "stored_form",
]
